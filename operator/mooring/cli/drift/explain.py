"""`mooring drift explain BUNDLE`: makes a policy's decision again, from the file alone, and compares."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.cli.drift.bundle import Bundle
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.replay import replay
from mooring.reconcile.drift.tape import Tape
from mooring.reconcile.driftpolicy import explain
from mooring.reconcile.driftpolicy.seen import moment
from mooring.reconcile.driftpolicy.segments import within
from mooring.reconcile.driftseen import Alarm, DriftSeen

STAMP = "%Y-%m-%d %H:%M:%S"

Place = tuple[int, str, str]
"""The time, the test and the segment of an alarm: there is one of each."""


def explained(bundle: Bundle) -> tuple[str, bool]:
    """Return what is decided and why, line by line, and whether all that can be made again is as it was recorded."""
    decision = explain(bundle.seen, bundle.taken_at)
    alarms, same = compared(bundle)
    metadata = bundle.seen.policy.metadata
    lines = [
        f"DriftPolicy {metadata.namespace}/{metadata.name}, as of {bundle.taken_at:{STAMP}} UTC",
        decision,
        *_recorded(bundle, decision),
        *alarms,
    ]
    return "\n".join(lines), same


def _recorded(bundle: Bundle, decision: str) -> Iterator[str]:
    status = bundle.seen.policy.status
    if status.request is not None:
        yield f"recorded: {status.request.id} ({status.request.state}) at {status.request.at:{STAMP}} UTC"
    if status.last is not None:
        gain = f", gain {status.last.gain}" if status.last.gain is not None else ""
        yield f"before it: {status.last.id} {status.last.outcome}{gain}"


def compared(bundle: Bundle) -> tuple[list[str], bool]:
    """Return each alarm that is remembered, beside the same one computed anew from the windows of its evidence."""
    known = bundle.seen.drift
    if known is None or not known.alarms:
        return ["no alarm is remembered"], True
    today, before = recomputed(bundle, known), earlier(bundle)
    by_days = not Asked.of(bundle.seen.policy.spec).settings.as_they_come
    lines, same = [], True
    for alarm in known.alarms:
        of_today = today is not None and _is_of(alarm, known)
        found = (today if of_today and today is not None else before).get(_place(alarm))
        if found is not None and found.sentence == alarm.sentence:
            verdict = "computed anew from the recorded windows: the same"
        elif not of_today:
            verdict = "not computed anew: its windows are no longer kept, or are of other evidence than today's"
        elif alarm.test == "harm" and by_days:
            verdict = "not computed anew: days of truths are settled inside a window, which is kept in whole"
        else:
            verdict, same = f"COMPUTED ANEW: {found.sentence if found is not None else 'no alarm'}", False
        where = f"{alarm.test}{within(alarm.segment)}"
        told = f"alarm {alarm.number}, {moment(alarm.at):{STAMP}} UTC, {where}: {alarm.sentence}"
        lines += [told, f"  {verdict}"]
    return lines, same


def earlier(bundle: Bundle) -> dict[Place, Alarm]:
    """Return the alarms that all recorded windows give by today's settings, by place.

    Evidence may have begun before the first of them, or by other settings: what they do not give, says nothing.
    """
    return _alarms(bundle, bundle.tape)


def _is_of(alarm: Alarm, known: DriftSeen) -> bool:
    return alarm.version == known.version and known.begun is not None and alarm.at > known.begun


def recomputed(bundle: Bundle, known: DriftSeen) -> dict[Place, Alarm] | None:
    """Return the alarms that today's evidence gives, by place; None where its first windows are not kept."""
    if known.begun is None:
        return None
    tape = bundle.tape.since(known.begun)
    if not tape.chapters or tape.chapters[0].windows[0].start != known.begun or len(tape.chapters) > 1:
        return None
    return _alarms(bundle, tape)


def _place(alarm: Alarm) -> Place:
    return alarm.at, alarm.test, alarm.segment


def _alarms(bundle: Bundle, tape: Tape) -> dict[Place, Alarm]:
    found: dict[Place, Alarm] = {}
    for step in replay(tape, Asked.of(bundle.seen.policy.spec)):
        found |= {_place(alarm): alarm for alarm in step.seen.alarms}
    return found
