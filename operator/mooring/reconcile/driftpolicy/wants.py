"""What triggers ask for: evidence and time against the spec, before any guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mooring.api.driftpolicy import Trigger, TriggerType
from mooring.api.driftstatus import Action, DataStatus
from mooring.reconcile.driftpolicy import listing, schedule
from mooring.reconcile.driftpolicy.harmful import gravest, sentence_of, standing
from mooring.reconcile.driftpolicy.moved import drifting, others, tiers, tops
from mooring.reconcile.driftpolicy.numbers import factor, span
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.segments import ALL, against, within
from mooring.reconcile.driftseen import Alarm, DriftSeen, SegmentSeen

WINDOWS = 3


@dataclass(frozen=True)
class Want:
    """A reason to ask, by one trigger."""

    trigger: TriggerType
    action: Action
    reason: str
    """The inequality that fired, with its numbers."""
    fresh: bool = False
    """It happened once (an alarm, a time), rather than being so still."""
    due: datetime | None = None
    """Schedule: the time."""
    estimated: bool = False
    """By an estimate alone."""
    segment: str = ALL
    """Where the evidence is."""


def wants(
    seen: Seen, now: datetime, *, decided: int, scheduled: datetime, data: DataStatus | None = None
) -> tuple[Want, ...]:
    """Return what there is reason for, the gravest first.

    `decided`: the number of the last alarm that was decided on; `scheduled`: times up to this one were decided on.
    """
    triggers = {trigger.type: trigger for trigger in seen.policy.spec.active_triggers}
    found = [*_wants(seen, triggers, now, decided, scheduled)]
    if "NewData" in triggers and seen.serves is not None and (told := listing.news(seen, data)) is not None:
        found.append(Want("NewData", "Retrain", told, fresh=True))
    return tuple(found)


def _wants(
    seen: Seen, triggers: dict[TriggerType, Trigger], now: datetime, decided: int, scheduled: datetime
) -> Iterator[Want]:
    known = seen.evidence
    if known is not None and "Harm" in triggers:
        yield from _harm(seen, known, decided)
    if known is not None and "InputDrift" in triggers:
        yield from _drift(known, triggers["InputDrift"])
    if "MaxAge" in triggers:
        yield from _age(seen, triggers["MaxAge"], now)
    for trigger in seen.policy.spec.active_triggers:
        if trigger.type == "Schedule" and schedule.fault(trigger) is None and seen.serves is not None:
            due = schedule.last_due(trigger, scheduled, now)
            if due is not None:
                yield Want("Schedule", "Retrain", _is_due(trigger, due, now), fresh=True, due=due)


def _harm(seen: Seen, known: DriftSeen, decided: int) -> Iterator[Want]:
    """Yield one want for all alarms of a tier that are not decided on, whatever segments they are of."""
    if proven := [item for item in standing(known, "harm") if item.number > decided]:
        yield _by_alarms(seen, proven)
    foretold = [item for item in standing(known, "estimated") if item.number > decided]
    if foretold and seen.policy.spec.harm.estimated != "Report":
        yield _by_alarms(seen, foretold, estimated=True)


def _by_alarms(seen: Seen, alarms: Sequence[Alarm], *, estimated: bool = False) -> Want:
    segment = gravest(alarms).segment
    return Want("Harm", harm_action(seen), sentence_of(alarms), fresh=True, estimated=estimated, segment=segment)


def harm_action(seen: Seen) -> Action:
    """Return what harm asks for: to go back while the deployment still watches its new version."""
    watched = seen.deployment is not None and seen.deployment.status.previous is not None
    return "Rollback" if watched and seen.policy.spec.on_harm_after_promotion == "Rollback" else "Retrain"


def _drift(known: DriftSeen, trigger: Trigger) -> Iterator[Want]:
    least = trigger.consecutive_windows or WINDOWS
    found = drifting(known, least)
    window = found[0].window if found else None
    if window is None:
        return
    first = found[0]
    both = ", ".join(f"{item.test} {factor(item.value)}" for item in tiers(window))
    reason = (
        f"drift{within(first.name)} in {first.streak} windows in a row >= {least}: {tops(window)}evidence {both} "
        f"on the last {window.rows} rows {against(known, first)}{others(found)}"
    )
    yield Want("InputDrift", "Retrain", reason, segment=first.name)


def is_drifting(of: SegmentSeen, trigger: Trigger) -> bool:
    """Tell whether drift of all rows, or of a segment, lasts long enough for its trigger."""
    return of.window is not None and of.streak >= (trigger.consecutive_windows or WINDOWS)


def _age(seen: Seen, trigger: Trigger, now: datetime) -> Iterator[Want]:
    due = comes_of_age(seen, trigger)
    if due is not None and due <= now:
        limit = trigger.seconds or 0
        recorded = due - timedelta(seconds=limit)
        reason = (
            f"{seen.serves} was recorded {recorded:%Y-%m-%d %H:%M} UTC, more than {span(limit)} ago (MaxAge {limit} s)"
        )
        yield Want("MaxAge", "Retrain", reason)


def comes_of_age(seen: Seen, trigger: Trigger) -> datetime | None:
    """Return when the version that serves is older than its trigger allows."""
    record = seen.version(seen.serves)
    made = record.metadata.creation_timestamp if record is not None else None
    return made + timedelta(seconds=trigger.seconds or 0) if made is not None else None


def _is_due(trigger: Trigger, due: datetime, now: datetime) -> str:
    late = (now - due).total_seconds()
    waited = f", {span(late)} ago: times that nobody was there for count once" if late >= 120 else ""
    zone = trigger.time_zone or schedule.DEFAULT_ZONE
    return f"schedule {trigger.cron!r} ({zone}) was due {due:%Y-%m-%d %H:%M} UTC{waited}"
