"""What a drift watch needs of a pod's interval: the rows that users asked of the version that serves, and truths."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from mooring.ledger.interval import Cells, Interval
from mooring.ledger.layout import LOSS_EDGES, ROLES, Layout
from mooring.reconcile.drift.sliced import chosen

ROLE = "stable"


class Outcome(NamedTuple):
    """Truths of one day's predictions of one code that came out alike."""

    day: int
    """Of the prediction, days since 1970 UTC."""
    code: int
    """Of the prediction: its stratum + `Layout.strata` * its combination of segments."""
    outcome: int


Counts = tuple[int, ...]


@dataclass(frozen=True)
class Tally:
    """Counts of one version in the role `stable`."""

    rows: int = 0
    cells: Counts = ()
    """Of every feature, then of predictions, as the layout has them; empty: nothing was counted."""
    rejected: Counts = ()
    """Requests that were refused, by the feature that was wrong; the last: by none."""
    truths: Mapping[Outcome, int] = field(default_factory=dict)
    """Of this version's predictions, whoever was told them."""
    segments: Mapping[int, Counts] = field(default_factory=dict)
    """Cells as `cells` has them of those segments that are asked for and had rows, by number."""

    def __add__(self, other: Tally) -> Tally:
        """Return the counts of both."""
        truths = dict(self.truths)
        for outcome, count in other.truths.items():
            truths[outcome] = truths.get(outcome, 0) + count
        segments = dict(self.segments)
        for number, cells in other.segments.items():
            segments[number] = plus(segments.get(number, ()), cells)
        cells, rejected = plus(self.cells, other.cells), plus(self.rejected, other.rejected)
        return Tally(self.rows + other.rows, cells, rejected, truths, segments)


def truths_of(interval: Interval, layout: Layout, number: int) -> dict[Outcome, int]:
    """Return the truths of a version's predictions that any pod was told; `number` and `layout` are that version's.

    Raises ValueError for a stratum or an outcome that it has not.
    """
    found = {
        Outcome(join.day, join.stratum, join.outcome): count
        for join, count in interval.joins.items()
        if join.version == number and ROLES[join.role] == ROLE
    }
    codes = layout.strata * layout.combinations
    outcomes = layout.classes if layout.classes > 1 else len(LOSS_EDGES) + 1
    if any(truth.code >= codes or truth.outcome >= outcomes for truth in found):
        raise ValueError("a truth is of a stratum or an outcome that the version has not")
    return found


def tally(interval: Interval, layout: Layout, number: int, columns: Collection[str] = ()) -> Tally:
    """Return the counts of an interval of a pod that serves the version; of segments those by `columns`.

    Raises ValueError for counts that cannot be: every row is in at most one cell of each feature, and in at most one
    segment of each column.
    """
    truths = truths_of(interval, layout, number)
    counted = interval.roles.get(ROLE)
    if counted is None:
        return Tally(truths=truths)
    where = layout.slices
    rows = counted[where["rows"].start]
    cells = tuple(counted[where["features"].start : where["predictions"].stop])
    if _most(cells, layout) > rows:
        raise ValueError(f"cells count more than the {rows} rows that there were")
    segments = _segments(counted, layout, cells, columns) if columns else {}
    return Tally(rows, cells, tuple(counted[where["rejected"]]), truths, segments)


def _segments(counted: Cells, layout: Layout, cells: Counts, columns: Collection[str]) -> dict[int, Counts]:
    """Return the cells of segments that had rows; raises ValueError where one counts what all rows do not."""
    found: dict[int, Counts] = {}
    left: dict[int, int] = {}
    for number, own in chosen(layout, columns).items():
        first = layout.slices["segments"].start + number * len(cells)
        part = counted[first : first + len(cells)]
        if not any(part):
            continue
        found[number] = tuple(part)
        rows = sum(part[own])
        left[own.start] = left.get(own.start, sum(cells[own])) - rows
        if left[own.start] < 0 or _most(found[number], layout) > rows or any(map(operator.gt, part, cells)):
            raise ValueError("segments count more than the rows that there were")
    return found


def _most(cells: Counts, layout: Layout) -> int:
    """Return the most rows that any feature, or predictions, were counted of."""
    sums: Counts = (0, *accumulate(cells))
    first: int = layout.slices["features"].start
    ends = [*(start - first for start in layout.feature_starts), len(cells) - layout.strata, len(cells)]
    return max(sums[end] - sums[start] for start, end in pairwise(ends))


def plus(left: Counts, right: Counts) -> Counts:
    """Return the sum of two lists of counts; an empty one counts nothing."""
    if not left or not right:
        return left or right
    return tuple(map(operator.add, left, right))
