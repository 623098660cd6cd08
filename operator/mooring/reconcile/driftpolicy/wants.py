"""What triggers ask for: evidence and time against the spec, before any guard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mooring.api.driftpolicy import Trigger, TriggerType
from mooring.api.driftstatus import Action, DataStatus
from mooring.reconcile.driftpolicy import listing, schedule
from mooring.reconcile.driftpolicy.findings import against, current, harm_alarm, is_over, tops
from mooring.reconcile.driftpolicy.numbers import factor, span
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftseen import Alarm, DriftSeen

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
    fresh = [item for item in current(known) if item.number > decided]
    proven = [item for item in fresh if item.test == "harm"]
    if proven and harm_alarm(known) is not None:
        yield _by_alarm(seen, proven[-1])
    foretold = [item for item in fresh if item.test == "estimated"]
    if foretold and seen.policy.spec.harm.estimated != "Report" and not is_over(known, foretold[-1]):
        yield _by_alarm(seen, foretold[-1], estimated=True)


def _by_alarm(seen: Seen, alarm: Alarm, *, estimated: bool = False) -> Want:
    return Want("Harm", harm_action(seen), alarm.sentence, fresh=True, estimated=estimated)


def harm_action(seen: Seen) -> Action:
    """Return what harm asks for: to go back while the deployment still watches its new version."""
    watched = seen.deployment is not None and seen.deployment.status.previous is not None
    return "Rollback" if watched and seen.policy.spec.on_harm_after_promotion == "Rollback" else "Retrain"


def _drift(known: DriftSeen, trigger: Trigger) -> Iterator[Want]:
    least, window = trigger.consecutive_windows or WINDOWS, known.window
    if window is None or known.streak < least:
        return
    both = ", ".join(f"{item.test} {factor(item.value)}" for item in (window.inputs, window.predictions))
    reason = (
        f"drift in {known.streak} windows in a row >= {least}: {tops(window)}evidence {both} "
        f"on the last {window.rows} rows {against(known)}"
    )
    yield Want("InputDrift", "Retrain", reason)


def is_drifting(known: DriftSeen, trigger: Trigger) -> bool:
    """Tell whether drift lasts long enough for its trigger."""
    return known.window is not None and known.streak >= (trigger.consecutive_windows or WINDOWS)


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
