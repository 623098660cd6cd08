"""Bringing the intervals of several pods onto one clock. Pure: the reader keeps the state.

A slot is what all pods of all arms counted in the same five seconds. It is closed once: when every pod has told it, or
when one of them has not for too long. What was not told is missing, never zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, Self, TypeVar

from mooring.ledger.interval import INTERVAL_SECONDS

PATIENCE_SECONDS = 15
"""How long a slot waits for a pod that does not answer; after it, what that pod counted is missing."""


class Addable(Protocol):
    """Counts."""

    def __add__(self, other: Self, /) -> Self:
        """Return the counts of both."""


T = TypeVar("T", bound=Addable)


@dataclass(frozen=True)
class Stand:
    """How far one life of a pod has told."""

    arm: str
    incarnation: str
    slot: int
    """The last slot that it told."""


@dataclass(frozen=True)
class Told(Generic[T]):
    """What one answer of a pod brought that was never taken before."""

    arm: str
    pod: str
    incarnation: str
    counts: Mapping[int, T]
    """By slot."""
    last: int
    """The last slot that it told, also when nothing was counted in it."""
    final: bool
    """The pod has answered its last request."""
    whole: bool = True
    """False: intervals before these are gone for ever."""


@dataclass(frozen=True)
class Slots(Generic[T]):
    """State: what is open."""

    through: int
    """The last slot that was closed."""
    open: Mapping[int, Mapping[str, T]] = field(default_factory=dict)
    """Counts by slot and arm."""
    missing: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Arms of which something will never be known, by slot."""
    stands: Mapping[str, Stand] = field(default_factory=dict)
    """By pod: those that are waited for."""


@dataclass(frozen=True)
class Closed(Generic[T]):
    """One slot of all arms."""

    slot: int
    counts: Mapping[str, T]
    """By arm; an arm that nobody asked is absent."""
    missing: frozenset[str]
    """Arms of which something is not known."""


def slot_of(milliseconds: int) -> int:
    """Return the slot that ends nearest to a moment of sealing; a busy pod seals a little late."""
    return round(milliseconds / (1000 * INTERVAL_SECONDS))


def await_pod(slots: Slots[T], pod: str, arm: str) -> Slots[T]:
    """Wait from now on for a pod that may be asked, though it has told nothing yet."""
    if pod in slots.stands:
        return slots
    return replace(slots, stands={**slots.stands, pod: Stand(arm, "", slots.through)})


def take(slots: Slots[T], told: Told[T]) -> Slots[T]:
    """Add what a pod told."""
    before = slots.stands.get(told.pod)
    lapsed = before is not None and before.incarnation not in ("", told.incarnation)
    if before is not None and (lapsed or not told.whole):
        first = max(before.slot + 1, min((*told.counts, told.last)))
        slots = miss(slots, told.arm, range(before.slot + 1, first + 1))
    opened = {slot: dict(arms) for slot, arms in slots.open.items()}
    for slot, counts in told.counts.items():
        if slot > slots.through:
            arms = opened.setdefault(slot, {})
            arms[told.arm] = arms[told.arm] + counts if told.arm in arms else counts
    reached = told.last if before is None or lapsed else max(before.slot, told.last)
    stands = {**slots.stands, told.pod: Stand(told.arm, told.incarnation, reached)}
    if told.final:
        del stands[told.pod]
    return replace(slots, open=opened, stands=stands)


def lose(slots: Slots[T], gone: Iterable[str], now: float) -> Slots[T]:
    """Stop waiting for pods that ended without a last word: what they had not told is missing."""
    for pod in gone:
        stand = slots.stands.get(pod)
        if stand is None:
            continue
        if stand.incarnation:
            slots = miss(slots, stand.arm, range(stand.slot + 1, int(now) // INTERVAL_SECONDS + 2))
        slots = replace(slots, stands={name: kept for name, kept in slots.stands.items() if name != pod})
    return slots


def close(slots: Slots[T], now: float, patience: float = PATIENCE_SECONDS) -> tuple[Slots[T], tuple[Closed[T], ...]]:
    """Close what can be closed, in order; `now` in seconds by the wall clock."""
    found: list[Closed[T]] = []
    opened, missing, through = dict(slots.open), dict(slots.missing), slots.through
    while _is_closable(slots.stands.values(), through + 1, now, patience):
        through += 1
        silent = {stand.arm for stand in slots.stands.values() if stand.slot < through}
        found.append(Closed(through, opened.pop(through, {}), missing.pop(through, frozenset()) | silent))
    return (replace(slots, through=through, open=opened, missing=missing) if found else slots), tuple(found)


def miss(slots: Slots[T], arm: str, numbers: range) -> Slots[T]:
    """Say that something of an arm will never be known in these slots."""
    missing = dict(slots.missing)
    for number in range(max(numbers.start, slots.through + 1), numbers.stop):
        missing[number] = missing.get(number, frozenset()) | {arm}
    return replace(slots, missing=missing)


def _is_closable(stands: Collection[Stand], slot: int, now: float, patience: float) -> bool:
    """Tell whether a slot can be closed: everybody told it, or waited too long."""
    age = now - slot * INTERVAL_SECONDS
    if age <= 0:
        return False
    return age > patience or (bool(stands) and all(stand.slot >= slot for stand in stands))
