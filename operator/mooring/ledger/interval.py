"""What a ledger is made of: sealed intervals of a stream."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

INTERVAL_SECONDS = 5
"""How often intervals are sealed, at multiples of it by the wall clock, so that those of all pods coincide."""

Cells: TypeAlias = "array[int]"
"""array('q') of a layout's size: signed, since windows are differences."""


def cells(source: bytes = b"", size: int = 0) -> Cells:
    """Return cells from the bytes of int64 in the machine's order, or that many zeros."""
    made = array("q", bytes(8 * size))
    made.frombytes(source)
    return made


class Join(NamedTuple):
    """Where a truth is counted: what was predicted, by whom and when, and what came of it."""

    version: int
    """The number in `income-v3`, or another 32 bits for versions that have none (`mooring.serving.ids`)."""
    role: int
    """Its index in ROLES."""
    day: int
    """Of the prediction, days since 1970 UTC."""
    stratum: int
    """The prediction's code, in the layout of its own version: bin and label, and the segments that its row lay in."""
    outcome: int
    """The true class's index; for a regression the bin of the loss."""


@dataclass(frozen=True)
class Stream:
    """One life of one pod. A restarted container is a new incarnation: its numbers begin again at 1."""

    model: str
    version: str
    pod: str
    incarnation: str


@dataclass(frozen=True)
class Interval:
    """What was counted between two moments, by wall clock in milliseconds. Whoever has the number has all of it."""

    seq: int
    """1, 2, … without holes."""
    start: int
    end: int
    roles: Mapping[str, Cells] = field(default_factory=dict)
    """Roles that nobody asked as are absent."""
    joins: Mapping[Join, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """An answer of `GET /mooring/ledger`: some sealed intervals of a stream, in order."""

    stream: Stream
    layout: dict[str, object]
    """`Layout.to_json`."""
    oldest: int
    """The first number that the pod still has."""
    next: int
    """The number that the interval being counted will have."""
    final: bool
    """Nothing follows: the pod has answered its last request."""
    intervals: tuple[Interval, ...]
