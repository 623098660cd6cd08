"""Taking what a pod tells: each interval once, in the slot where it belongs, and nothing that cannot be true."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from mooring.ledger.fold import fold, forget
from mooring.ledger.interval import INTERVAL_SECONDS, Interval, Reading
from mooring.ledger.slots import Slots, Stand, Told, await_pod, lose, miss, slot_of, take
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.tally import Tally, tally, truths_of
from mooring.reconcile.drift.watch import SLOT, WATCHED, Watched

_FORGOTTEN_SECONDS = 3 * 3600
"""Longer than pods remember."""
_ODD_SECONDS = 10
"""A clock that differs by more is corrected: an interval is read within seconds of its end."""
_NAMED_SECONDS = 60
"""One that differs by more is named as well."""


class OddError(Exception):
    """What a pod told cannot be counted. The message says why."""


@dataclass(frozen=True)
class Heard:
    """The watch after an answer, and what was odd about that, as sentences."""

    watched: Watched
    odd: tuple[str, ...] = ()


def awaited(watched: Watched, pods: Iterable[tuple[str, str]]) -> Watched:
    """Return the watch that waits for pods, given as (name, group), which may be asked though they told nothing yet."""
    slots = watched.slots
    for pod, group in pods:
        slots = await_pod(slots, pod, group)
    return replace(watched, slots=slots)


def lost(watched: Watched, pods: Collection[str], now: float) -> Watched:
    """Return the watch that waits for these pods no more: what they had not told is missing.

    So is what one may have counted that never told anything: it was asked because users were led to it.
    """
    slots = watched.slots
    for pod in pods:
        stand = slots.stands.get(pod)
        if stand is not None and not stand.incarnation:
            slots = miss(slots, stand.arm, range(stand.slot + 1, int(now) // INTERVAL_SECONDS + 2))
    return replace(
        watched,
        slots=lose(slots, pods, now),
        folded=forget(watched.folded, int(now), _FORGOTTEN_SECONDS),
    )


def told(watched: Watched, pod: str, group: str, reading: Reading, now: float) -> Heard:
    """Return the watch with what is new in a pod's answer; raises OddError for one that counts for nothing."""
    basis = watched.basis
    if basis is None:
        raise OddError("nobody knows yet what is counted where")
    if group == WATCHED and reading.layout != basis.layout.to_json():
        raise OddError(f"pod {pod} counts in another layout than {watched.version} has: its counts are left out")
    folded, fresh = fold(watched.folded, reading, int(now))
    watched, stand = replace(watched, folded=folded), watched.slots.stands.get(pod)
    if not fresh.intervals and not reading.final and stand is not None and stand.incarnation:
        return Heard(watched)
    shift = _shift(fresh.intervals, now)
    taking = _Taking(watched.slots, stand, int(now) // INTERVAL_SECONDS + 1)
    damaged: list[str] = []
    for interval in fresh.intervals:
        slot = slot_of(interval.end) + shift
        if slot_of(interval.start) + shift < watched.begun // SLOT:
            taking.pass_over(slot)
            continue
        try:
            taking.add(slot, _tally(interval, basis, watched, group))
        except ValueError as error:
            taking.spoil(slot)
            damaged.append(f"pod {pod} tells what cannot be ({error}): the interval is unknown")
    counts, last = taking.counts, min(taking.newest, max(taking.last, watched.slots.through))
    said = Told(group, pod, reading.stream.incarnation, counts, last, final=reading.final, whole=not fresh.lost)
    slots = take(watched.slots, said)
    for slot in taking.spoilt:
        slots = miss(slots, group, range(slot, slot + 1))
    return Heard(replace(watched, slots=slots), (*damaged[:1], *_named(pod, shift)))


class _Taking:
    """Puts the intervals of one answer into slots."""

    def __init__(self, slots: Slots[Tally], stand: Stand | None, newest: int) -> None:
        self._slots = slots
        self._stand = stand
        self.newest = newest
        self.last = 0
        self.counts: dict[int, Tally] = {}
        self.spoilt: list[int] = []

    def add(self, slot: int, counts: Tally) -> None:
        """Count an interval that ended with a slot.

        One that comes after its slot was closed is counted in the next one, unless it was said to be missing: then its
        truths are, which have a day of their own.
        """
        slot = min(slot, self.newest)
        self.last = max(self.last, slot)
        through = self._slots.through
        if slot <= through:
            was_missing = self._stand is not None and self._stand.slot < slot
            counts = Tally(truths=counts.truths) if was_missing else counts
        slot = max(slot, through + 1)
        self.counts[slot] = self.counts[slot] + counts if slot in self.counts else counts

    def pass_over(self, slot: int) -> None:
        """Leave an interval out that is older than the evidence."""
        self.last = max(self.last, min(slot, self.newest))

    def spoil(self, slot: int) -> None:
        """Leave an interval out."""
        self.spoilt.append(min(slot, self.newest))
        self.last = max(self.last, self.spoilt[-1])


def _tally(interval: Interval, basis: Basis, watched: Watched, group: str) -> Tally:
    if group == WATCHED:
        return tally(interval, basis.layout, watched.number, watched.asked.segments)
    return Tally(truths=truths_of(interval, basis.layout, watched.number))


def _shift(intervals: tuple[Interval, ...], now: float) -> int:
    """Return by how many slots a pod's clock is behind ours, below 0 before it: its newest interval has just ended."""
    if not intervals:
        return 0
    late = now - intervals[-1].end / 1000 - INTERVAL_SECONDS / 2
    return round(late / INTERVAL_SECONDS) if abs(late) > _ODD_SECONDS else 0


def _named(pod: str, shift: int) -> tuple[str, ...]:
    seconds = shift * INTERVAL_SECONDS
    if abs(seconds) <= _NAMED_SECONDS:
        return ()
    return (f"the clock of pod {pod} is {abs(seconds)} s {'behind' if seconds > 0 else 'before'} ours: corrected",)
