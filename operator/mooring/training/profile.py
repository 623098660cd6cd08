"""Counting the data and the answers on frozen edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers
from mooring.ledger.profile import (
    CATEGORIES,
    EDGES,
    CategoryProfile,
    NumberProfile,
    PredictionProfile,
    Profile,
)
from mooring.training.split import Mask
from mooring.training.target import Target
from mooring.training.times import Blocks, distance_of_blocks

Floats = NDArray[np.float64]


def profile(
    features: list[Feature],
    frame: pd.DataFrame,
    target: Target,
    holdout: Mask,
    answers: Answers,
    blocks: Blocks | None = None,
) -> Profile:
    """Return the profile of all rows of `frame` (n) and of the answers to its held out ones."""
    truth = truths_of(target)[holdout]
    predictions = predictions_of(target, truth, answers, None if blocks is None else blocks[holdout])
    return _profile(features, frame, int(holdout.sum()), predictions, blocks)


def sample_profile(features: list[Feature], frame: pd.DataFrame, answers: Answers, positive: int | None) -> Profile:
    """Return the profile of a sample of rows (n) whose truth nobody told, and of the answers to all of them."""
    if len(answers.prediction):
        edges, counts = _counted(answers.prediction)
        predictions = PredictionProfile(of="prediction", edges=edges, counts=counts)
    else:
        edges, counts = _counted(_shown(answers, positive))
        labels = np.bincount(answers.codes, minlength=answers.probability.shape[1]).tolist()
        predictions = PredictionProfile(of="probability", edges=edges, counts=counts, classes=labels, positive=positive)
    return _profile(features, frame, len(frame), predictions)


def _profile(
    features: list[Feature],
    frame: pd.DataFrame,
    held: int,
    predictions: PredictionProfile,
    blocks: Blocks | None = None,
) -> Profile:
    numbers = [feature.name for feature in features if feature.datatype != "BYTES"]
    texts = [feature for feature in features if feature.datatype == "BYTES"]
    return Profile(
        rows=len(frame),
        numbers=[_number(name, frame[name].to_numpy(), blocks) for name in numbers],
        categories=[_category(feature, frame[feature.name], blocks) for feature in texts],
        holdout_rows=held,
        predictions=predictions,
    )


def frozen_edges(values: Floats) -> Floats:
    """Return the k/16 quantiles (k = 1…15) of values without NaN, each once; they are values that occur."""
    shares = np.arange(1, EDGES + 1) / (EDGES + 1)
    places = np.unique(np.minimum((shares * len(values)).astype(np.int64), len(values) - 1))
    return np.unique(np.partition(values, places)[places])


def bins_of(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return each value's bin: how many edges lie below it."""
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def cells_of_numbers(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return each value's bin (n,), -1 for NaN."""
    cells = bins_of(values, edges)
    cells[np.isnan(values)] = -1
    return cells


def cells_of_texts(values: pd.Series, top: list[str]) -> NDArray[np.int64]:
    """Return the place of each text (n,) in `top`, len(top) for any other, -1 for a missing one."""
    known = values.notna().to_numpy()
    cells = np.full(len(values), -1, dtype=np.int64)
    found = pd.Index(top).get_indexer(values[known].astype(str)).astype(np.int64)
    cells[known] = np.where(found < 0, len(top), found)
    return cells


def _counted(values: Floats) -> tuple[list[float], list[int]]:
    edges = frozen_edges(values)
    return edges.tolist(), np.bincount(bins_of(values, edges), minlength=len(edges) + 1).tolist()


def _shown(answers: Answers, positive: int | None) -> Floats:
    """Return the score of each row: the positive class's probability, or that of its label."""
    return answers.probability.max(axis=1) if positive is None else answers.probability[:, positive]


def _number(name: str, values: Floats, blocks: Blocks | None) -> NumberProfile:
    known = ~np.isnan(values)
    present = values[known]
    edges = frozen_edges(present)
    bins = bins_of(present, edges)
    counts = np.bincount(bins, minlength=len(edges) + 1).tolist()
    return NumberProfile(
        name=name,
        edges=edges.tolist(),
        counts=counts,
        missing=len(values) - len(present),
        low=float(present.min()),
        high=float(present.max()),
        blocks=None if blocks is None else distance_of_blocks(blocks[known], bins, counts, ordered=True),
    )


def _category(feature: Feature, values: pd.Series, blocks: Blocks | None) -> CategoryProfile:
    counts = {str(category): int(count) for category, count in values.value_counts().items()}
    top = sorted(sorted(sorted(counts), key=lambda category: -counts[category])[:CATEGORIES])
    kept = [counts[category] for category in top]
    other = sum(counts.values()) - sum(kept)
    return CategoryProfile(
        name=feature.name,
        categories=top,
        counts=kept,
        other=other,
        listed=feature.categories is not None,
        missing=len(values) - sum(counts.values()),
        blocks=None if blocks is None else _distance_of_texts(values, top, [*kept, other], blocks),
    )


def _distance_of_texts(values: pd.Series, top: list[str], whole: list[int], blocks: Blocks) -> float:
    cells = cells_of_texts(values, top)
    known = cells >= 0
    return distance_of_blocks(blocks[known], cells[known], whole, ordered=False)


def truths_of(target: Target) -> NDArray[Any]:
    """Return what answers are compared with (n,): the places of the classes, or the numbers."""
    return target.values if target.classes is None else target.codes()


def predictions_of(
    target: Target,
    truth: NDArray[Any],
    answers: Answers,
    blocks: Blocks | None,
    on: PredictionProfile | None = None,
) -> PredictionProfile:
    """Return the profile of answers whose `truths_of` are known; where they are a part, on the edges of the whole."""
    if target.classes is None:
        return _regression(truth, answers.prediction, blocks, on)
    return _classification(target, truth, answers, blocks, on)


def _regression(truth: Floats, said: Floats, blocks: Blocks | None, on: PredictionProfile | None) -> PredictionProfile:
    error = np.abs(said - truth)
    q90 = float(np.quantile(error, 0.9)) if on is None else on.error_q90
    cuts = frozen_edges(said) if on is None else np.array(on.edges)
    bins = bins_of(said, cuts)
    counts = np.bincount(bins, minlength=len(cuts) + 1).tolist()
    return PredictionProfile(
        of="prediction",
        edges=cuts.tolist(),
        counts=counts,
        error_q90=q90,
        strata=counts,
        losses=np.bincount(bins[error > q90], minlength=len(counts)).tolist(),
        blocks=None if blocks is None else distance_of_blocks(blocks, bins, counts, ordered=True),
    )


def _classification(
    target: Target, truth: NDArray[np.int64], answers: Answers, blocks: Blocks | None, on: PredictionProfile | None
) -> PredictionProfile:
    shown, said = _shown(answers, target.positive), answers.codes
    cuts = frozen_edges(shown) if on is None else np.array(on.edges)
    bins, classes = bins_of(shown, cuts), answers.probability.shape[1]
    size = (len(cuts) + 1) * classes
    outcomes = np.bincount(bins * classes + truth, minlength=size).reshape(-1, classes)
    strata = bins * classes + said
    counts, labels = outcomes.sum(axis=1).tolist(), np.bincount(said, minlength=classes).tolist()
    return PredictionProfile(
        of="probability",
        edges=cuts.tolist(),
        counts=counts,
        classes=labels,
        outcomes=outcomes.tolist(),
        positive=target.positive,
        strata=np.bincount(strata, minlength=size).tolist(),
        losses=np.bincount(strata[said != truth], minlength=size).tolist(),
        blocks=None if blocks is None else distance_of_blocks(blocks, bins, counts, ordered=True),
        label_blocks=None if blocks is None else distance_of_blocks(blocks, said, labels, ordered=False),
    )
