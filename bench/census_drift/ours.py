"""What Mooring says of a stream of rows: binned as a serving pod bins them, folded as the operator folds ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.census_drift.rows import WINDOW, Census
from demo.upstream import TRUTH
from mooring.ledger.binner import Binner
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.serving.record import Scoring, references
from mooring.stats.drift import Counted, Settings, Truth

SLICE = 200
"""Rows of a sealed interval: a day's, where a year has 69,000."""
DAY = 86_400_000
VOICES = ("harm", "inputs", "predictions", "broken data")


@dataclass
class Said:
    """Of one window."""

    alarms: set[str] = field(default_factory=set)
    """Of VOICES."""
    named: tuple[str, ...] = ()
    """The columns that drifted, the most first."""
    broken: tuple[str, ...] = ()
    """Faults that hold training."""
    harm_after: int | None = None
    """Rows of the window until harm was alarmed."""


@dataclass(frozen=True)
class Mooring:
    """The census model, watched by a DriftPolicy's defaults."""

    census: Census
    settings: Settings = field(default_factory=Settings)

    def says(self, rows: pd.DataFrame) -> list[Said]:
        """Return what is said of each window; a day's truths are there the day after."""
        loaded = self.census.model
        watch = Fitted(self._binner.layout, Asked(self.settings), loaded.profile).watch
        state, found, harm_after = watch.resume(None), [], None
        for counted in self._days(rows):
            folded = watch.fold(state, counted)
            state = folded.state
            if harm_after is None and folded.harm is not None and folded.harm.state == "Alarm":
                harm_after = state.window.rows or WINDOW
            if (window := folded.window) is not None:
                alarms = {one.test for one in (window.inputs, window.predictions) if one.state == "Alarm"}
                broken = tuple(f"{one.column} {one.fault}" for one in window.broken)
                voices = {*alarms, *(["broken data"] if broken else []), *(["harm"] if harm_after else [])}
                found.append(Said(voices, tuple(one.column for one in window.top), broken, harm_after))
                harm_after = None
        return found

    @cached_property
    def _scoring(self) -> Scoring:
        scoring = Scoring.of(self.census.model.manifest, self.census.model.profile)
        assert scoring is not None
        return scoring

    @cached_property
    def _binner(self) -> Binner:
        loaded = self.census.model
        return Binner(references(loaded.manifest, loaded.profile), self._scoring.strata)

    def _days(self, rows: pd.DataFrame) -> Iterator[Counted]:
        binner, scoring = self._binner, self._scoring
        cells = slice(binner.layout.slices["features"].start, binner.layout.slices["predictions"].stop)
        waiting: tuple[Truth, ...] = ()
        for day, start in enumerate(range(0, len(rows), SLICE)):
            part = rows.iloc[start : start + SLICE]
            answers = self.census.answers(part)
            bins = np.searchsorted(scoring.strata.edges, answers.scores, side="left")
            strata = bins * scoring.strata.classes + answers.labels
            vector = np.zeros(binner.layout.size, dtype=np.int64)
            binner.count(vector, self.census.columns(part), strata)
            yield Counted(day * DAY, (day + 1) * DAY, len(part), vector[cells].tolist(), waiting)
            waiting = _truths(day, strata, part[TRUTH].to_numpy())


def _truths(day: int, strata: NDArray[np.int64], truths: NDArray[np.int64]) -> tuple[Truth, ...]:
    """Return truths, each 0 or 1 and so the index of its class."""
    told = Counter(zip(strata.tolist(), truths.tolist(), strict=True))
    return tuple(Truth(day, stratum, truth, rows) for (stratum, truth), rows in sorted(told.items()))
