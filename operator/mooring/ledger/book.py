"""A pod's ledger: what is being counted, and the sealed intervals of the last two hours.

Requests are appended as they are and binned in blocks; an interval is sealed every few seconds, encoded once, and kept
as those bytes. One thread: whoever records, seals and reads is on the event loop.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mooring.ledger.binner import Binner, Entry, Ints
from mooring.ledger.interval import INTERVAL_SECONDS, Cells, Interval, Join, Reading, Stream, cells
from mooring.ledger.layout import FEEDBACK, OUTCOMES, ROLES, Layout
from mooring.ledger.packed import Packed, Values
from mooring.ledger.wire import MAX_JOINS, decode, encode, encode_interval

KEPT_SECONDS = 7500
"""How long they are kept: two hours, and five minutes for the reader to come."""
BLOCK_ROWS = 512
"""So many rows are binned at once, if the interval does not end before."""


class Ledger:
    """Counts one version's requests by role."""

    def __init__(self, binner: Binner, stream: Stream, now: Callable[[], float] = time.time) -> None:
        self.stream = stream
        self._binner = binner
        self._now = now
        self._blocks: list[list[Entry]] = [[] for _ in ROLES]
        self._waiting = 0
        self._open: dict[str, Ints] = {}
        self._sums: dict[str, Ints] = {}
        self._joins: Counter[Join] = Counter()
        self._began = self._milliseconds()
        self._next = 1
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=KEPT_SECONDS // INTERVAL_SECONDS)
        self._final = False

    @property
    def layout(self) -> Layout:
        """What is counted where."""
        return self._binner.layout

    @property
    def next(self) -> int:
        """The number of the interval that is being counted."""
        return self._next

    @property
    def kept_bytes(self) -> int:
        """What the sealed intervals weigh."""
        return sum(len(frame) for _, frame in self._frames)

    def append(
        self, role: int, caller: int, outcome: int, seconds: float, columns: Sequence[Values], codes: Sequence[int]
    ) -> None:
        """Count a request that the model was asked for. Whoever appends leaves the lists alone from then on."""
        packed = columns if type(columns) is Packed else Packed.of(self._binner.kinds, columns) if columns else None
        self._blocks[role].append((caller, outcome, seconds, packed, codes))
        self._waiting += len(codes) or 1
        if self._waiting >= BLOCK_ROWS:
            self.flush()

    def refuse(self, role: int, caller: int, outcome: int, feature: int | None) -> None:
        """Count a request that never reached the model: the caller's mistake, at a feature or none, or overload."""
        vector = self._vector(role)
        slices = self.layout.slices
        vector[slices["callers"].start + caller * len(OUTCOMES) + outcome] += 1
        if OUTCOMES[outcome] == "caller":
            vector[slices["rejected"].start + (len(self.layout.features) if feature is None else feature)] += 1

    def compare(self, role: int, *, disagrees: bool) -> None:
        """Count a request whose answer was compared with the one that the caller got."""
        start = self.layout.slices["shadow"].start
        self._vector(role)[start : start + 2] += (1, int(disagrees))

    def feedback(self, role: int, result: str, count: int = 1) -> None:
        """Count truths by what became of them (FEEDBACK)."""
        self._vector(role)[self.layout.slices["feedback"].start + FEEDBACK.index(result)] += count

    def join(self, join: Join) -> bool:
        """Count a truth, or return False: this interval has no room for another kind of join."""
        if join not in self._joins and len(self._joins) >= MAX_JOINS:
            return False
        self._joins[join] += 1
        return True

    def flush(self) -> None:
        """Bin what waits."""
        blocks, self._blocks, self._waiting = self._blocks, [[] for _ in ROLES], 0
        for role, block in enumerate(blocks):
            if block:
                self._binner.add(self._vector(role), block)

    def seal(self, *, final: bool = False) -> Interval:
        """End the interval that is being counted, and return it; `final` says that nothing follows."""
        self.flush()
        interval = Interval(self._next, self._began, self._milliseconds(), _cells(self._open), dict(self._joins))
        for role, vector in self._open.items():
            self._sums[role] = self._sums[role] + vector if role in self._sums else vector
        self._frames.append((interval.seq, encode_interval(interval)))
        self._open, self._joins = {}, Counter()
        self._began, self._next, self._final = interval.end, self._next + 1, final
        return interval

    def totals(self) -> Mapping[str, Cells]:
        """Return everything counted since the start, by role."""
        self.flush()
        roles = {*self._sums, *self._open}
        zero = np.zeros(self.layout.size, dtype=np.int64)
        return _cells({role: self._sums.get(role, zero) + self._open.get(role, zero) for role in sorted(roles)})

    def since(self, seq: int) -> bytes:
        """Return the document with all sealed intervals of higher numbers."""
        frames = [frame for number, frame in self._frames if number > seq]
        oldest = self._frames[0][0] if self._frames else self._next
        return encode(self.stream, self.layout, frames, oldest=oldest, upcoming=self._next, final=self._final)

    def reading(self, seq: int) -> Reading:
        """Return the same as `since`, decoded."""
        return decode(self.since(seq))

    def _vector(self, role: int) -> Ints:
        name = ROLES[role]
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = np.zeros(self.layout.size, dtype=np.int64)
        return found

    def _milliseconds(self) -> int:
        return max(0, int(self._now() * 1000))


def _cells(vectors: Mapping[str, Ints]) -> dict[str, array[int]]:
    return {role: cells(vector.tobytes()) for role, vector in vectors.items()}
