"""Adding the counts of pods, and subtracting the beginning of a window from its end: exact, since all are whole."""

from __future__ import annotations

import operator
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mooring.ledger.interval import Cells, Interval, Join


@dataclass(frozen=True)
class Total:
    """Counts of any number of intervals of one layout."""

    roles: Mapping[str, Cells] = field(default_factory=dict)
    joins: Mapping[Join, int] = field(default_factory=dict)

    def __add__(self, other: Total) -> Total:
        """Return the counts of both."""
        return Total(_combined(operator.add, self.roles, other.roles), _nonzero(self.joins, other.joins, 1))

    def __sub__(self, other: Total) -> Total:
        """Return the counts of this that are not in `other`, an earlier part of it."""
        return Total(_combined(operator.sub, self.roles, other.roles), _nonzero(self.joins, other.joins, -1))


def total(intervals: Iterable[Interval]) -> Total:
    """Return the sum of intervals, of one pod or of several; raises ValueError where their layouts differ in size."""
    roles: dict[str, Cells] = {}
    joins: Counter[Join] = Counter()
    for interval in intervals:
        roles = _combined(operator.add, roles, interval.roles)
        joins.update(interval.joins)
    return Total(roles, dict(joins))


def _combined(
    combine: Callable[[int, int], int], left: Mapping[str, Cells], right: Mapping[str, Cells]
) -> dict[str, Cells]:
    found = dict(left)
    for role, counts in right.items():
        known = found.get(role, array("q", bytes(8 * len(counts))))
        if len(known) != len(counts):
            raise ValueError(f"ledgers of {len(known)} and {len(counts)} cells are not of one version")
        found[role] = array("q", map(combine, known, counts))
    return {role: counts for role, counts in found.items() if any(counts)}


def _nonzero(left: Mapping[Join, int], right: Mapping[Join, int], sign: int) -> dict[Join, int]:
    found = dict(left)
    for join, count in right.items():
        found[join] = found.get(join, 0) + sign * count
    return {join: count for join, count in found.items() if count}
