"""What the evidence says of what serves: broken data, drift, harm, selective truths. Not knowing is Unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mooring.reconcile.conditions import Truth
from mooring.reconcile.driftpolicy.numbers import factor, share, span
from mooring.reconcile.driftpolicy.seen import Seen, moment
from mooring.reconcile.driftseen import Alarm, DriftSeen
from mooring.stats.drift import Broken, HarmReport, WindowReport
from mooring.stats.drift.losses import TITLES

Aspect = Literal["DataQualityBroken", "Drifted", "Harmful", "LabelsSelective"]
ASPECTS: tuple[Aspect, ...] = ("DataQualityBroken", "Drifted", "Harmful", "LabelsSelective")

SILENT_TIMES = 3
SILENT_SECONDS = 120
"""A stream is silent after three times its longest usual pause, and never sooner than two minutes."""
BROKEN = "BrokenColumns"
"""The reason for which training is held."""
_NAMED = 5
_FAULTS = {
    "Missing": "missing",
    "Unseen": "of categories never seen",
    "OutOfRange": "out of range",
    "Refused": "refused by the model (null, type, or category)",
}


@dataclass(frozen=True)
class Finding:
    """One aspect of what is watched."""

    aspect: Aspect
    status: Truth
    reason: str
    message: str


def findings(seen: Seen, now: datetime) -> tuple[Finding, ...]:
    """Return what is known of each aspect; as before where the observer has brought nothing yet after a restart."""
    known = seen.evidence
    if known is not None:
        return (_quality(known, now), _drifted(known), _harmful(known), _selective(known))
    before = {item.type: item for item in seen.policy.status.conditions}
    reference = seen.policy.status.reference
    if seen.serves is not None and reference is not None and reference.version == seen.serves:
        kept = [(aspect, before[aspect]) for aspect in ASPECTS if aspect in before]
        return tuple(Finding(aspect, item.status, item.reason, item.message) for aspect, item in kept)
    told = f"nothing was counted of {seen.serves} yet" if seen.serves is not None else "nothing serves yet"
    return tuple(Finding(aspect, "Unknown", "NothingCounted", told) for aspect in ASPECTS)


def against(known: DriftSeen) -> str:
    """Return the reference in words."""
    return f"against {known.version} ({known.rows} rows)"


def broken(window: WindowReport) -> str:
    """Return what is broken in a window, by column, with its numbers."""
    told = [_fault(item) for item in window.broken[:_NAMED]]
    more = len(window.broken) - _NAMED
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])]) + f" in {window.rows} rows"


def _fault(item: Broken) -> str:
    return f"{item.column}: {share(item.share)} {_FAULTS[item.fault]} > {share(item.bound)}"


def silent_at(known: DriftSeen) -> datetime | None:
    """Return when a stream that used to speak counts as silent."""
    if known.last_rows_at is None or known.usual_gap_seconds is None:
        return None
    pause = max(SILENT_TIMES * known.usual_gap_seconds, SILENT_SECONDS)
    return moment(known.last_rows_at) + timedelta(seconds=pause)


def _quality(known: DriftSeen, now: datetime) -> Finding:
    window, silence = known.window, silent_at(known)
    if window is not None and window.broken:
        told = f"{broken(window)}; training is held until a clean window"
        return Finding("DataQualityBroken", "True", BROKEN, told)
    if silence is not None and silence <= now and known.last_rows_at is not None:
        usual, since = span(known.usual_gap_seconds or 0), moment(known.last_rows_at)
        told = f"no prediction was counted since {since:%Y-%m-%d %H:%M} UTC; the longest usual pause is {usual}"
        return Finding("DataQualityBroken", "True", "Silent", told)
    if window is None:
        return Finding("DataQualityBroken", "Unknown", "NoWindow", _no_window(known))
    return Finding("DataQualityBroken", "False", "Clean", f"no column is broken in {window.rows} rows {against(known)}")


def _drifted(known: DriftSeen) -> Finding:
    window = known.window
    if window is None:
        return Finding("Drifted", "Unknown", "NoWindow", _no_window(known))
    both = (window.inputs, window.predictions)
    told = ", ".join(f"{item.test} {factor(item.value)} {sign(item.value, item.alarm_at)}" for item in both)
    where = f"on {window.rows} rows {against(known)}"
    if known.streak:
        return Finding(
            "Drifted", "True", "BeyondFloor", f"{known.streak} windows in a row; {tops(window)}{told} {where}"
        )
    if all(item.state == "Unknown" for item in both):
        return Finding("Drifted", "Unknown", "NothingComparable", f"nothing could be compared {where}")
    return Finding("Drifted", "False", "Quiet", f"evidence of drift: {told} {where}")


def sign(value: float, alarm_at: float) -> str:
    """Return an inequality's right side."""
    return f"{'>=' if value >= alarm_at else '<'} {factor(alarm_at)}"


def tops(window: WindowReport) -> str:
    """Return the features, or scores and labels, that moved most, with their distances."""
    named = [f"{item.column} {share(item.effect)} {item.direction}" for item in (*window.top, *window.moved)[:3]]
    return f"{', '.join(named)}; " if named else ""


def current(known: DriftSeen) -> list[Alarm]:
    """Return the alarms about what serves, by the tests that are asked for now."""
    since = known.begun or 0
    return [item for item in known.alarms if item.version == known.version and item.at >= since]


def harm_alarm(known: DriftSeen) -> Alarm | None:
    """Return the last alarm of ground truth about this version that no later truth took back."""
    alarms = [item for item in current(known) if item.test == "harm"]
    return alarms[-1] if alarms and not is_over(known, alarms[-1]) else None


def is_over(known: DriftSeen, alarm: Alarm) -> bool:
    """Tell whether truths settled after an alarm show losses that are allowed."""
    harm = known.harm
    later = known.harm_at is not None and known.harm_at > alarm.at
    return later and harm is not None and harm.state == "Quiet" and harm.rate <= harm.bound


def _harmful(known: DriftSeen) -> Finding:
    harm, alarm = known.harm, harm_alarm(known)
    if alarm is not None:
        return Finding("Harmful", "True", "Alarm", alarm.sentence)
    if harm is None:
        foretold = [item for item in current(known) if item.test == "estimated"]
        if foretold:
            return Finding("Harmful", "Unknown", "Estimated", f"no truth came; {foretold[-1].sentence}")
        return Finding("Harmful", "Unknown", "NoTruths", f"no truths were settled for {known.version}, of 1 or more")
    if harm.state == "LabelsSelective":
        return Finding("Harmful", "Unknown", "LabelsSelective", _selection(harm))
    if harm.state == "Unknown":
        return Finding("Harmful", "Unknown", "NothingComparable", f"{harm.truths} truths, and nothing to compare with")
    return Finding("Harmful", "False", "Quiet", harm_numbers(harm, known))


def harm_numbers(harm: HarmReport, known: DriftSeen) -> str:
    """Return what ground truth says, with its inequality."""
    return (
        f"evidence of harm: {factor(harm.value)} {sign(harm.value, harm.alarm_at)}; {TITLES[harm.loss]} "
        f"{share(harm.rate)} of {harm.truths} truths, {share(harm.bound)} allowed {against(known)}"
    )


def _selective(known: DriftSeen) -> Finding:
    harm = known.harm
    if harm is None:
        return Finding("LabelsSelective", "Unknown", "NoTruths", f"no truths were settled for {known.version}")
    if harm.state == "LabelsSelective":
        return Finding("LabelsSelective", "True", "Selective", _selection(harm))
    told = f"the {harm.truths} predictions with a truth are like all by {share(harm.distance)}"
    return Finding("LabelsSelective", "False", "Alike", told)


def _selection(harm: HarmReport) -> str:
    return (
        f"the {harm.truths} predictions with a truth are unlike all by {share(harm.distance)} of score, after "
        "weighting: harm is not known; send truths of all kinds of predictions"
    )


def _no_window(known: DriftSeen) -> str:
    return f"the first window of {known.version} has {known.window_rows} rows, and is not over"
