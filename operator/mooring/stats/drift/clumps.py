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
from mooring.stats.drift.window import Counted, Ints

BLOCKS: Final = 24
"""Of a window that takes no longer than it must."""
LEAST_BLOCKS: Final = 8
"""Fewer say too little of how they differ, and rows count as independent."""
LEAST_ROWS: Final = 30
"""Of a block, so that a clump is not a block."""
UNIT: Final = 1000

MEMORY: Final = 0.8
"""Of what the windows before said about predictions: truths of a day are of many windows."""


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
    given: tuple[int, ...] = ()
    """Of each column: the greatest factor of recorded windows that are taken in whole, in thousandths. One without
    factors is a part of the next one that has them."""

    def plus(self, counted: Counted) -> Clumps:
        """Return the open block with one more interval, whose ledger is there; or a recorded window."""
        rows = self.rows + counted.rows
        opened = counted.start if self.opened is None else self.opened
        given = tuple(counted.repeated or self.given)
        if counted.repeated and self.given:
            given = tuple(map(max, given, self.given))
        return replace(self, opened=opened, rows=rows, cells=_plus(self.cells, counted.cells or ()), given=given)

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
        return Clumps(apart=_plus(self.apart, apart), blocks=_plus(self.blocks, blocks), given=self.given)

    def repeated(self, columns: Iterable[Compared], window: Sequence[Ints], outer: Ints = ()) -> tuple[int, ...]:
        """Return for each column how many of its rows say as much as one, in thousandths, at least 1000.

        `outer`: the same of all rows, for the columns of a segment that has too few blocks to tell it by itself.
        Raises ValueError where those of a recorded window are not of these columns.
        """
        given = self.given or (UNIT,) * len(window)
        if len(given) != len(window):
            raise ValueError(f"{len(given)} factors are not of this version, which has {len(window)}")
        apart, blocks = self.apart or (0,) * len(window), self.blocks or (0,) * len(window)
        unknown = (UNIT,) * len(window) if self.given or not outer else outer  # who was recorded has it in `given`
        told = map(_factor, columns, window, apart, blocks, unknown)
        return tuple(map(max, told, given))


def remembered(before: int, repeated: int) -> int:
    """Return how many predictions say as much as one after a window, in thousandths; `before` 0: it was the first."""
    return round(MEMORY * before + (1 - MEMORY) * repeated) if before else repeated


def _factor(column: Compared, cells: Ints, apart: int, blocks: int, unknown: int) -> int:
    if blocks < LEAST_BLOCKS:
        return unknown
    marks, rows = marks_of(cells, ordered=column.ordered), sum(cells)
    expected = (blocks - 1) * column.chance(marks, rows)
    return round((apart - UNIT * column.apart(marks, rows)) / expected) if expected > 0 else UNIT


def _plus(left: Ints, right: Ints) -> tuple[int, ...]:
    return tuple(map(operator.add, left, right)) if left else tuple(right)
