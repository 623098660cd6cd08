"""What the evidence says of what serves: broken data, drift, harm, selective truths. Not knowing is Unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mooring.reconcile.conditions import Truth
from mooring.reconcile.driftpolicy.harmful import harm_numbers, most_harm, selection, selective, sentence_of, standing
from mooring.reconcile.driftpolicy.moved import broken, drifting, inequalities, most_moved, others, tiers, tops, where
from mooring.reconcile.driftpolicy.numbers import share, span
from mooring.reconcile.driftpolicy.seen import Seen, moment
from mooring.reconcile.driftpolicy.segments import against, all_rows, within
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen

Aspect = Literal["DataQualityBroken", "Drifted", "Harmful", "LabelsSelective"]
ASPECTS: tuple[Aspect, ...] = ("DataQualityBroken", "Drifted", "Harmful", "LabelsSelective")

SILENT_TIMES = 3
SILENT_SECONDS = 120
"""A stream is silent after three times its longest usual pause, and never sooner than two minutes."""
BROKEN = "BrokenColumns"
"""The reason for which training is held."""


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


def silent_at(known: DriftSeen) -> datetime | None:
    """Return when a stream that used to speak counts as silent."""
    if known.last_rows_at is None or known.usual_gap_seconds is None:
        return None
    pause = max(SILENT_TIMES * known.usual_gap_seconds, SILENT_SECONDS)
    return moment(known.last_rows_at) + timedelta(seconds=pause)


def _quality(known: DriftSeen, now: datetime) -> Finding:
    window, silence, faults = known.window, silent_at(known), broken(known)
    if faults is not None:
        return Finding("DataQualityBroken", "True", BROKEN, f"{faults}; training is held until a clean window")
    if silence is not None and silence <= now and known.last_rows_at is not None:
        usual, since = span(known.usual_gap_seconds or 0), moment(known.last_rows_at)
        told = f"no prediction was counted since {since:%Y-%m-%d %H:%M} UTC; the longest usual pause is {usual}"
        return Finding("DataQualityBroken", "True", "Silent", told)
    if window is None:
        return Finding("DataQualityBroken", "Unknown", "NoWindow", _no_window(known))
    return Finding("DataQualityBroken", "False", "Clean", f"no column is broken in {window.rows} rows {against(known)}")


def _drifted(known: DriftSeen) -> Finding:
    if found := drifting(known):
        return Finding("Drifted", "True", "BeyondFloor", _in_a_row(known, found))
    window = known.window
    if window is None:
        return Finding("Drifted", "Unknown", "NoWindow", _no_window(known))
    on = where(known, all_rows(known), window)
    if all(item.state == "Unknown" for item in tiers(window)):
        return Finding("Drifted", "Unknown", "NothingComparable", f"nothing could be compared {on}")
    told = f"evidence of drift: {inequalities(window)} {on}{most_moved(known)}"
    return Finding("Drifted", "False", "Quiet", told)


def _in_a_row(known: DriftSeen, found: list[SegmentSeen]) -> str:
    first = found[0]
    window = first.window
    told = f"{tops(window)}{inequalities(window)} {where(known, first, window)}" if window is not None else ""
    return f"{first.streak} windows in a row{within(first.name)}; {told}{others(found)}"


def _harmful(known: DriftSeen) -> Finding:
    harm = known.harm
    if alarms := standing(known, "harm"):
        return Finding("Harmful", "True", "Alarm", sentence_of(alarms))
    if harm is None:
        if foretold := standing(known, "estimated"):
            return Finding("Harmful", "Unknown", "Estimated", f"no truth came; {sentence_of(foretold)}")
        return Finding("Harmful", "Unknown", "NoTruths", f"no truths were settled for {known.version}, of 1 or more")
    if harm.state == "LabelsSelective":
        return Finding("Harmful", "Unknown", "LabelsSelective", selection(harm))
    if harm.state == "Unknown":
        return Finding("Harmful", "Unknown", "NothingComparable", f"{harm.truths} truths, and nothing to compare with")
    numbers = f"evidence of harm: {harm_numbers(harm)} {against(known)}{most_harm(known)}"
    return Finding("Harmful", "False", "Quiet", numbers)


def _selective(known: DriftSeen) -> Finding:
    harm, segments = known.harm, selective(known)
    if harm is not None and harm.state == "LabelsSelective":
        return Finding("LabelsSelective", "True", "Selective", selection(harm))
    if segments and segments[0].harm is not None:
        first = segments[0].harm
        told = f"{selection(first, segments[0].name)}{others(segments)}"
        return Finding("LabelsSelective", "True", "SelectiveSegment", told)
    if harm is None:
        return Finding("LabelsSelective", "Unknown", "NoTruths", f"no truths were settled for {known.version}")
    alike = f"the {harm.truths} predictions with a truth are like all by {share(harm.distance)}"
    return Finding("LabelsSelective", "False", "Alike", alike)


def _no_window(known: DriftSeen) -> str:
    return f"the first window of {known.version} has {known.window_rows} rows, and is not over"
