"""A policy rehearsed on what happened: what it would have asked for, when, and what that would have cost. Pure.

What was recorded was answered by the versions that served then. So a run of the rehearsal takes the time that runs take
and changes nothing, and what it prints is the most that a policy would have asked for: a run that helps ends the reason
for the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import DriftPolicyStatus, RequestStatus
from mooring.api.rolloutstatus import Arm, ModelDeploymentStatus
from mooring.api.trainingjob import RunStatus, TrainingJobStatus
from mooring.reconcile.driftpolicy.planner import plan
from mooring.reconcile.driftpolicy.runs import last_duration
from mooring.reconcile.driftpolicy.seen import Seen, moment
from mooring.reconcile.driftseen import DriftSeen

DEFAULT_SECONDS = 600.0
"""What a run takes where none has run yet."""
_DIGEST, _TEMPLATE = f"sha256:{'0' * 64}", "00000000"
"""Of what served: no plan reads them."""
_MOST_LOOKS = 200
"""Between two windows: guards end by themselves, so more is a mistake of ours."""


@dataclass(frozen=True)
class Turn:
    """Something that would have happened."""

    at: datetime
    request: str
    what: str
    """Opened, Asked, Expired, or the guard that held it."""
    sentence: str


@dataclass(frozen=True)
class Rehearsal:
    """What a policy would have done."""

    turns: tuple[Turn, ...]
    retrains: int
    run_seconds: float
    """What each of them would have taken."""


def rehearse(seen: Seen, replayed: Iterable[DriftSeen], run_seconds: float | None = None) -> Rehearsal:
    """Return what the policy of `seen` would have done, given what was known after each window, in order of time."""
    seconds = run_seconds or last_duration(seen) or DEFAULT_SECONDS
    stage = _Stage(_opening(seen), seconds)
    for known in replayed:
        stage.pass_until(moment(known.at))
        stage.bring(known)
    stage.conclude()
    return Rehearsal(tuple(stage.turns), stage.asked, seconds)


def _opening(seen: Seen) -> Seen:
    """Return the same without what was decided, by a policy that would have asked at every cooldown."""
    spec = seen.policy.spec
    if spec.retrain is not None:
        spec = spec.model_copy(
            update={"retrain": spec.retrain.model_copy(update={"mode": "Enforce", "backoff": "None"})}
        )
    policy = seen.policy.model_copy(
        update={
            "spec": spec.model_copy(update={"suspend": False, "classifier": None}),
            "status": DriftPolicyStatus(),
        }
    )
    job = seen.job.model_copy(update={"status": TrainingJobStatus()}) if seen.job is not None else None
    deployment = seen.deployment
    if deployment is not None:
        deployment = deployment.model_copy(update={"status": ModelDeploymentStatus()})
    versions = tuple(
        item.model_copy(update={"spec": item.spec.model_copy(update={"provenance": None})}) for item in seen.versions
    )
    return replace(
        seen,
        policy=policy,
        job=job,
        deployment=deployment,
        versions=versions,
        others=(),
        drift=None,
        looks=(),
        classified=(),
    )


class _Stage:
    """Time that passes for one policy."""

    def __init__(self, seen: Seen, run_seconds: float) -> None:
        self._seen = seen
        self._run = timedelta(seconds=run_seconds)
        self._again: datetime | None = None
        self._told: tuple[str, str] | None = None
        self.turns: list[Turn] = []
        self.asked = 0

    def bring(self, known: DriftSeen) -> None:
        """Bring what was known at its time, and look."""
        now = moment(known.at)
        serves = Arm(version=known.version, digest=_DIGEST, template=_TEMPLATE, replicas=1, ready=1, started_at=now)
        deployment = self._seen.deployment
        if deployment is not None:
            deployment = deployment.model_copy(update={"status": ModelDeploymentStatus(stable=serves)})
        self._seen = replace(self._seen, drift=known, deployment=deployment)
        self._look(now)

    def pass_until(self, end: datetime) -> None:
        """Look whenever the plan wanted to, up to a time."""
        for _ in range(_MOST_LOOKS):
            if self._again is None or self._again >= end:
                return
            self._look(self._again)

    def conclude(self) -> None:
        """Look until what the last window gave reason for is decided on, as it would be before the next one closed."""
        for _ in range(_MOST_LOOKS):
            request = self._seen.policy.status.request
            if request is None or request.state != "Gathering" or self._again is None:
                return
            self._look(self._again)

    def _look(self, now: datetime) -> None:
        self._end_run(now)
        made = plan(self._seen, now)
        self._keep(DriftPolicyStatus.model_validate(made.status))
        request = self._seen.policy.status.request
        self._tell(request, now)
        if request is not None and request.state == "Asked":
            self._start_run(request, now)
            self._again = now + self._run
            return
        self._again = now + timedelta(seconds=max(1.0, made.requeue_after)) if made.requeue_after else None
        if (busy := self._busy_until()) is not None:
            self._again = min(self._again or busy, busy)

    def _keep(self, status: DriftPolicyStatus) -> None:
        policy: DriftPolicy = self._seen.policy.model_copy(update={"status": status})
        self._seen = replace(self._seen, policy=policy)

    def _tell(self, request: RequestStatus | None, now: datetime) -> None:
        """Note what changed since the last look."""
        status = self._seen.policy.status
        if request is None:
            self._told = None
            return
        what = request.state if status.suppressed is None else status.suppressed.reason
        if (request.id, what) != self._told:
            held = status.suppressed.message if status.suppressed is not None else request.reason
            first = self._told is None or self._told[0] != request.id
            sentence = f"{request.trigger}: {request.reason}" if first or what == "Asked" else held
            self.turns.append(Turn(now, request.id, what, sentence))
        self._told = (request.id, what)

    def _start_run(self, request: RequestStatus, now: datetime) -> None:
        self.asked += 1
        job = self._seen.job
        if job is None:
            return
        run = RunStatus(
            run=self.asked,
            request=request.id,
            reason=request.reason,
            job=f"rehearsal-{self.asked}",
            recipe_hash="v1:rehearsal",
            started_at=now,
        )
        status = job.status.model_copy(
            update={"runs": [run, *job.status.runs][:50], "handled": [request.id, *job.status.handled][:20]}
        )
        self._seen = replace(self._seen, job=job.model_copy(update={"status": status}))

    def _busy_until(self) -> datetime | None:
        runs = self._seen.job.status.runs if self._seen.job is not None else []
        return runs[0].started_at + self._run if runs and runs[0].finished_at is None else None

    def _end_run(self, now: datetime) -> None:
        job, end = self._seen.job, self._busy_until()
        if job is None or end is None or now < end:
            return
        ended = job.status.runs[0].model_copy(
            update={"finished_at": end, "unchanged": True, "version": self._seen.serves}
        )
        status = job.status.model_copy(update={"runs": [ended, *job.status.runs[1:]]})
        self._seen = replace(self._seen, job=job.model_copy(update={"status": status}))
