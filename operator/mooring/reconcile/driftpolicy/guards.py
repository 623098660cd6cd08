"""What holds a request though there is reason for it, each guard with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mooring.api.driftpolicy import Retrain
from mooring.api.driftstatus import RequestStatus
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.findings import BROKEN, findings
from mooring.reconcile.driftpolicy.numbers import span
from mooring.reconcile.driftpolicy.problems import Problem, problems
from mooring.reconcile.driftpolicy.runs import MONTH, in_month, last_finish, vain
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.storm import storm

Reason = Literal[
    "Gathering",
    "Storm",
    "DataQuality",
    "InFlight",
    "Budget",
    "Cooldown",
    "Backoff",
    "DryRun",
    "AwaitsApproval",
    "Suspended",
    "DeploymentNotFound",
    "TrainingJobNotFound",
    "TrainingJobSuspended",
    "TrainingJobStalled",
    "OtherModel",
    "OlderPolicy",
    "NoLedger",
    "InvalidSchedule",
    "NoCapture",
    "NoSample",
    "NotSliced",
]
ANNOTATION = "mooring.dev/approve"
_MOST_SECONDS = 31_536_000
_MOST_DOUBLINGS = 25


@dataclass(frozen=True)
class Guard:
    """Something that holds."""

    reason: Reason
    message: str
    until: datetime | None = None


def is_approved(seen: Seen, request: RequestStatus) -> bool:
    """Tell whether a person named this very request."""
    return seen.policy.metadata.annotations.get(ANNOTATION) == request.id


def holding(seen: Seen, course: Course, request: RequestStatus, now: datetime) -> Guard | None:
    """Return the first guard that holds a request, or None."""
    return next(_holding(seen, course, request, now), None)


def _holding(seen: Seen, course: Course, request: RequestStatus, now: datetime) -> Iterator[Guard]:
    stuck: Problem | None = next((item for item in problems(seen) if not item.may_ask), None)
    if stuck is not None:
        yield Guard(stuck.reason, stuck.message)
    together = None if is_approved(seen, request) else storm(seen, request)
    if together is not None:
        yield Guard("Storm", together)
    unfit = next((item for item in findings(seen, now) if item.reason == BROKEN), None)
    if unfit is not None:
        yield Guard("DataQuality", f"broken data is not learnt from: {unfit.message}")
    if (busy := _in_flight(seen, request)) is not None:
        yield Guard("InFlight", busy)
    retrain = seen.policy.spec.retrain
    if request.action == "Retrain" and retrain is not None:
        checks: tuple[Callable[[], Guard | None], ...] = (
            lambda: _budget(seen, retrain, now),
            lambda: _cooldown(seen, course, retrain, now),
        )
        yield from (found for check in checks if (found := check()) is not None)


def _in_flight(seen: Seen, request: RequestStatus) -> str | None:
    deployment, job = seen.deployment, seen.job
    if deployment is not None and deployment.status.canary is not None:
        return f"a rollout is under way: {deployment.status.canary.version} is to take over from {seen.serves}"
    if request.action == "Rollback" or job is None:
        return None
    if job.status.runs and job.status.runs[0].finished_at is None:
        run = job.status.runs[0]
        return f"run {run.run} of TrainingJob {job.metadata.name} is in flight: {run.reason}"
    if job.status.pending is not None and job.status.pending.id != request.id:
        return f"TrainingJob {job.metadata.name} is about to run: {job.status.pending.reason}"
    for other in seen.others:
        mine = (other.namespace, other.training_job) == (seen.policy.metadata.namespace, job.metadata.name)
        if mine and other.state == "Asked" and _comes_first(seen, request, other.created, other.name):
            return f"DriftPolicy {other.name} has asked TrainingJob {job.metadata.name} already: 1 request at a time"
    return None


def _comes_first(seen: Seen, request: RequestStatus, created: datetime | None, name: str) -> bool:
    """Tell whether another policy's request goes first; of two that asked in the same moment the older's does."""
    metadata = seen.policy.metadata
    if request.state != "Asked" or created is None or metadata.creation_timestamp is None:
        return True
    return (created, name) < (metadata.creation_timestamp, metadata.name)


def _budget(seen: Seen, retrain: Retrain, now: datetime) -> Guard | None:
    spent = in_month(seen, now)
    if len(spent) < retrain.max_per_month:
        return None
    until = spent[-retrain.max_per_month] + MONTH
    told = f"{len(spent)} runs in the last 30 days, and maxPerMonth is {retrain.max_per_month}"
    return Guard("Budget", told, until)


def _cooldown(seen: Seen, course: Course, retrain: Retrain, now: datetime) -> Guard | None:
    finished = last_finish(seen)
    if finished is None:
        return None
    failures = max(course.backoff, vain(seen)) if retrain.backoff == "Double" else 0
    plain = finished + timedelta(seconds=retrain.cooldown_seconds)
    until = finished + timedelta(seconds=lengthened(retrain.cooldown_seconds, failures))
    if until <= now:
        return None
    told = f"the last run finished {finished:%Y-%m-%d %H:%M} UTC, and the cooldown is {span(retrain.cooldown_seconds)}"
    if now < plain and not failures:
        return Guard("Cooldown", told, until)
    return Guard("Backoff", f"{told}, doubled {failures} times: so many runs in a row did not help", until)


def lengthened(seconds: int, failures: int) -> int:
    """Return the cooldown, doubled for each run that did not help, and never more than a year."""
    return min(seconds << min(failures, _MOST_DOUBLINGS), max(seconds, _MOST_SECONDS))
