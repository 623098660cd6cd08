"""What the judge needs of one arm's interval: a few counts, whatever the model's size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mooring.ledger.interval import Cells, Interval, Join
from mooring.ledger.latency import slower
from mooring.ledger.layout import CALLER, CALLERS, OUTCOMES, ROLES, Layout
from mooring.stats.judge import Arm, Labels

HEARD = ("stable", "canary")
"""Roles whose answers users got by chance. A tester chose, and a shadow is not heard."""
SHADOW = "shadow"
_LARGE_LOSS = 8
"""Of a regression: the first of the ledger's bins of loss in which the error is above the reference's ninth decile."""


@dataclass(frozen=True)
class Tally:
    """Counts of one arm. Ground truth is counted apart for each role: it may come to a pod of either arm."""

    heard: Arm = field(default_factory=Arm)
    shadow: Arm = field(default_factory=Arm)
    compared: int = 0
    disagreed: int = 0
    labels: Mapping[str, Labels] = field(default_factory=dict)
    """By `role/version number` of the prediction."""

    def __add__(self, other: Tally) -> Tally:
        """Return the counts of both."""
        return Tally(
            self.heard + other.heard,
            self.shadow + other.shadow,
            self.compared + other.compared,
            self.disagreed + other.disagreed,
            _together(self.labels, other.labels),
        )


def tally(interval: Interval, layout: Layout, slow_microseconds: int | None) -> Tally:
    """Return the counts of a pod's interval; slow are requests that took longer than `slow_microseconds`.

    A refused request is a failure too: a version that takes no more what its users send is worse. Where both arms get
    the same bad requests it cancels, as every failure does.
    """
    shadow = interval.roles.get(SHADOW)
    compared, disagreed = shadow[layout.slices["shadow"]] if shadow is not None else (0, 0)
    labels: dict[str, Labels] = {}
    for join, count in interval.joins.items():
        key = f"{ROLES[join.role]}/{join.version}"
        labels = _together(labels, {key: Labels(count, float(count * _loss(join, layout)))})
    heard = (_arm(interval.roles[role], layout, slow_microseconds) for role in HEARD if role in interval.roles)
    return Tally(
        heard=sum(heard, Arm()),
        shadow=_arm(shadow, layout, slow_microseconds) if shadow is not None else Arm(),
        compared=compared,
        disagreed=disagreed,
        labels=labels,
    )


def labels_of(tallies: Iterable[Tally], role: str, version: int) -> Labels:
    """Return the ground truth that came for one version's predictions in a role, to whichever arm."""
    found = (each.labels.get(f"{role}/{version}", Labels()) for each in tallies)
    return sum(found, Labels())


def _arm(cells: Cells, layout: Layout, slow_microseconds: int | None) -> Arm:
    callers = cells[layout.slices["callers"]]
    width = len(OUTCOMES)
    rows = [callers[bucket * width : (bucket + 1) * width] for bucket in range(CALLERS)]
    slow = (
        slower(cells[layout.slices["latency"]], slow_microseconds) if slow_microseconds is not None else [0] * CALLERS
    )
    return Arm(
        requests=tuple(sum(row) for row in rows),
        failures=tuple(sum(row[CALLER:]) for row in rows),
        slow=tuple(slow),
    )


def _loss(join: Join, layout: Layout) -> int:
    if layout.classes == 1:
        return int(join.outcome >= _LARGE_LOSS)
    return int(join.stratum % layout.classes != join.outcome)


def _together(left: Mapping[str, Labels], right: Mapping[str, Labels]) -> dict[str, Labels]:
    found = dict(left)
    for key, labels in right.items():
        found[key] = found.get(key, Labels()) + labels
    return found
