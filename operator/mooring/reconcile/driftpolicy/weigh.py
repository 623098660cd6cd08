"""Whether a request goes out: time to gather, guards, mode, approval. Looked at anew in every plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from mooring.api.driftstatus import RequestState, RequestStatus, SuppressedStatus
from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.guards import ANNOTATION, Guard, holding, is_approved
from mooring.reconcile.driftpolicy.numbers import span
from mooring.reconcile.driftpolicy.others import ALARMING, gather_time
from mooring.reconcile.driftpolicy.runs import in_month, last_duration
from mooring.reconcile.driftpolicy.seen import Seen

_TOLD: dict[RequestState, tuple[Literal["Normal", "Warning"], str]] = {
    "Held": ("Normal", "RequestHeld"),
    "AwaitsApproval": ("Warning", "ApprovalNeeded"),
    "WouldAsk": ("Normal", "WouldAsk"),
}


def weigh(seen: Seen, course: Course, now: datetime) -> Course:
    """Return the course with its request in the state that it has now."""
    before = course.request
    if before is None:
        return replace(course, suppressed=None)
    state, guard = _weighed(seen, course, before, now)
    held = _suppressed(course.suppressed, guard)
    same = state == before.state
    after = before if same else before.model_copy(update={"state": state, "since": now.replace(microsecond=0)})
    weighed = replace(course, request=after, suppressed=held)
    reason = course.suppressed.reason if course.suppressed is not None else None
    if same and (guard is None or guard.reason == reason):
        return weighed
    return _told(weighed, after, guard)


def _weighed(seen: Seen, course: Course, request: RequestStatus, now: datetime) -> tuple[RequestState, Guard | None]:
    approved, until = is_approved(seen, request), request.at + gather_time(seen.policy)
    if request.trigger in ALARMING and now < until and not approved:
        told = f"waits {span(gather_time(seen.policy).total_seconds())} to see whether others fire too"
        return "Gathering", Guard("Gathering", told, until)
    guard = holding(seen, course, request, now)
    if guard is not None:
        return "Held", guard
    retrain = seen.policy.spec.retrain
    if retrain is not None and retrain.mode == "DryRun":
        return "WouldAsk", Guard("DryRun", _price(seen, request, now))
    if _needs_approval(seen, request) and not approved:
        told = f"waits for a person, who may approve {request.action}: annotate {ANNOTATION}={request.id}"
        return "AwaitsApproval", Guard("AwaitsApproval", told)
    return "Asked", None


def _needs_approval(seen: Seen, request: RequestStatus) -> bool:
    spec = seen.policy.spec
    guess = bool(request.estimated) and spec.harm.estimated == "Approve"
    return guess or (spec.retrain is not None and spec.retrain.mode == "Approve")


def _price(seen: Seen, request: RequestStatus, now: datetime) -> str:
    """Return what a dry run would have spent."""
    if request.action == "Rollback":
        return f"mode is DryRun: would have asked {seen.policy.spec.deployment} to go back from {request.version}"
    retrain, took = seen.policy.spec.retrain, last_duration(seen)
    cost = f"its last run took {span(took)}" if took is not None else "it has not run yet"
    spent, limit = len(in_month(seen, now)), retrain.max_per_month if retrain is not None else 0
    name = retrain.training_job if retrain is not None else ""
    return f"mode is DryRun: would have asked TrainingJob {name} for run {spent + 1} of {limit} a month; {cost}"


def _suppressed(before: SuppressedStatus | None, guard: Guard | None) -> SuppressedStatus | None:
    if guard is None:
        return None
    until = guard.until.replace(microsecond=0) if guard.until is not None else None
    count = before.count if before is not None and before.reason == guard.reason else 1
    return SuppressedStatus(reason=guard.reason, message=shorten(guard.message), until=until, count=count)


def _told(course: Course, request: RequestStatus, guard: Guard | None) -> Course:
    if request.state == "Asked":
        return course.tell("Warning", f"{request.action}Asked", f"{request.id}: {request.reason}")
    if request.state not in _TOLD or guard is None:
        return course
    kind, reason = _TOLD[request.state]
    return course.tell(kind, reason, f"{request.id} ({guard.reason}): {guard.message}; {request.reason}")
