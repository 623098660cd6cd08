"""How far a column's window is from its reference, at every edge or in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import log
from typing import Literal, NamedTuple

from mooring.stats.drift.evalue import Above, above

Direction = Literal["up", "down"]


class Side(NamedTuple):
    """One inequality: the share at a mark is greater than the reference's, or less."""

    mark: int
    more: bool
    test: Above


@dataclass(frozen=True)
class Distance:
    """The greatest difference of shares between a window and the reference."""

    effect: float
    mark: int
    """At which edge, or in which cell."""
    direction: Direction
    """The values went up; without an order, the share of the cell did."""


@dataclass(frozen=True)
class Compared:
    """A column with its inequalities. Marks: the rows up to each edge; without an order, those in each cell."""

    name: str
    ordered: bool
    reference: tuple[int, ...]
    """Its marks in the reference."""
    rows: int
    """Of the reference."""
    sides: tuple[Side, ...]

    def counted(self, marks: Sequence[int], rows: int) -> list[tuple[Above, int]]:
        """Return every test, and the count of `rows` that it is about."""
        return [(test, marks[mark] if more else rows - marks[mark]) for mark, more, test in self.sides]

    def distance(self, marks: Sequence[int], rows: int) -> Distance:
        """Return the greatest distance; neither the window nor the reference is empty."""
        gaps = [mark / rows - known / self.rows for mark, known in zip(marks, self.reference, strict=True)]
        at = max(range(len(gaps)), key=lambda mark: abs(gaps[mark]))
        return Distance(abs(gaps[at]), at, "down" if self.ordered == (gaps[at] > 0) else "up")

    def log_p(self, marks: Sequence[int], rows: int, worth: float = 1.0) -> float:
        """Return the log of the p-value of "no further than floor and reference allow" (Bonferroni over the sides).

        `worth`: as so many rows as say no more than one.
        """
        beyond = [(test, count) for test, count in self.counted(marks, rows) if count > rows * test.bound]
        least = min((test.log_p(count, rows) / worth for test, count in beyond), default=0.0)
        return min(0.0, least + log(max(1, len(self.sides))))

    @cached_property
    def _scales(self) -> tuple[tuple[float, float], ...]:
        """The share of each mark in the reference, and one over the variance of a row; 0: all its rows are alike."""
        shares = [mark / self.rows if self.rows else 0.0 for mark in self.reference]
        return tuple((share, 1 / (share * (1 - share)) if 0 < share < 1 else 0.0) for share in shares)

    def apart(self, marks: Sequence[int], rows: int) -> float:
        """Return how far rows are from the reference: the sum over marks of (difference of shares)² rows / variance."""
        pairs = zip(marks, self._scales, strict=True)
        return rows * sum((mark / rows - share) ** 2 * scale for mark, (share, scale) in pairs)

    def chance(self, marks: Sequence[int], rows: int) -> float:
        """Return how far independent rows are from their own mean, drawn from where `rows` came from."""
        shares = [mark / rows for mark in marks]
        return sum(share * (1 - share) * scale for share, (_, scale) in zip(shares, self._scales, strict=True))

    @property
    def detectable(self) -> float:
        """Distances up to this one cannot be told from the floor and the reference's own error; 1: none can."""
        counts = self.counted(self.reference, self.rows)
        return max((test.bound - count / self.rows for test, count in counts), default=1.0)


def marks_of(cells: Sequence[int], *, ordered: bool) -> Sequence[int]:
    """Return the marks of cells: what lies up to each edge between them, or the cells themselves."""
    return list(accumulate(cells[:-1])) if ordered else cells


def compare(name: str, cells: Sequence[int], *, ordered: bool, surprise: float, floor: float) -> Compared:
    """Return a column with the inequalities that could ever be shown.

    `surprise`: the log of one over the chance that the reference misleads about one of them.
    """
    marks, rows = tuple(marks_of(cells, ordered=ordered)), sum(cells)
    sides = [
        Side(mark, more, test)
        for mark, count in enumerate(marks)
        for more in (True, False)
        if (test := above(count if more else rows - count, rows, surprise, floor))
    ]
    return Compared(name, ordered, marks, rows, tuple(sides))
