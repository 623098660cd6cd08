"""What ground truth says of what serves: harm that no later truth took back, in all rows or in a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mooring.reconcile.driftpolicy.numbers import factor, share, sign
from mooring.reconcile.driftpolicy.segments import ALL, also, part, within
from mooring.reconcile.driftseen import Alarm, DriftSeen, SegmentSeen
from mooring.stats.drift import HarmReport
from mooring.stats.drift.losses import TITLES

HarmTest = Literal["harm", "estimated"]


def current(known: DriftSeen) -> list[Alarm]:
    """Return the alarms about what serves, by the tests that are asked for now."""
    since = known.begun or 0
    return [item for item in known.alarms if item.version == known.version and item.at >= since]


def standing(known: DriftSeen, test: HarmTest) -> list[Alarm]:
    """Return the last alarm of all rows and of each segment, those that later truths took back left out."""
    last = {item.segment: item for item in current(known) if item.test == test}
    return [item for item in last.values() if not is_over(known, item)]


def gravest(alarms: Sequence[Alarm]) -> Alarm:
    """Return the alarm to tell of one or more: the last of all rows, or else the last."""
    return max(alarms, key=lambda item: (item.segment == ALL, item.number))


def sentence_of(alarms: Sequence[Alarm]) -> str:
    """Return one sentence for one or more alarms."""
    first = gravest(alarms)
    return first.sentence + also(item.segment for item in alarms if item is not first)


def is_over(known: DriftSeen, alarm: Alarm) -> bool:
    """Tell whether truths settled after an alarm, of the same rows, show losses that are allowed."""
    of = part(known, alarm.segment)
    if of is None or of.harm is None or of.harm_at is None:
        return False
    return of.harm_at > alarm.at and of.harm.state == "Quiet" and of.harm.rate <= of.harm.bound


def harm_numbers(harm: HarmReport) -> str:
    """Return what ground truth says, with its inequality."""
    return (
        f"{factor(harm.value)} {sign(harm.value, harm.alarm_at)}; {TITLES[harm.loss]} {share(harm.rate)} of "
        f"{harm.truths} truths, {share(harm.bound)} allowed"
    )


def most_harm(known: DriftSeen) -> str:
    """Return the segment with most evidence of harm, with its inequality; empty where none is known."""
    found = [(one.harm, one.name) for one in known.segments if one.harm is not None and _is_tested(one.harm)]
    if not found:
        return ""
    harm, name = max(found, key=lambda pair: pair[0].value / pair[0].alarm_at)
    return f"; most of {len(found)} segments in {name}: {harm_numbers(harm)}"


def _is_tested(harm: HarmReport) -> bool:
    return harm.state in ("Quiet", "Alarm")


def selective(known: DriftSeen) -> list[SegmentSeen]:
    """Return the segments whose labelled rows are unlike all of theirs."""
    return [one for one in known.segments if one.harm is not None and one.harm.state == "LabelsSelective"]


def selection(harm: HarmReport, segment: str = ALL) -> str:
    """Return how the labelled rows differ from all, and what to do."""
    return (
        f"the {harm.truths} predictions{within(segment)} with a truth are unlike all by {share(harm.distance)} of "
        f"score, after weighting: harm{within(segment)} is not known; send truths of all kinds of predictions"
    )


def losses_fell(known: DriftSeen, segment: str | None) -> str | None:
    """Return that losses are allowed again, with the numbers of a segment or of all rows."""
    of = part(known, segment)
    if of is None or of.harm is None:
        return None
    harm = of.harm
    what, numbers = f"{TITLES[harm.loss]}{within(segment)}", f"{harm.rate:.3g} of {harm.truths} truths"
    return f"{what} fell to {numbers}, {harm.bound:.3g} allowed"
