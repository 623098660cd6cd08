"""What became of a run, judged from its Job and pods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mooring.api.trainingjob import Failure, FailureClass, RunSpec, RunStatus
from mooring.api.wire import EXIT_USER, TrainReport
from mooring.reconcile.conditions import shorten
from mooring.reconcile.pods import PodSeen
from mooring.reconcile.trainingjob.seen import JobSeen

_SETTLE = timedelta(seconds=10)
"""How long a finished Job's pod may take to be seen: the two come by different watches."""


@dataclass(frozen=True)
class Missing:
    """The Job is not there: it is yet to be made, or somebody deleted it."""


@dataclass(frozen=True)
class Lost:
    """The Job finished and its pod is gone, unread. Run again, it finds the artifact and reports it."""

    uid: str


@dataclass(frozen=True)
class Under:
    """Under way: what to tell people, and when to look again at the latest."""

    message: str
    waiting: bool
    look_again: float | None = None


@dataclass(frozen=True)
class Reported:
    """The run said that it made a version, or that nothing had changed."""

    report: TrainReport


@dataclass(frozen=True)
class Failed:
    """The run made no version. A Job that still exists should go if `delete` names it."""

    failure: Failure
    delete: str | None = None


Outcome = Missing | Lost | Under | Reported | Failed


def judge(run: RunStatus, job: JobSeen | None, pods: list[PodSeen], spec: RunSpec, now: datetime) -> Outcome:
    """Return what became of a run."""
    if job is None:
        return Missing()
    if job.deleting:
        return Under("its Job is being deleted; it will be made again", waiting=True)
    if job.failed is not None:
        return _failed(job, job.failed, pods, spec, now)
    if job.complete:
        return _complete(job, pods, now)
    return _under(run, job, pods, spec, now)


def _complete(job: JobSeen, pods: list[PodSeen], now: datetime) -> Outcome:
    for pod in pods:
        report = TrainReport.decode(pod.ending.message) if pod.ending else None
        if report is not None and report.failure is not None:
            return Failed(report.failure)
        if report is not None:
            return Reported(report)
    if job.ended is not None and now < job.ended + _SETTLE:
        return Under("finished; waiting for its report", waiting=False, look_again=2)
    if any(pod.ending is not None and pod.ending.exit_code == 0 for pod in pods):
        return Failed(_failure("Infrastructure", "ReportUnreadable", "the run succeeded but left no readable report"))
    return Lost(job.uid)


def _failed(job: JobSeen, why: tuple[str, str], pods: list[PodSeen], spec: RunSpec, now: datetime) -> Outcome:
    if why[0] == "DeadlineExceeded":
        return Failed(
            _failure(
                "Deadline",
                "DeadlineExceeded",
                f"did not finish within {spec.deadline_seconds} s: raise run.deadlineSeconds, or train on less",
            )
        )
    ended = next((pod for pod in pods if pod.ending is not None), None)
    if ended is None and job.ended is not None and now < job.ended + _SETTLE:
        return Under("failed; waiting for its report", waiting=False, look_again=2)
    return Failed(_why_ended(ended, spec) if ended else _failure("Infrastructure", why[0] or "JobFailed", why[1]))


def _why_ended(pod: PodSeen, spec: RunSpec) -> Failure:
    ending = pod.ending
    if ending is None:  # pragma: no cover - the caller chose a pod that ended
        return _failure("Infrastructure", "Unknown", "the pod did not end")
    report = TrainReport.decode(ending.message)
    if report is not None and report.failure is not None:
        return report.failure
    if ending.reason == "OOMKilled":
        limits = spec.resources.limits if spec.resources else None
        limit = limits.memory if limits and limits.memory else None
        hit = f"hit its memory limit of {limit}" if limit else "ran out of the node's memory"
        return _failure("OutOfMemory", "OOMKilled", f"training {hit}: raise run.resources.limits.memory")
    said = f": {ending.last_line}" if ending.last_line else ""
    if ending.exit_code == EXIT_USER:
        return _failure("User", "Refused", f"pod {pod.name} refused the recipe{said or '; its log says why'}")
    return _failure(
        "Infrastructure",
        "PodFailed",
        f"pod {pod.name} ended with status {ending.exit_code} {ending.reason}{said}; "
        f"see kubectl logs {pod.name}, and set annotation mooring.dev/run to run again",
    )


def _under(run: RunStatus, job: JobSeen, pods: list[PodSeen], spec: RunSpec, now: datetime) -> Outcome:
    if job.suspended:
        return Under("suspended", waiting=True)
    if any(pod.started for pod in pods):
        return Under(f"run {run.run} is training", waiting=False)
    since = job.started or job.created or run.started_at
    left = (since + timedelta(seconds=spec.start_deadline_seconds) - now).total_seconds()
    stuck = next((pod.waiting for pod in pods if pod.waiting), None)
    if left <= 0:
        return Failed(_not_started(stuck or _silent(pods), spec), delete=job.uid)
    if stuck is None:
        return Under(f"run {run.run} is starting", waiting=True, look_again=left + 0.1)
    message = f"its pod cannot start yet: {stuck[0]}: {stuck[1]} (gives up in {round(left)} s)"
    return Under(message, waiting=True, look_again=min(left + 0.1, 30))


def _silent(pods: list[PodSeen]) -> tuple[str, str]:
    """Return what can be said of a run that did not start and does not say why."""
    if not pods:
        return "NoPod", "no pod was made for it; see kubectl describe of its Job"
    return "NotStarted", f"see kubectl describe pod {pods[0].name} (a large image may still be on its way)"


def _not_started(stuck: tuple[str, str], spec: RunSpec) -> Failure:
    reason, message = stuck
    after = f"not started within {spec.start_deadline_seconds} s"
    if reason in {"CreateContainerConfigError", "CreateContainerError"}:
        return _failure(
            "User",
            "SecretNotFound" if "secret" in message.lower() else reason,
            f"{after}: {message}; create it in this namespace, or correct secretName, "
            "then set annotation mooring.dev/run",
        )
    if reason in {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}:
        return _failure("User", "ImageNotPulled", f"{after}: {message}")
    return _failure("Infrastructure", reason, f"{after}: {message}")


def _failure(class_: FailureClass, reason: str, message: str) -> Failure:
    return Failure(class_=class_, reason=reason, message=shorten(message))
