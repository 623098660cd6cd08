"""What a drift watch needs of a pod's interval: the rows that users asked of the version that serves, and truths."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from mooring.ledger.interval import Interval
from mooring.ledger.layout import LOSS_EDGES, ROLES, Layout

ROLE = "stable"


class Outcome(NamedTuple):
    """Truths of one day's predictions in one stratum that came out alike."""

    day: int
    """Of the prediction, days since 1970 UTC."""
    stratum: int
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

    def __add__(self, other: Tally) -> Tally:
        """Return the counts of both."""
        truths = dict(self.truths)
        for outcome, count in other.truths.items():
            truths[outcome] = truths.get(outcome, 0) + count
        return Tally(self.rows + other.rows, plus(self.cells, other.cells), plus(self.rejected, other.rejected), truths)


def truths_of(interval: Interval, layout: Layout, number: int) -> dict[Outcome, int]:
    """Return the truths of a version's predictions that any pod was told; `number` and `layout` are that version's.

    Raises ValueError for a stratum or an outcome that it has not.
    """
    found = {
        Outcome(join.day, join.stratum, join.outcome): count
        for join, count in interval.joins.items()
        if join.version == number and ROLES[join.role] == ROLE
    }
    strata, outcomes = layout.bins * layout.classes, layout.classes if layout.classes > 1 else len(LOSS_EDGES) + 1
    if any(truth.stratum >= strata or truth.outcome >= outcomes for truth in found):
        raise ValueError("a truth is of a stratum or an outcome that the version has not")
    return found


def tally(interval: Interval, layout: Layout, number: int) -> Tally:
    """Return the counts of an interval of a pod that serves the version.

    Raises ValueError for counts that cannot be: every row is in at most one cell of each feature.
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
    return Tally(rows, cells, tuple(counted[where["rejected"]]), truths)


def _most(cells: Counts, layout: Layout) -> int:
    """Return the most rows that any feature, or predictions, were counted of."""
    sums: Counts = (0, *accumulate(cells))
    first: int = layout.slices["features"].start
    ends = [*(start - first for start in layout.feature_starts), len(cells) - layout.bins * layout.classes, len(cells)]
    return max(sums[end] - sums[start] for start, end in pairwise(ends))


def plus(left: Counts, right: Counts) -> Counts:
    """Return the sum of two lists of counts; an empty one counts nothing."""
    if not left or not right:
        return left or right
    return tuple(map(operator.add, left, right))
