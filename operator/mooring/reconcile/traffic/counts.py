"""What a data plane says of itself: which split is in force, and how many requests each arm answered and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class InForce:
    """What one proxy has taken over. Read from the proxy, so that it is true after any restart of anything."""

    version: str
    """Of the routes: equal to the version of a split once exactly that is in force."""
    shares: Mapping[str, int]
    """Percent by arm."""
    arms: frozenset[str]
    """Those that it has found pods of: they may be given requests without losing one."""
    shadow: Mapping[str, int] = field(default_factory=dict)
    """Percent of the predictions that an arm is asked as well, by arm."""


@dataclass(frozen=True)
class ArmCounts:
    """Requests of one arm, each counted once, when it had ended, whatever was tried in between. Never a tester's."""

    requests: int = 0
    unanswered: int = 0
    """No pod answered: it could not be reached, broke off, or took too long. No ledger has them."""
    failed: int = 0
    """Answered with 5xx by a pod. A pod of ours has them in its ledger as well."""
    gone: int = 0
    """The caller left before the answer; they count for nobody."""

    def __add__(self, other: ArmCounts) -> ArmCounts:
        """Return both together."""
        return ArmCounts(
            self.requests + other.requests,
            self.unanswered + other.unanswered,
            self.failed + other.failed,
            self.gone + other.gone,
        )

    def __sub__(self, other: ArmCounts) -> ArmCounts:
        """Return what came since."""
        return ArmCounts(
            self.requests - other.requests,
            self.unanswered - other.unanswered,
            self.failed - other.failed,
            self.gone - other.gone,
        )


@dataclass(frozen=True)
class Reading:
    """One look at one proxy. Counts grow from 0 since the proxy started."""

    uptime: int
    """Seconds since it started."""
    in_force: InForce | None
    """None: it has no routes yet."""
    counts: Mapping[str, ArmCounts] = field(default_factory=dict)

    def since(self, before: Reading) -> Mapping[str, ArmCounts] | None:
        """Return the counts between two readings of one pod, or None where it restarted meanwhile: then who knows."""
        arms = self.counts.keys() | before.counts.keys()
        nothing = ArmCounts()
        grown = {arm: self.counts.get(arm, nothing) - before.counts.get(arm, nothing) for arm in arms}
        if self.uptime < before.uptime or any(arm.requests < 0 for arm in grown.values()):
            return None
        return grown


@dataclass(frozen=True)
class Agreement:
    """What all proxies of a ModelDeployment do, or why that cannot be said."""

    in_force: InForce | None
    """None where one of them did not answer, or has something else than is wanted."""
    trouble: str | None = None
    """Why, as a sentence."""
    late: tuple[str, ...] = ()
    """The pods that have something else than is wanted."""


def agree(readings: Mapping[str, Reading | None], version: str, ready: Collection[str]) -> Agreement:
    """Return what the proxies have in force, by the names of their pods, where it is this version.

    `ready` are the arms that have ready pods: a proxy that has not found any of them yet would refuse requests, so it
    does not count as having taken over. The arms of the answer are those that all proxies found.
    """
    if not readings:
        return Agreement(None, "there is no proxy yet")
    silent = sorted(name for name, reading in readings.items() if reading is None or reading.in_force is None)
    if silent:
        return Agreement(None, f"{silent[0]} does not say what it has in force")
    found = {name: reading.in_force for name, reading in readings.items() if reading and reading.in_force}
    late = tuple(sorted(name for name, item in found.items() if item.version != version))
    if late:
        return Agreement(None, f"{late[0]} has not taken the newest shares over yet", late)
    arms = frozenset.intersection(*(item.arms for item in found.values()))
    if unseen := sorted(set(ready) - arms):
        return Agreement(None, f"the pods of {unseen[0]} are ready, and not every proxy has found them yet")
    return Agreement(replace(next(iter(found.values())), arms=arms))


def observed_percent(counts: Mapping[str, ArmCounts], arm: str) -> float | None:
    """Return the share of requests that an arm got, in percent; None where there were none."""
    total = sum(each.requests for each in counts.values())
    return 100.0 * counts[arm].requests / total if total and arm in counts else (0.0 if total else None)
