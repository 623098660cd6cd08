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

    def plus(self, counted: Counted, reference: Reference) -> Open:
        """Return the window with one more interval; raises ValueError where it is of another version."""
        opened = counted.start if self.opened is None else self.opened
        if counted.cells is None:
            return replace(self, opened=opened, unknown=self.unknown + 1)
        if len(counted.cells) != reference.size:
            raise ValueError(f"{len(counted.cells)} cells are not of this version, whose window has {reference.size}")
        cells = tuple(map(operator.add, self.cells, counted.cells)) if self.cells else tuple(counted.cells)
        return replace(self, opened=opened, rows=self.rows + counted.rows, cells=cells)

    def closes(self, end: int, min_rows: int, min_seconds: int) -> bool:
        """Return whether it has enough, at the end of a sealed interval."""
        return self.opened is not None and self.rows >= min_rows and end - self.opened >= 1000 * min_seconds


@dataclass(frozen=True)
class Window:
    """A closed window as the tests read it."""

    columns: tuple[Ints, ...]
    """The cells of each column that a distribution is made of: known values only."""
    rates: tuple[tuple[int, int], ...]
    """(missing, all rows), (never seen or out of range, rows that are not missing) of each column in turn."""
    predictions: tuple[Ints, ...]
    """By bin, by label."""


def read(cells: Ints, reference: Reference) -> Window:
    """Return the parts of a window's cells.

    A distribution is compared on the values that quality accepts, so that broken data is not called drift as well.
    """
    columns: list[Ints] = []
    rates: list[tuple[int, int]] = []
    for start, column in zip(reference.starts, reference.columns, strict=False):
        bins = cells[start : start + len(column.counts)]
        first, second, missing = cells[start + len(bins) : start + column.cells]
        present = sum(bins) + first + second
        known = len(column.known) > len(bins)
        columns.append((*bins, first) if known else bins)
        rates += [(missing, present + missing), (first + second if column.kind == "number" else second, present)]
    return Window(tuple(columns), tuple(rates), _predictions(cells, reference))


def _predictions(cells: Ints, reference: Reference) -> tuple[Ints, ...]:
    strata, classes = cells[reference.starts[-1] :], reference.predictions.classes
    return by_bin(strata, classes), [sum(strata[label::classes]) for label in range(classes)]


def by_bin(strata: Ints, classes: int) -> tuple[int, ...]:
    """Return the rows of each bin of predictions."""
    return tuple(sum(strata[at : at + classes]) for at in range(0, len(strata), classes))
