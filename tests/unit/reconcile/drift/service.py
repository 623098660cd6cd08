"""A small service whose pods keep real ledgers, and an operator that reads them: time passes when told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mooring.ledger.binner import Binner, NumberEdges, Strata, TextTable
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Join, Stream
from mooring.ledger.layout import OK
from mooring.ledger.profile import CategoryProfile, NumberProfile, PredictionProfile, Profile
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.close import Turned, turn
from mooring.reconcile.drift.reference import Asked, Fitted, digest_of
from mooring.reconcile.drift.saved import restore, save
from mooring.reconcile.drift.told import awaited, lost, told
from mooring.reconcile.drift.watch import OTHERS, WATCHED, Watched, bounded, go_on
from mooring.stats.drift import Settings

START = 1_700_000_000.0
"""Seconds since 1970; a multiple of five."""
EDGES = [20.0, 40.0, 60.0]
COLORS = ["green", "red"]
STRATA = Strata((0.5,), 2)
VERSION = "shop-v3"
ASKED = Asked(Settings(min_rows=100, min_seconds=60))


def profile(rows: int = 40_000) -> Profile:
    """Ages evenly in four bins, three colors (one of them rare), two classes."""
    quarter, half = rows // 4, rows // 2
    return Profile(
        rows=rows,
        numbers=[
            NumberProfile(name="age", edges=EDGES, counts=[quarter] * 4, missing=0, low=0.0, high=100.0, blocks=0.01)
        ],
        categories=[
            CategoryProfile(
                name="color", categories=COLORS, counts=[half, quarter], other=rows - half - quarter, missing=0
            )
        ],
        holdout_rows=rows,
        predictions=PredictionProfile(
            of="probability",
            edges=[0.5],
            counts=[half, rows - half],
            classes=[half, rows - half],
            strata=[half, 0, 0, rows - half],
            losses=[rows // 20, 0, 0, rows // 20],
        ),
    )


def binner() -> Binner:
    return Binner([NumberEdges("age", EDGES, 0.0, 100.0), TextTable("color", COLORS, (*COLORS, "blue"))], STRATA)


@dataclass
class Clock:
    at: float = START

    def __call__(self) -> float:
        return self.at


class Pod:
    """A pod with a ledger; `row` is what the n-th user asked."""

    def __init__(self, name: str, clock: Clock, version: str = VERSION) -> None:
        self.name, self.clock, self.version, self.lives = name, clock, version, 0
        self.ended = False
        self.start()

    def start(self) -> None:
        """Begin a life: what the one before counted is gone."""
        self.lives += 1
        self.ledger = Ledger(binner(), Stream("shop", self.version, self.name, f"life-{self.lives}"), self.clock)
        self.unread: Counter[object] = Counter()

    def ask(self, age: float, color: str, label: int, role: int = 0) -> None:
        self.ledger.append(role, 0, OK, 0.001, ([age], [color]), [STRATA.stratum(label, label)])

    def tell(self, day: int, stratum: int, outcome: int, version: int = 3) -> None:
        assert self.ledger.join(Join(version, 0, day, stratum, outcome))

    def end(self) -> None:
        self.ledger.seal(final=True)
        self.ended = True


@dataclass
class Operator:
    """Reads pods by the same steps as the observer, without a network."""

    clock: Clock
    watched: Watched
    fitted: Fitted
    closed: list[Turned] = field(default_factory=list)

    @classmethod
    def new(
        cls,
        clock: Clock,
        asked: Asked = ASKED,
        before: bytes | None = None,
        version: str = VERSION,
        basis: Basis | None = None,
    ) -> Operator:
        known = restore(before) if before is not None else None
        watched = go_on(known, version, asked, clock.at)
        if watched.basis is None:
            watched = replace(watched, basis=basis or Basis(binner().layout, profile(), digest_of(profile())))
        fitted = watched.fitted
        assert fitted is not None
        return cls(clock, watched, fitted)

    def look(self, pods: Sequence[Pod], deaf: Sequence[Pod] = (), patience: float = 25.0) -> Turned:
        """Read all pods but the deaf ones, and test what is complete."""
        now = self.clock.at
        watched = bounded(self.watched, now)
        watched = awaited(watched, [(pod.name, self.group(pod)) for pod in pods if not pod.ended])
        for pod in pods:
            if pod in deaf:
                continue
            stream = pod.ledger.stream
            reading = pod.ledger.reading(watched.folded.since(stream.pod, stream.incarnation))
            watched = told(watched, pod.name, self.group(pod), reading, now).watched
        watched = lost(watched, [name for name in watched.slots.stands if name not in {pod.name for pod in pods}], now)
        turned = turn(watched, self.fitted, now, patience)
        self.watched = turned.watched
        self.closed.append(turned)
        return turned

    def group(self, pod: Pod) -> str:
        return WATCHED if pod.version == self.watched.version else OTHERS

    def saved(self) -> bytes:
        return save(self.watched)


def counts_of(watched: Watched) -> tuple[int, tuple[int, ...]]:
    """Return the rows and cells of the open window."""
    assert watched.drift is not None
    return watched.drift.window.rows, watched.drift.window.cells
