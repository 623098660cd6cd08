"""Testing what closes: slots into the window, a window into evidence, evidence into alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mooring.ledger.slots import PATIENCE_SECONDS, Closed, close
from mooring.reconcile.drift.findings import concluded
from mooring.reconcile.drift.parts import begun, parts_of, tested_parts
from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.tally import Tally, plus
from mooring.reconcile.drift.tape import Recorded, RecordedSegment
from mooring.reconcile.drift.truths import merged, of_all
from mooring.reconcile.drift.watch import ALARMS, SLOT, WATCHED, Pace, Recording, Watched, asked_anew
from mooring.reconcile.driftseen import Alarm, Test
from mooring.stats.drift import Counted, DriftState, WindowReport

_WINDOWS = 8
"""By which the usual pause is known."""
_ZERO = Tally()


@dataclass(frozen=True)
class Turned:
    """The watch after what closed."""

    watched: Watched
    windows: tuple[Recorded, ...] = ()
    """Those that closed."""
    told: bool = False
    """A window closed, or truths were settled: somebody should hear of it."""


def turn(watched: Watched, fitted: Fitted, now: float, patience: float = PATIENCE_SECONDS) -> Turned:
    """Return the watch with every slot tested that is complete, or will not be; `now` in seconds by the wall clock."""
    if watched.drift is not None and not _is_by(watched, watched.drift, fitted):
        watched = asked_anew(watched, watched.asked, now, "another release of Mooring tests in another way")
    slots, closed = close(watched.slots, now, patience)
    watched = replace(watched, slots=slots, drift=fitted.watch.resume(watched.drift))
    windows: list[Recorded] = []
    told = False
    for slot in closed:
        counted, tally = _counted(slot, fitted), slot.counts.get(WATCHED, _ZERO)
        paced = replace(watched, pace=_paced(watched.pace, counted))
        recorded = _recorded(watched.recording, tally, counted)
        turned = tested(paced, fitted, counted, recorded, parts_of(slot, fitted, counted))
        watched, told = turned.watched, told or turned.told
        windows += turned.windows
    return Turned(watched, tuple(windows), told)


def tested(
    watched: Watched, fitted: Fitted, counted: Counted, recorded: Recording, parts: Mapping[int, Counted]
) -> Turned:
    """Return the watch after one interval; `recorded` is the open window, this interval included.

    `parts`: what segments had in the interval, by number, with the cells of all features; who had nothing is absent.
    """
    if not watched.segments:
        watched = replace(watched, segments=begun(fitted))
    folded = fitted.watch.fold(watched.drift or fitted.watch.resume(None), counted)
    found = concluded(watched.findings, folded, fitted, counted.end)
    of_segments = tested_parts(watched, fitted, parts, counted, folded)
    alarms = [*((test, sentence, "") for test, sentence in found.alarms), *of_segments.alarms]
    watched = replace(
        _alarmed(watched, alarms, counted.end),
        drift=folded.state,
        recording=recorded,
        findings=found.findings,
        segments=of_segments.segments,
    )
    if folded.window is None:
        return Turned(watched, told=folded.harm is not None or of_segments.told)
    whole = _whole(folded.window, recorded, fitted, of_segments.recorded)
    return Turned(_next(watched), (whole,), told=True)


def _next(watched: Watched) -> Watched:
    """Return the watch with a window to count that has nothing yet."""
    findings = replace(watched.findings, rejected=watched.recording.rejected)
    pace = replace(watched.pace, longest=0, before=(*watched.pace.before, watched.pace.longest)[-_WINDOWS:])
    return replace(watched, findings=findings, pace=pace, recording=Recording())


def _is_by(watched: Watched, drift: DriftState, fitted: Fitted) -> bool:
    """Return whether evidence is by these tests, of all rows and of each segment."""
    keys = [drift.key, *(one.drift.key for one in watched.segments)]
    return keys == [fitted.watch.key, *(within.fitted.watch.key for within in fitted.segments)]


def _counted(slot: Closed[Tally], fitted: Fitted) -> Counted:
    """Return what is tested of a slot."""
    tally = slot.counts.get(WATCHED, _ZERO)
    cells = None if WATCHED in slot.missing else fitted.cells(tally.cells or fitted.empty)
    truths = of_all(slot.counts.values(), fitted.layout)
    start, end = (slot.slot - 1) * SLOT, slot.slot * SLOT
    if cells is None:
        return Counted(start, end, 0, None, truths)
    return Counted(start, end, tally.rows, cells, truths, fitted.rejected(tally.rejected))


def _recorded(recording: Recording, tally: Tally, counted: Counted) -> Recording:
    known = counted.cells is not None
    return Recording(
        plus(recording.cells, tally.cells) if known else recording.cells,
        plus(recording.rejected, tally.rejected) if known else recording.rejected,
        merged(recording.truths, counted.truths),
    )


def _paced(pace: Pace, counted: Counted) -> Pace:
    if counted.cells is None:
        return replace(pace, since=counted.end)  # there may have been rows
    if counted.rows == 0:
        return pace
    pause = counted.start - pace.since if pace.since is not None else 0
    return replace(pace, rows_at=counted.end, since=counted.end, longest=max(pace.longest, pause))


def _whole(
    report: WindowReport, recorded: Recording, fitted: Fitted, segments: tuple[RecordedSegment, ...]
) -> Recorded:
    refused = recorded.rejected[: len(fitted.layout.features)]
    return Recorded(
        report.start,
        report.end,
        report.rows,
        recorded.cells or fitted.empty,
        recorded.truths,
        refused if any(refused) else (),
        fitted.of_all(report.repeated),
        fitted.sliced,
        segments,
    )


def _alarmed(watched: Watched, alarms: Sequence[tuple[Test, str, str]], at: int) -> Watched:
    found = [
        Alarm(watched.alarmed + number, at, test, watched.version, sentence, segment)
        for number, (test, sentence, segment) in enumerate(alarms, 1)
    ]
    return replace(watched, alarms=(*watched.alarms, *found)[-ALARMS:], alarmed=watched.alarmed + len(found))
