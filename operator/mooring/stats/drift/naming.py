"""Which columns to name when there is drift: those beyond the floor by Benjamini and Hochberg's rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

from mooring.stats.drift.distances import Compared, Direction, marks_of
from mooring.stats.drift.tier import LEAST_ROWS

FALSE_NAMES: Final = 0.05
"""The share of names that are wrong, on average."""
MOST_NAMES: Final = 10


@dataclass(frozen=True)
class Name:
    """A column in a window."""

    column: str
    effect: float
    """The greatest distance from the reference, at an edge or of a cell's share."""
    p: float
    """Of "no further than the floor and the reference's own error"."""
    mark: int
    """At which edge, or in which cell."""
    direction: Direction


def names(
    columns: Sequence[Compared], window: Sequence[Sequence[int]], factors: Sequence[float] = ()
) -> tuple[Name, ...]:
    """Return the columns that a window shows to have drifted, the greatest distance first.

    `factors`: how many rows of each column say as much as one (`clumps`); none: 1.
    """
    each = factors or (1.0,) * len(columns)
    found = [(one.log_p(*_marks(one, cells), factor), one, cells)
             for one, cells, factor in zip(columns, window, each, strict=True)
             if one.sides and sum(cells) >= LEAST_ROWS]  # fmt: skip
    found.sort(key=lambda one: one[0])
    passed = [rank for rank, (log_p, _, _) in enumerate(found, 1) if log_p <= log(rank * FALSE_NAMES / len(found))]
    named = [_name(column, cells, log_p) for log_p, column, cells in found[: max(passed, default=0)]]
    return tuple(sorted(named, key=lambda one: -one.effect)[:MOST_NAMES])


def name(column: Compared, cells: Sequence[int]) -> Name:
    """Return what a window says of a column; neither it nor the reference is empty."""
    return _name(column, cells, column.log_p(*_marks(column, cells)))


def _name(column: Compared, cells: Sequence[int], log_p: float) -> Name:
    distance = column.distance(*_marks(column, cells))
    return Name(column.name, distance.effect, exp(log_p), distance.mark, distance.direction)


def _marks(column: Compared, cells: Sequence[int]) -> tuple[Sequence[int], int]:
    return marks_of(cells, ordered=column.ordered), sum(cells)
