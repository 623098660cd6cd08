"""Simulated services whose truth is known: hours of counts on the edges of a finite reference, and days of truths.

Values are normal numbers (and one text), so that a shift in standard deviations says what a bin's share becomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mooring.stats.drift import Column, Counted, Losses, Predictions, Reference, Truth

HOURS_A_DAY = 24
HOUR = 3_600_000
ROWS = 2000
"""Of a window: one an hour."""
TRUTHS = 500
"""A day, all of them told the day after."""
LOST = 0.15
"""Of the truths, and of the reference."""
_NORMAL = NormalDist()
_EDGES = [_NORMAL.inv_cdf(k / 16) for k in range(1, 16)]
_CATEGORIES = np.array([1 / rank for rank in range(1, 21)]) / sum(1 / rank for rank in range(1, 21))
_SCORES = 16
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """What a service's hours look like. Shifts are in standard deviations of the reference."""

    title: str
    moved: float = 0.0
    """Shift of the first number alone, from the first hour: drift."""
    worse: float = 0.0
    """Losses beyond LOST, from the first day: harm."""


def shares(shift: float) -> list[float]:
    """Return the share of each of the 16 bins."""
    return [high - low for low, high in pairwise([0.0, *(_NORMAL.cdf(edge - shift) for edge in _EDGES), 1.0])]


class Service:
    """One service with one reference; the same seed makes the same hours."""

    def __init__(self, shape: Shape, seed: int, *, reference_rows: int, numbers: int) -> None:
        self._random = np.random.default_rng(seed)
        self._shape = shape
        self._numbers = numbers
        self.reference = self._reference(reference_rows)

    def hours(self) -> Iterator[Counted]:
        """Yield the hours since 1970, without end."""
        number = 0
        while True:
            day, hour = divmod(number, HOURS_A_DAY)
            truths = self._truths(day - 1) if hour == HOURS_A_DAY - 1 and day else ()
            yield Counted(number * HOUR, (number + 1) * HOUR, ROWS, self._cells(), truths)
            number += 1

    def _reference(self, rows: int) -> Reference:
        columns = [
            Column(f"number {index}", "number", _whole(self._random.multinomial(rows, shares(0.0))))
            for index in range(self._numbers)
        ]
        text = Column("text", "text", _whole(self._random.multinomial(rows, _CATEGORIES)))
        held = rows // 5
        scores = _whole(self._random.multinomial(held, shares(0.0)))
        losses = Losses(held, int(self._random.binomial(held, LOST)))
        return Reference((*columns, text), Predictions(_SCORES, 1, scores), losses)

    def _cells(self) -> list[int]:
        cells: list[int] = []
        for index in range(self._numbers):
            moved = self._shape.moved if index == 0 else 0.0
            cells += [*self._drawn(shares(moved)), 0, 0, 0]
        cells += [*self._drawn(_CATEGORIES), 0, 0, 0]
        return [*cells, *self._drawn(shares(0.0))]

    def _drawn(self, chances: list[float] | NDArray[np.float64]) -> list[int]:
        drawn: Ints = self._random.multinomial(ROWS, chances)
        counts: list[int] = drawn.tolist()
        return counts

    def _truths(self, day: int) -> tuple[Truth, ...]:
        labelled = self._random.multinomial(TRUTHS, shares(0.0))
        lost = self._random.binomial(labelled, LOST + self._shape.worse)
        return tuple(
            Truth(day, at, outcome, int(count))
            for at, (known, bad) in enumerate(zip(labelled, lost, strict=True))
            for outcome, count in enumerate((known - bad, bad))
        )


def _whole(counts: Ints) -> tuple[int, ...]:
    return tuple(counts.tolist())
