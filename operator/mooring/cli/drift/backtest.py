"""`kubectl mooring backtest`: what a policy would have done and cost over the windows that were kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.cli.drift.bundle import Bundle
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.replay import Replayed, replay
from mooring.reconcile.driftpolicy.numbers import factor, share, span
from mooring.reconcile.driftpolicy.rehearse import Rehearsal, rehearse
from mooring.reconcile.driftpolicy.seen import moment
from mooring.reconcile.driftpolicy.segments import within
from mooring.reconcile.driftseen import DriftSeen

STAMP = "%m-%d %H:%M:%S"
_GUARDS = ("Asked", "Gathering")


def backtested(bundle: Bundle, spec: DriftPolicySpec | None = None, run_seconds: float | None = None) -> str:
    """Return the replay as people read it; `spec` in place of the policy's own.

    Raises ValueError where recorded windows cannot be read by this version of Mooring.
    """
    seen = bundle.seen
    if spec is not None:
        seen = replace(seen, policy=seen.policy.model_copy(update={"spec": spec}))
    steps = list(replay(bundle.tape, Asked.of(seen.policy.spec)))
    if not steps:
        return "no window is kept yet: a policy keeps those that close, so let it watch for a while"
    rehearsed = rehearse(seen, [step.seen for step in steps], run_seconds)
    told = _sum(bundle, seen.policy.spec, steps, rehearsed)
    return "\n".join([*_windows(bundle, steps), "", *_turns(rehearsed), "", *told])


def _windows(bundle: Bundle, steps: list[Replayed]) -> Iterator[str]:
    widths = (16, 24, 9, 22, 22, 26)
    yield _row(("CLOSED", "VERSION", "ROWS", "INPUTS", "PREDICTIONS", "HARM"), widths)
    recorded = [(chapter.version, window) for chapter in bundle.tape.chapters for window in chapter.windows]
    for (version, window), step in zip(recorded, steps, strict=True):
        if not step.told:
            continue
        known = step.seen
        tiers = [known.window.inputs, known.window.predictions] if known.window is not None else []
        told = [f"{factor(one.value)} of {factor(one.alarm_at)}{_mark(one.state)}" for one in tiers] or ["", ""]
        harm = known.harm if known.harm is not None and known.harm_at == window.end else None
        lost = (
            f"{share(harm.rate)} ({factor(harm.value)} of {factor(harm.alarm_at)}){_mark(harm.state)}" if harm else ""
        )
        broken = (
            f" broken: {', '.join(one.column for one in known.window.broken)}"
            if known.window and known.window.broken
            else ""
        )
        at = f"{moment(window.end):{STAMP}}"
        yield _row((at, version, f"{window.rows}", *told, lost), widths) + broken
        yield from (f"{'':16}{alarm}" for alarm in _in_segments(known, window.end))


def _in_segments(known: DriftSeen, end: int) -> Iterator[str]:
    """Yield the alarms of segments at the end of a window."""
    for alarm in known.alarms:
        if alarm.segment and alarm.at == end:
            yield f"{alarm.test} in {alarm.segment} ALARM: {alarm.sentence}"


def _mark(state: str) -> str:
    return " ALARM" if state == "Alarm" else "" if state == "Quiet" else f" {state}"


def _row(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _turns(rehearsed: Rehearsal) -> Iterator[str]:
    if not rehearsed.turns:
        yield "it would have asked for nothing"
    for turn in rehearsed.turns:
        yield f"{turn.at:{STAMP}}  {turn.request} {turn.what}: {turn.sentence}"


def _unrecorded(bundle: Bundle, spec: DriftPolicySpec) -> Iterator[str]:
    """Yield what cannot be said of segments: windows are kept with those alone that were asked for then."""
    windows = [window for chapter in bundle.tape.chapters for window in chapter.windows]
    for segment in spec.segments:
        if lacking := sum(segment.column not in window.sliced for window in windows):
            yield (
                f"segments of {segment.column}: {lacking} of {len(windows)} windows were recorded without them (the "
                "policy did not ask for them then, or the version was not sliced by it): nothing is known of them there"
            )


def _sum(bundle: Bundle, spec: DriftPolicySpec, steps: list[Replayed], rehearsed: Rehearsal) -> Iterator[str]:
    first = bundle.tape.chapters[0].windows[0].start
    last = bundle.tape.chapters[-1].windows[-1].end
    alarms = Counter(
        f"{alarm.test}{within(alarm.segment)}"
        for alarm in {a.number: a for step in steps for a in step.seen.alarms}.values()
    )
    told = ", ".join(f"{count} of {test}" for test, count in sorted(alarms.items())) or "none"
    held = Counter(turn.what for turn in rehearsed.turns if turn.what not in _GUARDS)
    cost = span(rehearsed.retrains * rehearsed.run_seconds)
    yield f"{sum(step.told for step in steps)} windows in {span((last - first) / 1000)}; alarms: {told}"
    yield from _unrecorded(bundle, spec)
    if held:
        yield "held: " + ", ".join(f"{count} times by {guard}" for guard, count in sorted(held.items()))
    yield (
        f"retrains: at most {rehearsed.retrains}, {cost} of training ({span(rehearsed.run_seconds)} each): what was "
        "recorded was answered by the versions that served, so no run could end the reason for the next"
    )
