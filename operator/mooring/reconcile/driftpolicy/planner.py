"""The plan for a DriftPolicy: its own status, where its request stands, and a Job where data is to be listed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import DriftPolicyStatus
from mooring.reconcile.conditions import name_conflict, shorten
from mooring.reconcile.driftpolicy import classifying, listing, schedule
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.decide import decide
from mooring.reconcile.driftpolicy.findings import ASPECTS, silent_at
from mooring.reconcile.driftpolicy.runs import MONTH, in_month
from mooring.reconcile.driftpolicy.seen import Seen, look
from mooring.reconcile.driftpolicy.status import compose
from mooring.reconcile.driftpolicy.wants import comes_of_age
from mooring.reconcile.plan import Cache, Event, Key, Object, Plan

_STORM = timedelta(seconds=60)
"""How often a held storm is looked at again: what other namespaces do wakes nobody here."""


class DriftPolicyPlanner:
    """Plans DriftPolicies."""

    kind = "DriftPolicy"

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        """Return what should be done about a DriftPolicy."""
        seen = look(key, cache, config)
        return plan(seen, now) if seen is not None else None

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        """Return the status that says that somebody else's object holds a name."""
        found = cache.get(key.kind, key.namespace, key.name)
        if found is None:
            return None
        policy = DriftPolicy.model_validate(found)
        return name_conflict(key.kind, policy.metadata, policy.status, taken, now)


def plan(seen: Seen, now: datetime) -> Plan:
    """Return the plan for what is seen."""
    decision = decide(seen, now)
    status = compose(seen, decision, now)
    moments = [*_moments(seen, decision.course, now), classifying.due(seen, status.classifier)]
    ahead = [(moment - now).total_seconds() for moment in moments if moment is not None and moment > now]
    return Plan(
        writes=(
            *listing.look_again(seen, decision.course.data, now),
            *classifying.look_again(seen, status.classifier, now),
        ),
        status=status.to_json(),
        requeue_after=max(0.0, min(ahead)) + 0.1 if ahead else None,
        events=(
            *_turns(seen, status),
            *classifying.turns(seen.policy.status.classifier, status.classifier),
            *decision.course.events,
        ),
    )


def _moments(seen: Seen, course: Course, now: datetime) -> Iterator[datetime]:
    """Yield when time alone may change the plan."""
    for moment in _all_moments(seen, course, now):
        if moment > now:
            yield moment


def _all_moments(seen: Seen, course: Course, now: datetime) -> Iterator[datetime]:
    held = course.suppressed
    if held is not None and held.until is not None:
        yield held.until
    if (again := listing.due(seen, course.data)) is not None:
        yield again
    if held is not None and held.reason == "Storm":
        yield now + _STORM
    if (months := in_month(seen, now)) and seen.policy.spec.retrain is not None:
        yield months[0] + MONTH
    if seen.evidence is not None and (silence := silent_at(seen.evidence)) is not None:
        yield silence
    for trigger in seen.policy.spec.active_triggers:
        if trigger.type == "MaxAge" and (due := comes_of_age(seen, trigger)) is not None:
            yield due
        if trigger.type == "Schedule" and schedule.fault(trigger) is None:
            yield schedule.next_due(trigger, now) or now


def _turns(seen: Seen, status: DriftPolicyStatus) -> Iterator[Event]:
    """Yield an event for each aspect that became true or ceased to be, and for each thing to put right."""
    before = {item.type: item for item in seen.policy.status.conditions}
    for item in status.conditions:
        old = before.get(item.type)
        was = old is not None and old.status == "True"
        if item.type in ASPECTS and (item.status == "True") != was:
            kind = f"{item.type}Ended" if was else item.type
            yield Event("Normal" if was else "Warning", kind, shorten(item.message))
        if item.type == "Stalled" and item.status == "True" and (old is None or old.reason != item.reason):
            yield Event("Warning", item.reason, shorten(_ready_message(status)))


def _ready_message(status: DriftPolicyStatus) -> str:
    return next((item.message for item in status.conditions if item.type == "Ready"), "")
