"""Which key is due when: the queue's rules as a plain state machine, without a clock of its own.

A key is in at most one of these states, besides having at most one later date:
ready (waiting for a worker), busy (with one), or busy and dirty (to become ready again when its worker is done).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from mooring.reconcile.plan import Key

BASE_SECONDS = 0.25
CAP_SECONDS = 60.0


class Schedule:
    """Never gives out a key that is busy, and never loses one that was added."""

    def __init__(self, jitter: Callable[[float, float], float]) -> None:
        """Use `jitter(low, high)` to spread retries, so that what failed together is not retried together."""
        self._jitter = jitter
        self._ready: dict[Key, None] = {}
        self._busy: dict[Key, float] = {}
        self._dirty: set[Key] = set()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = count()
        self._failures: dict[Key, int] = {}

    @property
    def depth(self) -> int:
        """How many keys wait for a worker."""
        return len(self._ready)

    @property
    def busy_since(self) -> float | None:
        """When the oldest key now being worked on was taken."""
        return min(self._busy.values(), default=None)

    def add(self, key: Key) -> None:
        """Ask for a key to be worked on after now; asking twice before that is asking once."""
        if key in self._busy:
            self._dirty.add(key)
        else:
            self._ready[key] = None

    def add_at(self, key: Key, due: float) -> None:
        """Ask for a key to be worked on at a time; of several times the earliest wins."""
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))

    def take(self, now: float) -> Key | None:
        """Return a key to work on, or None when none is ready."""
        self._mature(now)
        if not self._ready:
            return None
        key = next(iter(self._ready))
        del self._ready[key]
        self._due.pop(key, None)  # whoever works on it decides anew when to look again
        self._busy[key] = now
        return key

    def done(self, key: Key) -> None:
        """Give back a key that was worked on with success."""
        self._failures.pop(key, None)
        self._give_back(key)

    def failed(self, key: Key, now: float) -> float:
        """Give back a key that could not be worked on; return after how many seconds it is tried again."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        ceiling = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(failures, 16))
        delay = self._jitter(ceiling / 2, ceiling)
        self._give_back(key)
        self.add_at(key, now + delay)
        return delay

    def next_due(self) -> float | None:
        """Return when the next key becomes ready by itself."""
        self._prune()
        return self._heap[0][0] if self._heap else None

    def _give_back(self, key: Key) -> None:
        del self._busy[key]
        if key in self._dirty:
            self._dirty.discard(key)
            self._ready[key] = None

    def _mature(self, now: float) -> None:
        self._prune()
        while self._heap and self._heap[0][0] <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            self.add(key)
            self._prune()

    def _prune(self) -> None:
        """Drop dates that an earlier one, or the work itself, has replaced."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
