"""The comparison of a compiled model with the pipeline that it was made from."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.api.trainingjob import Task
from mooring.artifact.compiled import CompiledModel, few_answers
from mooring.artifact.predict import Answers, ask
from mooring.ledger.packed import Kinds, Packed

TIE = 1e-6
"""Two classes this close have no order that rounding could not change."""
TOLERANCE = 1e-5
ALONE = 32
"""So many rows of each block are asked one by one, too."""


class Differs(Exception):
    """The compiled model answers otherwise; the message says where."""


@dataclass
class Comparison:
    """What was found so far."""

    task: Task
    rows: int = 0
    ties: int = 0
    max_difference: float = 0.0

    def compare(self, pipeline: Any, model: CompiledModel, frame: pd.DataFrame) -> None:
        """Ask both the rows of `frame`; raises Differs at the first that is not answered alike."""
        expected = ask(pipeline, self.task, frame)
        self.add(expected, model.ask([frame[name].to_numpy() for name in frame.columns]))
        self._compare_alone(expected, model, frame.head(ALONE))

    def _compare_alone(self, expected: Answers, model: CompiledModel, frame: pd.DataFrame) -> None:
        """Ask the rows of `frame`, which are the first of `expected`, one by one: a server answers few otherwise."""
        kinds = Kinds([frame[name].dtype == object for name in frame.columns])
        for row in range(len(frame)):
            found = model.few(Packed.of(kinds, [frame[name].iloc[row : row + 1].tolist() for name in frame.columns]))
            if found is not None:
                alone = Comparison(self.task)
                alone.add(expected.of_row(row), few_answers(self.task, found))
                self.max_difference = max(self.max_difference, alone.max_difference)

    def add(self, expected: Answers, found: Answers) -> None:
        """Count the answers to the same rows; raises Differs."""
        if self.task == "Regression":
            difference = np.abs(found.prediction - expected.prediction) / np.maximum(1.0, np.abs(expected.prediction))
            self.rows += len(expected.prediction)
        else:
            difference = np.abs(found.probability - expected.probability).max(axis=1)
            self._count_ties(expected, found)
            self.rows += len(expected.codes)
        # Written so that NaN is a difference.
        if not (greatest := float(difference.max(initial=0.0))) <= TOLERANCE:
            raise Differs(f"an answer differs by {greatest:.2g}")
        self.max_difference = max(self.max_difference, greatest)

    def _count_ties(self, expected: Answers, found: Answers) -> None:
        other = np.flatnonzero(expected.codes != found.codes)
        scores: NDArray[np.float64] = expected.probability[other]
        gap = scores[np.arange(len(other)), expected.codes[other]] - scores[np.arange(len(other)), found.codes[other]]
        if not (gap <= TIE).all():
            raise Differs(f"{int((gap > TIE).sum())} of {len(expected.codes)} labels differ")
        self.ties += len(other)


@dataclass(frozen=True)
class Limits:
    """Where a comparison of one kind of rows ends."""

    rows: int = 100_000
    seconds: float = 4.0


def compare_until(
    limits: Limits, comparison: Comparison, pipeline: Any, model: CompiledModel, frames: Iterable[pd.DataFrame]
) -> None:
    """Compare frames until there are no more, or a limit is reached."""
    deadline, end = time.monotonic() + limits.seconds, comparison.rows + limits.rows
    for frame in frames:
        comparison.compare(pipeline, model, frame.iloc[: end - comparison.rows])
        if comparison.rows >= end or time.monotonic() > deadline:
            return
