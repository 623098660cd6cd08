"""What the held out rows say of each segment, and what all rows of it look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.api.trainingjob import Metric
from mooring.artifact.manifest import SegmentMetrics
from mooring.artifact.predict import Answers
from mooring.ledger.profile import (
    CategoryCounts,
    CategoryProfile,
    NumberCounts,
    NumberProfile,
    PredictionCounts,
    Profile,
    SegmentProfile,
)
from mooring.training.evaluate import evaluate
from mooring.training.prepare import Prepared
from mooring.training.profile import cells_of_numbers, cells_of_texts, predictions_of, truths_of
from mooring.training.slices import Segment
from mooring.training.times import Blocks, distance_of_blocks

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Part:
    """One segment, and its rows: their places among all (rows,), and among those held out (held,)."""

    column: str
    segment: Segment
    rows: Ints
    held: Ints


def segment_metrics(prepared: Prepared, answers: Answers, *, seed: int, primary: Metric | None) -> list[SegmentMetrics]:
    """Return every metric of the task on each segment's held out rows; `answers` are those to all held out ones."""
    found = []
    for part in _parts(prepared):
        mask = np.zeros(len(prepared.holdout), dtype=bool)
        mask[np.flatnonzero(prepared.holdout)[part.held]] = True
        metrics = evaluate(prepared.target, mask, answers.of_rows(part.held), seed=seed, primary=primary)
        found.append(
            SegmentMetrics(column=part.column, value=part.segment.value, rows=part.segment.held, metrics=metrics)
        )
    return found


def with_segments(whole: Profile, prepared: Prepared, answers: Answers) -> Profile:
    """Return the profile of all rows with that of each segment, if the recipe has slices: on the same edges."""
    if not prepared.slices:
        return whole
    parts, frame, blocks = _parts(prepared), prepared.frame, prepared.blocks
    numbers = [_numbers(one, frame[one.name], parts, blocks) for one in whole.numbers]
    categories = [_categories(one, frame[one.name], parts, blocks) for one in whole.categories]
    predictions = _predictions(whole, prepared, answers, parts)
    segments = [
        SegmentProfile(
            column=part.column,
            value=part.segment.value,
            rows=part.segment.rows,
            numbers=[of_parts[at] for of_parts in numbers],
            categories=[of_parts[at] for of_parts in categories],
            holdout_rows=part.segment.held,
            predictions=predictions[at],
        )
        for at, part in enumerate(parts)
    ]
    return Profile(**{**dict(whole), "segments": segments})


def _parts(prepared: Prepared) -> list[_Part]:
    return [
        _Part(
            column=sliced.column,
            segment=segment,
            rows=np.flatnonzero(sliced.places == at),
            held=np.flatnonzero(sliced.places[prepared.holdout] == at),
        )
        for sliced in prepared.slices
        for at, segment in enumerate(sliced.segments)
    ]


def _numbers(
    whole: NumberProfile, values: pd.Series, parts: Sequence[_Part], blocks: Blocks | None
) -> list[NumberCounts]:
    cells = cells_of_numbers(values.to_numpy(), np.array(whole.edges))
    found = [_counted(cells[part.rows], len(whole.counts), part, blocks, ordered=True) for part in parts]
    return [NumberCounts(counts=counts, missing=missing, blocks=apart) for counts, missing, apart in found]


def _categories(
    whole: CategoryProfile, values: pd.Series, parts: Sequence[_Part], blocks: Blocks | None
) -> list[CategoryCounts]:
    cells = cells_of_texts(values, whole.categories)
    width = len(whole.categories) + 1
    found = [_counted(cells[part.rows], width, part, blocks, ordered=False) for part in parts]
    return [
        CategoryCounts(counts=counts[:-1], other=counts[-1], missing=missing, blocks=apart)
        for counts, missing, apart in found
    ]


def _counted(
    cells: Ints, width: int, part: _Part, blocks: Blocks | None, *, ordered: bool
) -> tuple[list[int], int, float | None]:
    """Return the counts of a part's cells, how many have no value (-1), and the greatest distance of a block."""
    known = cells >= 0
    present = cells[known]
    counts = np.bincount(present, minlength=width).tolist()
    apart = None if blocks is None else distance_of_blocks(blocks[part.rows][known], present, counts, ordered=ordered)
    return counts, len(cells) - len(present), apart


def _predictions(
    whole: Profile, prepared: Prepared, answers: Answers, parts: Sequence[_Part]
) -> list[PredictionCounts]:
    truth = truths_of(prepared.target)[prepared.holdout]
    blocks = None if prepared.blocks is None else prepared.blocks[prepared.holdout]
    found = []
    for part in parts:
        of_part = None if blocks is None else blocks[part.held]
        mine = predictions_of(prepared.target, truth[part.held], answers.of_rows(part.held), of_part, whole.predictions)
        found.append(PredictionCounts(**mine.model_dump(include=set(PredictionCounts.model_fields))))
    return found
