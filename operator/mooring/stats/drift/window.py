"""Counting until a window has enough rows and enough time. What it decides by is never what it tests."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mooring.stats.drift.joins import Truth
from mooring.stats.drift.reference import Reference

Ints = Sequence[int]


@dataclass(frozen=True)
class Counted:
    """One sealed interval of one version, added up over its pods."""

    start: int
    """Milliseconds since 1970."""
    end: int
    rows: int
    """That the model was asked for."""
    cells: Ints | None
    """Of each column, then of predictions, as in `Reference`; None: a ledger is missing, so nothing is known."""
    truths: tuple[Truth, ...] = ()
    rejected: Ints | None = None
    """Requests refused for a value of each column; None: nobody counted them."""
    repeated: Ints | None = None
    """Of a window that was recorded: `WindowReport.repeated`. None: an interval, which is compared with others."""

    def __post_init__(self) -> None:
        """Refuse an interval that ends before it begins."""
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")


@dataclass(frozen=True)
class Open:
    """The window that is being counted."""

    opened: int | None = None
    """Milliseconds since 1970: the start of its first interval."""
    rows: int = 0
    cells: tuple[int, ...] = ()
    """Empty: nothing was counted."""
    unknown: int = 0
    """Intervals with a missing ledger."""
    rejected: tuple[int, ...] = ()
    """Requests refused for a value of each column; empty: none was."""

    @property
    def asked(self) -> int:
        """Rows that were predicted, and requests refused for a column: data that is all broken closes windows too."""
        return self.rows + sum(self.rejected)

    def plus(self, counted: Counted, reference: Reference) -> Open:
        """Return the window with one more interval; raises ValueError where it is of another version."""
        opened = counted.start if self.opened is None else self.opened
        if counted.cells is None:
            return replace(self, opened=opened, unknown=self.unknown + 1)
        if len(counted.cells) != reference.size:
            raise ValueError(f"{len(counted.cells)} cells are not of this version, whose window has {reference.size}")
        cells = tuple(map(operator.add, self.cells, counted.cells)) if self.cells else tuple(counted.cells)
        rejected = self._rejected(counted.rejected or (), len(reference.columns))
        return replace(self, opened=opened, rows=self.rows + counted.rows, cells=cells, rejected=rejected)

    def _rejected(self, more: Ints, columns: int) -> tuple[int, ...]:
        if not any(more):
            return self.rejected
        if len(more) != columns:
            raise ValueError(f"rejections by {len(more)} columns are not of this version, which has {columns}")
        return tuple(map(operator.add, self.rejected or (0,) * columns, more))

    def closes(self, end: int, min_rows: int, min_seconds: int) -> bool:
        """Return whether it has enough, at the end of a sealed interval."""
        return self.opened is not None and self.asked >= min_rows and end - self.opened >= 1000 * min_seconds


@dataclass(frozen=True)
class Window:
    """A closed window as the tests read it."""

    columns: tuple[Ints, ...]
    """The cells of each column that a distribution is made of: known values only."""
    rates: tuple[tuple[int, int], ...]
    """(missing, all rows), (never seen or out of range, rows that are not missing), (refused, rows and refused ones) of
    each column in turn."""
    predictions: tuple[Ints, ...]
    """By bin, by label."""
    strata: Ints
    """By both."""


def read(cells: Ints, reference: Reference, rejected: Ints = ()) -> Window:
    """Return the parts of a window.

    A distribution is compared on the values that quality accepts, so that broken data is not called drift as well.
    """
    columns: list[Ints] = []
    rates: list[tuple[int, int]] = []
    cells = cells or (0,) * reference.size
    refused = rejected or (0,) * len(reference.columns)
    for start, column, wrong in zip(reference.starts, reference.columns, refused, strict=False):
        bins = cells[start : start + len(column.counts)]
        first, second, missing = cells[start + len(bins) : start + column.cells]
        present = sum(bins) + first + second
        known = len(column.known) > len(bins)
        columns.append((*bins, first) if known else bins)
        strange = first + second if column.kind == "number" else second
        rates += [(missing, present + missing), (strange, present), (wrong, present + missing + wrong)]
    strata, classes = cells[reference.starts[-1] :], reference.predictions.classes
    labels = [sum(strata[label::classes]) for label in range(classes)]
    return Window(tuple(columns), tuple(rates), (by_bin(strata, classes), labels), strata)


def by_bin(strata: Ints, classes: int) -> tuple[int, ...]:
    """Return the rows of each bin of predictions."""
    return tuple(sum(strata[at : at + classes]) for at in range(0, len(strata), classes))
