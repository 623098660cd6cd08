"""A service whose version was sliced by color: half of its users are green, a quarter red, the others in no segment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mooring.ledger.binner import Binner, NumberEdges, Reference, TextTable
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Stream
from mooring.ledger.layout import OK, Sliced
from mooring.ledger.profile import CategoryCounts, NumberCounts, PredictionCounts, Profile, SegmentProfile
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Asked, digest_of
from mooring.reconcile.drift.tape import Recorded, Tape
from mooring.reconcile.drift.watch import SegmentWatched
from mooring.stats.drift import Settings
from tests.unit.reconcile.drift.service import COLORS, EDGES, START, STRATA, VERSION, Clock, Operator, Pod, profile

AGES = (10.0, 30.0, 50.0, 70.0)
SLOT_ROWS = 200
MINUTE_SLOTS = 12
DAY = int(START) // 86_400
SETTINGS = Settings(min_rows=100, min_seconds=60, inputs_effect=0.2, missing=0.1, tolerance=0.1, mature_after_seconds=0)
"""With allowances that a change in a quarter of the rows stays within."""
ASKED = Asked(SETTINGS, segments=("color",))


def sliced_binner() -> Binner:
    tables: list[Reference] = [NumberEdges("age", EDGES, 0.0, 100.0), TextTable("color", COLORS, (*COLORS, "blue"))]
    return Binner(tables, STRATA, (Sliced("color", len(COLORS)),))


def sliced_profile(rows: int = 40_000) -> Profile:
    """Each color's users are like all of them."""
    return profile(rows).model_copy(update={"segments": [_segment("green", rows // 2), _segment("red", rows // 4)]})


def _segment(color: str, rows: int) -> SegmentProfile:
    half, quarter = rows // 2, rows // 4
    return SegmentProfile(
        column="color",
        value=color,
        rows=rows,
        numbers=[NumberCounts(counts=[quarter] * 4, missing=0, blocks=0.01)],
        categories=[CategoryCounts(counts=[rows if one == color else 0 for one in COLORS], other=0, missing=0)],
        holdout_rows=rows,
        predictions=PredictionCounts(
            counts=[half, half], classes=[half, half], strata=[half, 0, 0, half], losses=[rows // 20, 0, 0, rows // 20]
        ),
    )


def basis_of_slices(rows: int = 40_000) -> Basis:
    return Basis(sliced_binner().layout, sliced_profile(rows), digest_of(sliced_profile(rows)))


class SlicedPod(Pod):
    """A pod that counts colors apart."""

    def start(self) -> None:
        super().start()
        stream = Stream("shop", self.version, self.name, f"life-{self.lives}")
        self.ledger = Ledger(sliced_binner(), stream, self.clock)

    def ask_all(self, rows: Sequence[tuple[float, str, int]]) -> None:
        """Count (age, color, label) of one request."""
        ages, colors = [row[0] for row in rows], [row[1] for row in rows]
        self.ledger.append(0, 0, OK, 0.001, (ages, colors), [code_of(color, label) for _, color, label in rows])


def code_of(color: str, label: int) -> int:
    """Return the code of a prediction: its combination of segments counts strata."""
    combination = COLORS.index(color) + 1 if color in COLORS else 0
    return STRATA.stratum(label, label) + sliced_binner().layout.strata * combination


@dataclass(frozen=True)
class Users:
    """What users of one color ask, and which truths are told of their predictions."""

    ages: Sequence[float] = AGES
    missing: float = 0.0
    """Share of the ages."""
    lost: float = 0.1
    told: tuple[float, float] = (0.5, 0.5)
    """Shares of the predictions of each label."""


class Shop:
    """A service with two pods, read every five seconds; what closes is recorded."""

    def __init__(self, asked: Asked = ASKED, basis: Basis | None = None, seed: int = 7) -> None:
        self.clock = Clock()
        self.basis = basis or basis_of_slices()
        self.operator = Operator.new(self.clock, asked, basis=self.basis)
        self.pods = [SlicedPod("pod-0", self.clock), SlicedPod("pod-1", self.clock)]
        self.random = random.Random(seed)
        self.tape = Tape()
        self.windows: list[Recorded] = []

    def slot(self, rows: int = SLOT_ROWS, **colors: Users) -> None:
        """Pass five seconds; users of `green`, `red` or `blue` that are not named are as at training."""
        drawn = [("green", "green", "red", "blue")[at % 4] for at in range(rows)]
        self.ask([self.user(color, colors.get(color, Users())) for color in drawn])
        self.clock.at += 5.0
        for pod in self.pods:
            pod.ledger.seal()
        self.clock.at += 0.7
        windows = self.operator.look(self.pods).windows
        self.clock.at -= 0.7
        self.tape = self.tape.plus(VERSION, self.basis, windows)
        self.windows += windows

    def ask(self, rows: Sequence[tuple[float, str, int]]) -> None:
        """Ask for rows, each pod for some."""
        cut = self.random.randint(0, len(rows))
        for pod, part in zip(self.pods, (rows[:cut], rows[cut:]), strict=True):
            if part:
                pod.ask_all(part)

    def user(self, color: str, users: Users) -> tuple[float, str, int]:
        """Return what a user of a color asks, and tell the truth of it, if it comes."""
        label, missing = self.random.randint(0, 1), self.random.random() < users.missing
        if self.random.random() < users.told[label]:
            outcome = 1 - label if self.random.random() < users.lost else label
            self.random.choice(self.pods).tell(DAY, code_of(color, label), outcome)
        return float("nan") if missing else self.random.choice(users.ages), color, label

    def minutes(self, count: int, rows: int = SLOT_ROWS, **colors: Users) -> None:
        for _ in range(count * MINUTE_SLOTS):
            self.slot(rows, **colors)

    def restart(self) -> None:
        """Go on with what was kept."""
        closed = self.operator.closed
        self.operator = Operator.new(self.clock, self.operator.watched.asked, self.operator.saved())
        self.operator.closed = closed

    @property
    def alarms(self) -> list[tuple[str, str]]:
        return [(alarm.test, alarm.segment) for alarm in self.operator.watched.alarms]

    def segment(self, color: str) -> SegmentWatched:
        return self.operator.watched.segments[COLORS.index(color)]


def by(settings: Settings, **changes: object) -> Asked:
    """Return what asks for segments with other settings."""
    return Asked(replace(settings, **changes), segments=("color",))  # type: ignore[arg-type]  # of the settings
