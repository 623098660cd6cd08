"""What waits to be written: bounded in rows and bytes, the oldest dropped and counted where it is too much."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from mooring.ledger.packed import Packed
from mooring.serving.backends import Answers

WAITING_ROWS = 20_000
WAITING_BYTES = 16 << 20


class Predicted(NamedTuple):
    """A request that was answered. Only references: whoever made them leaves them alone from then on."""

    id: str
    """The prediction's."""
    request: str | None
    """The caller's own id."""
    role: int
    at: float
    """Seconds since 1970 UTC."""
    columns: Packed
    answers: Answers
    rows: int
    weight: int
    """Bytes, about."""


class Told(NamedTuple):
    """A truth of one row of a prediction that was kept."""

    id: str
    row: int
    truth: object
    at: float
    rows: int = 1
    weight: int = 256


Item = Predicted | Told


@dataclass
class Tally:
    """How many rows, or truths, were written, and how many were dropped."""

    written: int = 0
    dropped: int = 0


class Waiting:
    """Items in the order in which they came. One thread."""

    def __init__(self, max_rows: int = WAITING_ROWS, max_bytes: int = WAITING_BYTES) -> None:
        self._items: deque[Item] = deque()
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self.rows = 0
        self.bytes = 0
        self.tallies: dict[type[Item], Tally] = {Predicted: Tally(), Told: Tally()}

    def add(self, item: Item) -> None:
        """Keep an item; the oldest ones make room for it."""
        self._items.append(item)
        self.rows += item.rows
        self.bytes += item.weight
        while self.rows > self._max_rows or self.bytes > self._max_bytes:
            dropped = self._items.popleft()
            self.rows -= dropped.rows
            self.bytes -= dropped.weight
            self.tallies[type(dropped)].dropped += dropped.rows

    def take(self) -> list[Item]:
        """Return everything, and be empty."""
        items = [*self._items]
        self._items.clear()
        self.rows = self.bytes = 0
        return items
