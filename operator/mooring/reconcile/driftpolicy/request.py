"""A request's life until somebody acts on it: opened, merged with what comes later, expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mooring.api.driftpolicy import Trigger
from mooring.api.driftstatus import LastStatus, Outcome, RequestStatus
from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.follow import is_under_way
from mooring.reconcile.driftpolicy.gain import loss, metric_of
from mooring.reconcile.driftpolicy.harmful import is_over, losses_fell
from mooring.reconcile.driftpolicy.runs import request_id
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.segments import ALL, is_watched, part, within
from mooring.reconcile.driftpolicy.wants import Want, is_drifting, wants
from mooring.reconcile.driftseen import DriftSeen

_GRAVITY = ("Harm", "InputDrift", "MaxAge", "NewData", "Schedule")
"""Triggers, the gravest first."""


def expire(seen: Seen, course: Course, now: datetime) -> Course:
    """Return the course without its request, where the reason for it is gone."""
    request = course.request
    if request is None or seen.policy.spec.suspend:
        return course
    if (why := _why_gone(seen, request)) is not None:
        return _end(course, request, "Expired", why, now)
    if request.action == "Rollback" and seen.deployment is not None and seen.deployment.status.previous is None:
        return _train_instead(seen, course, request, now)
    return course


def _why_gone(seen: Seen, request: RequestStatus) -> str | None:
    triggers = {trigger.type: trigger for trigger in seen.policy.spec.active_triggers}
    trigger = next((found for name, found in triggers.items() if name == request.trigger), None)
    if trigger is None:
        return f"trigger {request.trigger} was removed"
    if seen.serves is not None and request.version != seen.serves:
        return f"{seen.serves} serves in place of {request.version}"
    if not is_watched(seen.policy.spec, request.segment):
        return f"{request.segment} is not watched apart any more"
    return _why_over(request, trigger, seen.evidence) if seen.evidence is not None else None


def _why_over(request: RequestStatus, trigger: Trigger, known: DriftSeen) -> str | None:
    """Return why evidence of now gives no reason any more: drift of the same rows ended; harm did wherever it was."""
    of = part(known, request.segment)
    if request.trigger == "InputDrift" and of is not None and of.window is not None and not is_drifting(of, trigger):
        lasted = f"drift{within(request.segment)} lasted for {of.streak} windows in a row"
        return f"{lasted} at the last one of {of.window.rows} rows"
    alarms = [item for item in known.alarms if item.test in ("harm", "estimated") and item.version == known.version]
    if request.trigger == "Harm" and alarms and all(is_over(known, item) for item in alarms):
        return losses_fell(known, request.segment)
    return None


def _end(course: Course, request: RequestStatus, outcome: Outcome, why: str, now: datetime) -> Course:
    """Return the course without its request; what became of the last run is kept while that is still open."""
    last = course.last
    is_open = last is not None and last.outcome in ("Waiting", "Promoted") and last.helped is None
    if not is_open or request.state == "Asked":
        last = LastStatus(
            id=request.id,
            action=request.action,
            trigger=request.trigger,
            outcome=outcome,
            at=now.replace(microsecond=0),
            version=request.version if request.action == "Rollback" else None,
            segment=request.segment,
            loss=request.loss,
            overall_loss=request.overall_loss,
            metric=request.metric,
        )
    ended = replace(course, request=None, suppressed=None, last=last)
    return ended.tell("Normal", f"Request{outcome}", f"{request.id}: {why}")


def _train_instead(seen: Seen, course: Course, request: RequestStatus, now: datetime) -> Course:
    """Return the course with a request for training: the deployment watches its version no more."""
    outcome: Outcome = "Refused" if request.state == "Asked" else "Expired"
    told = f"{seen.policy.spec.deployment} has nothing to return to any more: training is asked for"
    ended = _end(course, request, outcome, told, now)
    estimated, segment = bool(request.estimated), request.segment or ALL
    want = Want("Harm", "Retrain", request.reason, fresh=True, estimated=estimated, segment=segment)
    return _opened(seen, ended, want, now)


def open_request(seen: Seen, course: Course, now: datetime) -> Course:
    """Return the course with a request, where there is reason for one; each alarm and each time is decided on once.

    While the last run is under way nothing is decided on: what it makes may be the answer.
    """
    if seen.policy.spec.suspend or is_under_way(seen, course.last):
        return course
    found = wants(seen, now, decided=course.alarm, scheduled=course.scheduled, data=course.data)
    numbers = [item.number for item in seen.evidence.alarms] if seen.evidence is not None else []
    dues = [want.due for want in found if want.due is not None]
    course = replace(course, alarm=max([course.alarm, *numbers]), scheduled=max([course.scheduled, *dues]))
    if not found:
        return course
    course = _decided_on_data(course, found)
    request = course.request
    if request is None:
        return _opened(seen, course, found[0], now)
    if request.state != "Asked" and _GRAVITY.index(found[0].trigger) < _GRAVITY.index(request.trigger):
        told = f"{found[0].trigger} is a graver reason than {request.trigger}"
        return _opened(seen, _end(course, request, "Expired", told, now), found[0], now)
    return _merged(course) if any(want.fresh for want in found) else course


def _decided_on_data(course: Course, found: Sequence[Want]) -> Course:
    """Return the course where a listing that asks for training will not do so again."""
    data = course.data
    if data is None or all(want.trigger != "NewData" for want in found):
        return course
    return replace(course, data=data.model_copy(update={"decided": data.listing}))


def _merged(course: Course) -> Course:
    """Return the course where what holds one request has held another."""
    held = course.suppressed
    return course if held is None else replace(course, suppressed=held.model_copy(update={"count": held.count + 1}))


def _opened(seen: Seen, course: Course, want: Want, now: datetime) -> Course:
    known = seen.evidence
    lost, overall = loss(known, want.segment), loss(known) if want.segment else None
    moment = now.replace(microsecond=0)
    request = RequestStatus(
        id=request_id(seen, course.number + 1),
        at=moment,
        action=want.action,
        state="Gathering",
        version=seen.serves,
        trigger=want.trigger,
        segment=want.segment or None,
        loss=f"{lost:.6g}" if lost is not None else None,
        overall_loss=f"{overall:.6g}" if overall is not None else None,
        metric=metric_of(known) if lost is not None or overall is not None else None,
        estimated=True if want.estimated else None,
        reason=shorten(want.reason),
        since=moment,
    )
    opened = replace(course, request=request, suppressed=None, number=course.number + 1)
    return opened.tell("Normal", "RequestOpened", f"{request.id} ({want.trigger}, {want.action}): {want.reason}")
