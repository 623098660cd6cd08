"""The state of a watch as it is kept between two lives of the operator: JSON, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from mooring.ledger.fold import Cursor, cursors_of, from_cursors
from mooring.ledger.slots import Slots, Stand
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.tally import Counts, Outcome, Tally
from mooring.reconcile.drift.watch import Findings, Pace, Recording, SegmentWatched, Watched
from mooring.reconcile.driftseen import Alarm
from mooring.stats.drift import DriftState, Truth

FORMAT = 1
"""Of the JSON. Another one is not read: evidence begins anew, which is slow and never wrong."""
MOST_INFLATED = 16 << 20
"""Bytes of the JSON. More is nothing that we wrote."""
_OF_ANOTHER_RELEASE = DriftState("of another release", (), (), ())
"""In place of evidence that cannot be read: no tests have such a key, so that it begins anew, and says so."""


@dataclass(frozen=True)
class SavedTally:
    """A tally with the keys that JSON can have."""

    rows: int
    cells: Counts
    rejected: Counts
    truths: tuple[Truth, ...]
    """With codes in place of strata."""
    segments: Mapping[int, Counts] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedSegment:
    """A segment with evidence that is read by itself."""

    recording: Recording
    """Just before the evidence, whose open window has nearly the same cells: so they weigh little more than once."""
    drift: str
    findings: Findings


@dataclass(frozen=True)
class Saved:
    """A watch with the keys that JSON can have."""

    format: int
    version: str
    begun: int
    because: str
    asked: Asked
    through: int
    open: Mapping[int, Mapping[str, SavedTally]]
    missing: Mapping[int, tuple[str, ...]]
    stands: Mapping[str, Stand]
    cursors: tuple[Cursor, ...]
    basis: Basis | None
    recording: Recording
    drift: str | None
    pace: Pace
    findings: Findings
    alarms: tuple[Alarm, ...]
    alarmed: int
    segments: tuple[SavedSegment, ...] = ()


_WIRE = TypeAdapter(Saved)


def save(watched: Watched) -> bytes:
    """Return what `restore` reads, exactly."""
    slots = watched.slots
    saved = Saved(
        format=FORMAT,
        version=watched.version,
        begun=watched.begun,
        because=watched.because,
        asked=watched.asked,
        through=slots.through,
        open={slot: {arm: _saved(one) for arm, one in arms.items()} for slot, arms in slots.open.items()},
        missing={slot: tuple(sorted(arms)) for slot, arms in slots.missing.items()},
        stands=slots.stands,
        cursors=cursors_of(watched.folded),
        basis=watched.basis,
        drift=watched.drift.to_json() if watched.drift is not None else None,
        recording=watched.recording,
        pace=watched.pace,
        findings=watched.findings,
        alarms=watched.alarms,
        alarmed=watched.alarmed,
        segments=tuple(SavedSegment(one.recording, one.drift.to_json(), one.findings) for one in watched.segments),
    )
    return zlib.compress(_WIRE.dump_json(saved), 6)


def restore(written: bytes) -> Watched:
    """Return the watch; raises ValueError for anything that `save` did not write."""
    saved = _WIRE.validate_json(inflated(written))
    if saved.format != FORMAT:
        raise ValueError(f"the state of a drift watch is of format {saved.format}, not {FORMAT}")
    opened = {slot: {arm: _tally(one) for arm, one in arms.items()} for slot, arms in saved.open.items()}
    missing = {slot: frozenset(arms) for slot, arms in saved.missing.items()}
    return Watched(
        version=saved.version,
        begun=saved.begun,
        because=saved.because,
        asked=saved.asked,
        slots=Slots(saved.through, opened, missing, saved.stands),
        folded=from_cursors(saved.cursors),
        basis=saved.basis,
        drift=_drift(saved.drift) if saved.drift is not None else None,
        recording=saved.recording,
        pace=saved.pace,
        findings=saved.findings,
        segments=tuple(SegmentWatched(_drift(one.drift), one.recording, one.findings) for one in saved.segments),
        alarms=saved.alarms,
        alarmed=saved.alarmed,
    )


def _drift(text: str) -> DriftState:
    try:
        return DriftState.from_json(text)
    except ValueError:
        return _OF_ANOTHER_RELEASE


def inflated(written: bytes) -> bytes:
    """Return what was compressed; raises ValueError for anything else, and for what never ends."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(written, MOST_INFLATED)
    except zlib.error as error:
        raise ValueError(f"not what was written: {error}") from error
    if not inflater.eof:
        raise ValueError("not what was written: it is cut off, or has no end")
    return text


def _saved(tally: Tally) -> SavedTally:
    truths = tuple(Truth(*outcome, count) for outcome, count in tally.truths.items())
    return SavedTally(tally.rows, tally.cells, tally.rejected, truths, tally.segments)


def _tally(saved: SavedTally) -> Tally:
    truths = {Outcome(truth.day, truth.stratum, truth.outcome): truth.rows for truth in saved.truths}
    return Tally(saved.rows, saved.cells, saved.rejected, truths, saved.segments)
