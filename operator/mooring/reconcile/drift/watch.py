"""One version watched for one policy: what was taken from whom, what waits for the rest of its slot, what it showed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mooring.ledger.fold import Folded
from mooring.ledger.interval import INTERVAL_SECONDS
from mooring.ledger.slots import Slots, Stand
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.tally import Counts, Tally
from mooring.reconcile.driftseen import Alarm
from mooring.stats.drift import DriftState, HarmReport, Truth, WindowReport

WATCHED = "watched"
"""The pods that serve the version, whatever arm they are of."""
OTHERS = "others"
"""Those of other versions: they may be told truths of this one's predictions."""
ALARMS = 64
"""That are remembered: as many as all tests of all rows and of the most segments may give at once."""
SLOT = 1000 * INTERVAL_SECONDS
"""In milliseconds."""
_MOST_SLOTS = 1500
"""Pods keep the intervals of two hours: slots before those are not waited for."""
_AHEAD = 12
"""Slots by which a clock may be corrected without being said to have gone back."""


@dataclass(frozen=True)
class Pace:
    """Pauses between rows, in milliseconds."""

    rows_at: int | None = None
    """The end of the last slot that had rows."""
    since: int | None = None
    """Since when there surely were none."""
    longest: int = 0
    """In the open window."""
    before: tuple[int, ...] = ()
    """The longest of each of the last windows."""


@dataclass(frozen=True)
class Findings:
    """What the evidence said so far; new evidence begins with none of it."""

    window: WindowReport | None = None
    harm: HarmReport | None = None
    harm_at: int | None = None
    settled: int = 0
    streak: int = 0
    rejected: Counts = ()
    """Requests of the last window that were refused, by feature; the last: by none."""


@dataclass(frozen=True)
class Recording:
    """The window of all rows that is being counted, with the features that are left out: as a replay needs it."""

    cells: Counts = ()
    rejected: Counts = ()
    truths: tuple[Truth, ...] = ()


@dataclass(frozen=True)
class SegmentWatched:
    """One segment: its window may be open for longer than that of all rows, its recording is not."""

    drift: DriftState
    recording: Recording = field(default_factory=Recording)
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True)
class Watched:
    """State. Whoever keeps it counts every interval of every pod once, whatever restarts."""

    version: str
    begun: int
    """Milliseconds since 1970: what was counted before is no evidence."""
    because: str
    asked: Asked
    slots: Slots[Tally]
    folded: Folded = field(default_factory=Folded)
    basis: Basis | None = None
    """None: no pod has told it yet."""
    drift: DriftState | None = None
    recording: Recording = field(default_factory=Recording)
    pace: Pace = field(default_factory=Pace)
    findings: Findings = field(default_factory=Findings)
    segments: tuple[SegmentWatched, ...] = ()
    """As `Fitted.segments` has them; empty: nothing was tested yet, or there are none."""
    alarms: tuple[Alarm, ...] = ()
    """The last ones, whatever version they were of."""
    alarmed: int = 0
    """The number of the last one."""

    @property
    def number(self) -> int:
        """Of the version."""
        return int(self.version.rpartition("-v")[2])

    @property
    def fitted(self) -> Fitted | None:
        """What is tested; None: nobody has told the basis yet."""
        return Fitted(self.basis.layout, self.asked, self.basis.profile) if self.basis is not None else None


def begin(version: str, asked: Asked, now: float, because: str, before: Watched | None = None) -> Watched:
    """Return a watch without evidence; the alarms of one before it are remembered, and their numbers go on."""
    slot = int(now) // INTERVAL_SECONDS
    found = Watched(version, slot * SLOT, because, asked, Slots(slot))
    return replace(found, alarms=before.alarms, alarmed=before.alarmed) if before is not None else found


def go_on(before: Watched | None, version: str, asked: Asked, now: float) -> Watched:
    """Return the watch of a version by these tests: the one before as far as it is of the same."""
    if before is None:
        return begin(version, asked, now, "nothing was known: the policy is new, or its state could not be read")
    if before.version != version:
        return begin(version, asked, now, f"{version} serves in place of {before.version}", before)
    if before.asked != asked:
        return asked_anew(before, asked, now, "the policy asks for other tests than before")
    return before


def asked_anew(watched: Watched, asked: Asked, now: float, because: str) -> Watched:
    """Return a watch of the same version by other tests: without evidence, with what is known of pods."""
    return replace(
        watched,
        begun=max(watched.begun, int(now) // INTERVAL_SECONDS * SLOT),
        because=because,
        asked=asked,
        drift=None,
        recording=Recording(),
        pace=replace(watched.pace, longest=0),
        findings=Findings(),
        segments=(),
    )


def findings_of(watched: Watched) -> Watched:
    """Return the watch without how far it came: two of the same findings differ in nothing that anybody asked."""
    drift = replace(watched.drift, through=0) if watched.drift is not None else None
    segments = tuple(replace(one, drift=replace(one.drift, through=0)) for one in watched.segments)
    pace = replace(watched.pace, since=None)
    return replace(watched, slots=Slots(0), folded=Folded(), drift=drift, segments=segments, pace=pace)


def bounded(watched: Watched, now: float) -> Watched:
    """Return the watch within reach of the clock, which may have jumped while nobody looked, or while somebody did."""
    slot = int(now) // INTERVAL_SECONDS
    if watched.slots.through > slot + _AHEAD:
        return _rewound(watched, slot)
    if watched.slots.through < slot - _MOST_SLOTS:
        return _skipped(watched, slot - _MOST_SLOTS)
    return watched


def _rewound(watched: Watched, slot: int) -> Watched:
    """Return the watch of a clock that went back: what waits is counted now, and nothing waits for the time to come."""
    waiting: dict[str, Tally] = {}
    for arms in watched.slots.open.values():
        for arm, counts in arms.items():
            waiting[arm] = waiting.get(arm, Tally()) + counts
    stands = {pod: Stand(one.arm, one.incarnation, min(one.slot, slot)) for pod, one in watched.slots.stands.items()}
    watched = replace(
        watched,
        begun=min(watched.begun, slot * SLOT),
        slots=Slots(slot, {slot + 1: waiting} if waiting else {}, {}, stands),
        pace=replace(watched.pace, rows_at=None, since=None),
    )
    if watched.drift is None:
        return watched
    segments = tuple(replace(one, drift=_back(one.drift, slot)) for one in watched.segments)
    return replace(watched, drift=_back(watched.drift, slot), segments=segments)


def _back(drift: DriftState, slot: int) -> DriftState:
    """Return what is known of rows, of which none were counted after a slot."""
    window, clumps, cohorts = drift.window, drift.clumps, drift.cohorts
    if window.opened is not None:
        window = replace(window, opened=min(window.opened, slot * SLOT))
    if clumps.opened is not None:
        clumps = replace(clumps, opened=min(clumps.opened, slot * SLOT))
    today = slot * SLOT // 86_400_000
    cohorts = replace(cohorts, waiting=tuple(cohort for cohort in cohorts.waiting if cohort.day <= today))
    return replace(drift, through=slot * SLOT, window=window, clumps=clumps, cohorts=cohorts)


def _skipped(watched: Watched, slot: int) -> Watched:
    """Return the watch after a time of which pods remember nothing: its intervals are unknown."""
    slots, unknown = watched.slots, slot - watched.slots.through
    opened = {number: arms for number, arms in slots.open.items() if number > slot}
    missing = {number: arms for number, arms in slots.missing.items() if number > slot}
    return replace(
        watched,
        slots=replace(slots, through=slot, open=opened, missing=missing),
        drift=_lacking(watched.drift, unknown) if watched.drift is not None else None,
        segments=tuple(replace(one, drift=_lacking(one.drift, unknown)) for one in watched.segments),
        pace=replace(watched.pace, since=None),
    )


def _lacking(drift: DriftState, unknown: int) -> DriftState:
    """Return what is known of rows of which so many intervals more are missing."""
    if drift.window.opened is None:
        return drift
    return replace(drift, window=replace(drift.window, unknown=drift.window.unknown + unknown))
