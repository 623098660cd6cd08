"""Taking every interval exactly once, whatever is delivered twice, late or never. Pure: the reader keeps the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mooring.ledger.interval import Interval, Reading

Span = tuple[int, int]
"""Numbers from the first to the last, both included."""

MAX_SPANS = 32
"""Of one stream. More of them, and the oldest hole is given up: what is missing there is lost."""


@dataclass(frozen=True)
class Taken:
    """What was folded of one stream, or given up as lost: neither is taken again."""

    spans: tuple[Span, ...] = ()
    """Ascending, with a hole between any two."""
    seen_at: int = 0
    """When its last answer came, by the reader's clock in seconds."""

    @property
    def last(self) -> int:
        """The `since` of the next question."""
        return self.spans[-1][1] if self.spans else 0

    def holds(self, seq: int) -> bool:
        """Return whether the number was folded."""
        return any(first <= seq <= last for first, last in self.spans)


@dataclass(frozen=True)
class Folded:
    """State of a reader: what it has taken of each (pod, incarnation)."""

    streams: Mapping[tuple[str, str], Taken] = field(default_factory=dict)

    def since(self, pod: str, incarnation: str) -> int:
        """Return what to ask a pod for."""
        return self.streams.get((pod, incarnation), Taken()).last


@dataclass(frozen=True)
class Fresh:
    """What one answer brought."""

    intervals: tuple[Interval, ...]
    """Never taken before: count them."""
    lost: tuple[Span, ...]
    """Numbers that were never read and are gone: whatever they held is unknown, not zero."""


def fold(state: Folded, reading: Reading, now: int) -> tuple[Folded, Fresh]:
    """Return the new state, and what of an answer is new."""
    key = (reading.stream.pod, reading.stream.incarnation)
    taken = state.streams.get(key, Taken())
    fresh = {interval.seq: interval for interval in reading.intervals if not taken.holds(interval.seq)}
    spans = _joined([*taken.spans, *((seq, seq) for seq in fresh)])
    lost = _lost(spans, reading.oldest)
    after = Taken(_joined([*spans, *lost]), now)
    return Folded({**state.streams, key: after}), Fresh(tuple(fresh[seq] for seq in sorted(fresh)), lost)


def forget(state: Folded, now: int, seconds: int) -> Folded:
    """Return the state without streams that were silent for so long: their pods are gone."""
    kept = {key: taken for key, taken in state.streams.items() if now - taken.seen_at <= seconds}
    return Folded(kept)


@dataclass(frozen=True)
class Cursor:
    """What was taken of one life of a pod, as JSON can have it."""

    pod: str
    incarnation: str
    spans: tuple[Span, ...]
    seen_at: int


def cursors_of(state: Folded) -> tuple[Cursor, ...]:
    """Return what `from_cursors` reads."""
    return tuple(Cursor(*key, taken.spans, taken.seen_at) for key, taken in state.streams.items())


def from_cursors(cursors: Iterable[Cursor]) -> Folded:
    """Return a reader's state as it was written."""
    return Folded({(each.pod, each.incarnation): Taken(each.spans, each.seen_at) for each in cursors})


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _lost(spans: tuple[Span, ...], oldest: int) -> tuple[Span, ...]:
    """Return the holes that the pod, whose first interval is `oldest`, cannot fill, and those that are too many."""
    ends = [0, *(last for _, last in spans)]
    holes = [(end + 1, first - 1) for end, (first, _) in zip(ends, spans, strict=False) if end + 1 < first]
    given_up = max(0, len(holes) - MAX_SPANS)
    gone = [(first, min(last, oldest - 1)) for first, last in holes[given_up:] if first < oldest]
    return (*holes[:given_up], *gone)
