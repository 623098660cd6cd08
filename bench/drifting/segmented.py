"""Services whose rows lie in segments, and whose reference is a finite sample of them.

Every value of a column has numbers, scores and rows of its own. As at training, a value needs 200 held out rows to be a
segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.drifting.budget import BINS, HOUR, LOST, Floats, Ints, shares
from mooring.ledger.layout import LOSS_EDGES, FeatureCells, Layout, Sliced
from mooring.ledger.profile import (
    CategoryCounts,
    CategoryProfile,
    NumberCounts,
    NumberProfile,
    PredictionCounts,
    PredictionProfile,
    Profile,
    SegmentProfile,
)
from mooring.stats.drift import Counted, Truth

ROWS = 2000
"""Of a window: one an hour."""
NUMBERS = 2
LEAST_HELD = 200
COLUMN = "segment"
HELD, LOST_OUTCOME = 0, LOSS_EDGES.index(1.0) + 1


@dataclass(frozen=True)
class Quiet:
    """A service that does not drift by more than it may. Shifts are in standard deviations of a segment's reference."""

    title: str
    shift: float = 0.0
    """Permanent, of every number and of the score."""
    in_one: float = 0.0
    """The same in the last value alone, which is the rarest."""
    clump: int = 1
    """Rows that are the same and of one user, one after the other."""
    intervals: int = 1
    worse: float = 0.0
    """Losses beyond those of the reference."""
    told: float = 0.25


@dataclass(frozen=True)
class Change:
    """What changes in the first value alone, or in all."""

    title: str
    moved: float = 0.0
    """Standard deviations of one number."""
    worse: float = 0.0


class Service:
    """One service with one reference."""

    def __init__(self, quiet: Quiet, weights: tuple[float, ...], seed: int, rows: int) -> None:
        self.quiet, self.random = quiet, np.random.default_rng(seed)
        self.weights = np.array(weights)
        self.apart = self.random.normal(0, 0.5, len(weights))
        """How far the values are from one another."""
        self.shifts: Floats = np.zeros((NUMBERS + 1, len(weights))) + quiet.shift
        self.shifts[:, -1] += quiet.in_one
        self.worse: Floats = np.zeros(len(weights)) + quiet.worse
        self.profile, self.segments = self._reference(rows)
        numbers = [FeatureCells(f"n{index}", "number", BINS) for index in range(NUMBERS)]
        features = (FeatureCells(COLUMN, "text", len(weights)), *numbers)
        self.layout = Layout(features, BINS, 1, (Sliced(COLUMN, len(self.segments)),) if self.segments else ())

    def change(self, change: Change, values: slice) -> None:
        """Change some values from the first hour on."""
        self.shifts[0, values] += change.moved
        self.worse[values] += change.worse

    def _reference(self, rows: int) -> tuple[Profile, list[int]]:
        of_values = self.random.multinomial(rows, self.weights)
        chances = shares(self.apart)
        numbers: Ints = np.stack([self.random.multinomial(of_values, chances) for _ in range(NUMBERS)])
        held = self.random.multinomial(of_values // 5, chances)
        lost = self.random.binomial(held, LOST)
        known = [at for at, count in enumerate(of_values // 5) if count >= LEAST_HELD]
        edges = [float(at) for at in range(1, BINS)]
        profile = Profile(
            rows=rows,
            numbers=[
                NumberProfile(
                    name=f"n{at}", edges=edges, counts=one.sum(axis=0).tolist(), missing=0, low=0.0, high=float(BINS)
                )
                for at, one in enumerate(numbers)
            ],
            categories=[
                CategoryProfile(
                    name=COLUMN,
                    categories=[f"v{at:02}" for at in range(len(of_values))],
                    counts=of_values.tolist(),
                    other=0,
                    missing=0,
                )
            ],
            holdout_rows=int(held.sum()),
            predictions=PredictionProfile(
                of="prediction",
                edges=edges,
                counts=held.sum(axis=0).tolist(),
                strata=held.sum(axis=0).tolist(),
                losses=lost.sum(axis=0).tolist(),
                error_q90=1.0,
            ),
            segments=[
                SegmentProfile(
                    column=COLUMN,
                    value=f"v{at:02}",
                    rows=int(of_values[at]),
                    numbers=[NumberCounts(counts=one[at].tolist(), missing=0) for one in numbers],
                    categories=[CategoryCounts(counts=self._one(at, int(of_values[at])), other=0, missing=0)],
                    holdout_rows=int(held[at].sum()),
                    predictions=PredictionCounts(
                        counts=held[at].tolist(), strata=held[at].tolist(), losses=lost[at].tolist()
                    ),
                )
                for at in known
            ]
            or None,
        )
        return profile, known

    def _one(self, at: int, rows: int) -> list[int]:
        return [rows if other == at else 0 for other in range(len(self.weights))]

    def intervals(self, hours: int) -> Iterator[tuple[Counted, dict[int, Counted]]]:
        """Yield intervals of all rows, and of segments by number."""
        quiet = self.quiet
        step, users = HOUR // quiet.intervals, ROWS // quiet.intervals // quiet.clump
        chances = shares(self.apart + self.shifts)
        for at in range(hours * quiet.intervals):
            of_values = self.random.multinomial(users, self.weights)
            drawn: Ints = np.stack([self.random.multinomial(of_values, one) for one in chances]) * quiet.clump
            told = self._told(drawn[-1])
            cells = np.stack([self._cells(value, drawn[:, value]) for value in range(len(self.weights))])
            start, end = at * step, (at + 1) * step
            whole = Counted(start, end, users * quiet.clump, cells.sum(axis=0).tolist(), _truths(told.sum(axis=1)))
            yield (
                whole,
                {
                    number: Counted(
                        start, end, int(drawn[-1, value].sum()), cells[value].tolist(), _truths(told[:, value])
                    )
                    for number, value in enumerate(self.segments)
                },
            )

    def _cells(self, value: int, drawn: Ints) -> Ints:
        """Return the cells of a value's rows, given by (numbers and score, bin)."""
        own = np.array(self._one(value, int(drawn[-1].sum())))
        numbers = np.pad(drawn[:-1], ((0, 0), (0, 3))).ravel()
        found: Ints = np.concatenate([np.pad(own, (0, 3)), numbers, drawn[-1]])
        return found

    def _told(self, scores: Ints) -> Ints:
        """Return the truths (kept or lost, value, bin) of rows by (value, bin); equal rows have equal truths."""
        clump = self.quiet.clump
        known = self.random.binomial(scores // clump, self.quiet.told)
        lost = self.random.binomial(known, np.minimum(1.0, LOST + self.worse[:, None]))
        return np.stack([known - lost, lost]) * clump


def _truths(told: Ints) -> tuple[Truth, ...]:
    return tuple(
        Truth(0, at, outcome, count)
        for outcome, counts in zip((HELD, LOST_OUTCOME), told.tolist(), strict=True)
        for at, count in enumerate(counts)
        if count
    )
