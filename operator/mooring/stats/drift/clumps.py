"""How many rows say as much as one: rows that come in clumps (a user who sends twenty alike) are fewer than they count.

A window is cut into blocks of time. If rows were independent, the counts of blocks would differ by chance alone; they
differ more by the factor that the rows of a clump repeat each other (the design effect of cluster sampling, Kish 1965).
So n rows of such a column are worth n / factor, and its e-values are taken to that power. For clumps of g equal rows
within a block the factor is g and the power makes exact e-values of clumps.

What repeats over longer times than a block (a daily season) does not show between the blocks of a window: for that the
reference has `Column.blocks`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mooring.stats.drift.distances import Compared, marks_of

BLOCKS: Final = 24
"""Of a window that takes no longer than it must."""
LEAST_BLOCKS: Final = 8
"""Fewer say too little of how they differ, and rows count as independent."""
LEAST_ROWS: Final = 30
"""Of a block, so that a clump is not a block."""
UNIT: Final = 1000

MEMORY: Final = 0.8
"""Of what the windows before said about predictions: truths of a day are of many windows."""

Ints = Sequence[int]


@dataclass(frozen=True)
class Clumps:
    """How the blocks of the open window differ."""

    opened: int | None = None
    """Of the open block, milliseconds since 1970."""
    rows: int = 0
    """In the open block."""
    cells: tuple[int, ...] = ()
    """Of the open block; empty: nothing was counted."""
    apart: tuple[int, ...] = ()
    """Of each column: how far the closed blocks are from the reference, in all (`Compared.apart`), in thousandths."""
    blocks: tuple[int, ...] = ()
    """Of each column: how many of them had rows of it."""

    def plus(self, start: int, rows: int, cells: Ints) -> Clumps:
        """Return the open block with one more interval."""
        added = tuple(map(operator.add, self.cells, cells)) if self.cells else tuple(cells)
        return replace(self, opened=start if self.opened is None else self.opened, rows=self.rows + rows, cells=added)

    def closes(self, end: int, min_seconds: int) -> bool:
        """Return whether the open block has enough, at the end of an interval."""
        return (
            self.opened is not None and self.rows >= LEAST_ROWS and (end - self.opened) * BLOCKS >= min_seconds * 1000
        )

    def closed(self, columns: Iterable[Compared], block: Sequence[Ints]) -> Clumps:
        """Return what is known after the open block, given as the cells of each column."""
        apart, blocks = [], []
        for column, cells in zip(columns, block, strict=True):
            rows = sum(cells) if column.sides else 0
            apart.append(round(UNIT * column.apart(marks_of(cells, ordered=column.ordered), rows)) if rows else 0)
            blocks.append(int(rows > 0))
        return Clumps(apart=_plus(self.apart, apart), blocks=_plus(self.blocks, blocks))

    def factors(self, columns: Iterable[Compared], window: Sequence[Ints]) -> list[float]:
        """Return for each column how many of its rows say as much as one, at least 1."""
        if not self.apart:
            return [1.0] * len(window)
        known = zip(columns, window, self.apart, self.blocks, strict=True)
        return [_factor(column, cells, apart / UNIT, blocks) for column, cells, apart, blocks in known]


def remembered(repeated: int, factor: float) -> int:
    """Return how many predictions say as much as one, in thousandths, after a window with such a factor.

    `repeated` 0: no window was before.
    """
    return round(MEMORY * repeated + (1 - MEMORY) * UNIT * factor if repeated else UNIT * factor)


def _factor(column: Compared, cells: Ints, apart: float, blocks: int) -> float:
    if blocks < LEAST_BLOCKS:
        return 1.0
    marks, rows = marks_of(cells, ordered=column.ordered), sum(cells)
    expected = (blocks - 1) * column.chance(marks, rows)
    return max(1.0, (apart - column.apart(marks, rows)) / expected) if expected > 0 else 1.0


def _plus(left: Ints, right: Ints) -> tuple[int, ...]:
    return tuple(map(operator.add, left, right)) if left else tuple(right)
