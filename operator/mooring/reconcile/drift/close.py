"""Testing what closes: slots into the window, a window into evidence, evidence into alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mooring.ledger.slots import PATIENCE_SECONDS, Closed, close
from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.sentences import foretold, harmed, moved, shifted
from mooring.reconcile.drift.tally import Outcome, Tally, plus
from mooring.reconcile.drift.watch import ALARMS, SLOT, WATCHED, Pace, Recording, Watched, asked_anew
from mooring.reconcile.driftseen import Alarm, Test
from mooring.stats.drift import Counted, Evidence, HarmReport, Truth, WindowReport

_WINDOWS = 8
"""By which the usual pause is known."""
_ZERO = Tally()


@dataclass(frozen=True)
class Turned:
    """The watch after what closed."""

    watched: Watched
    windows: tuple[Counted, ...] = ()
    """Those that closed, with the cells of all features."""
    told: bool = False
    """A window closed, or truths were settled: somebody should hear of it."""


def turn(watched: Watched, fitted: Fitted, now: float, patience: float = PATIENCE_SECONDS) -> Turned:
    """Return the watch with every slot tested that is complete, or will not be; `now` in seconds by the wall clock."""
    if watched.drift is not None and watched.drift.key != fitted.watch.key:
        watched = asked_anew(watched, watched.asked, now, "another release of Mooring tests in another way")
    slots, closed = close(watched.slots, now, patience)
    watched = replace(watched, slots=slots, drift=fitted.watch.resume(watched.drift))
    windows: list[Counted] = []
    told = False
    for slot in closed:
        counted, tally = _counted(slot, fitted), slot.counts.get(WATCHED, _ZERO)
        paced = replace(watched, pace=_paced(watched.pace, counted))
        turned = tested(paced, fitted, counted, _recorded(watched.recording, tally, counted))
        watched, told = turned.watched, told or turned.told
        windows += turned.windows
    return Turned(watched, tuple(windows), told)


def tested(watched: Watched, fitted: Fitted, counted: Counted, recorded: Recording) -> Turned:
    """Return the watch after one interval; `recorded` is the open window, this interval included."""
    folded = fitted.watch.fold(watched.drift or fitted.watch.resume(None), counted)
    watched = replace(watched, drift=folded.state, recording=recorded)
    if folded.harm is not None:
        watched = _settled(watched, fitted, folded.harm, counted.end)
    if folded.window is None:
        return Turned(watched, told=folded.harm is not None)
    return Turned(_windowed(watched, fitted, folded.window), (_whole(folded.window, recorded, fitted),), told=True)


def _counted(slot: Closed[Tally], fitted: Fitted) -> Counted:
    """Return what is tested of a slot."""
    tally = slot.counts.get(WATCHED, _ZERO)
    cells = None if WATCHED in slot.missing else fitted.cells(tally.cells or fitted.empty)
    truths = _truths(counts.truths for counts in slot.counts.values())
    start, end = (slot.slot - 1) * SLOT, slot.slot * SLOT
    if cells is None:
        return Counted(start, end, 0, None, truths)
    return Counted(start, end, tally.rows, cells, truths, fitted.rejected(tally.rejected))


def _truths(told: Iterable[Mapping[Outcome, int]]) -> tuple[Truth, ...]:
    found: Counter[Outcome] = Counter()
    for each in told:
        found.update(each)
    return tuple(Truth(*outcome, count) for outcome, count in sorted(found.items()))


def _recorded(recording: Recording, tally: Tally, counted: Counted) -> Recording:
    known = counted.cells is not None
    return Recording(
        plus(recording.cells, tally.cells) if known else recording.cells,
        plus(recording.rejected, tally.rejected) if known else recording.rejected,
        _truths(map(_by_outcome, (recording.truths, counted.truths))) if counted.truths else recording.truths,
    )


def _by_outcome(truths: Iterable[Truth]) -> dict[Outcome, int]:
    return {Outcome(*truth[:3]): truth.rows for truth in truths}


def _paced(pace: Pace, counted: Counted) -> Pace:
    if counted.cells is None:
        return replace(pace, since=counted.end)  # there may have been rows
    if counted.rows == 0:
        return pace
    pause = counted.start - pace.since if pace.since is not None else 0
    return replace(pace, rows_at=counted.end, since=counted.end, longest=max(pace.longest, pause))


def _whole(report: WindowReport, recorded: Recording, fitted: Fitted) -> Counted:
    cells, rejected = recorded.cells or fitted.empty, recorded.rejected[: len(fitted.layout.features)]
    repeated = fitted.of_all(report.repeated)
    return Counted(report.start, report.end, report.rows, cells, recorded.truths, rejected or None, repeated)


def _windowed(watched: Watched, fitted: Fitted, report: WindowReport) -> Watched:
    """Return the watch after a window closed."""
    found: list[tuple[Test, Evidence, str]] = [
        ("inputs", report.inputs, moved(report, fitted)),
        ("predictions", report.predictions, shifted(report, fitted)),
        ("estimated", report.estimated, foretold(report, fitted)),
    ]
    alarms = [(test, sentence) for test, evidence, sentence in found if evidence.state == "Alarm"]
    watched = _alarmed(watched, alarms, report.end)
    shown = any(test != "estimated" for test, _ in alarms)
    beyond = shown or (watched.findings.streak > 0 and any(report.beyond))
    findings = replace(
        watched.findings,
        window=report,
        streak=watched.findings.streak + 1 if beyond else 0,
        rejected=watched.recording.rejected,
    )
    pace = replace(watched.pace, longest=0, before=(*watched.pace.before, watched.pace.longest)[-_WINDOWS:])
    return replace(watched, findings=findings, pace=pace, recording=Recording())


def _settled(watched: Watched, fitted: Fitted, report: HarmReport, end: int) -> Watched:
    """Return the watch after truths were settled."""
    findings = watched.findings
    watched = replace(watched, findings=replace(findings, harm=report, harm_at=end, settled=findings.settled + 1))
    return _alarmed(watched, [("harm", harmed(report, fitted))] if report.state == "Alarm" else [], end)


def _alarmed(watched: Watched, alarms: Sequence[tuple[Test, str]], at: int) -> Watched:
    found = [
        Alarm(watched.alarmed + number, at, test, watched.version, sentence)
        for number, (test, sentence) in enumerate(alarms, 1)
    ]
    return replace(watched, alarms=(*watched.alarms, *found)[-ALARMS:], alarmed=watched.alarmed + len(found))
