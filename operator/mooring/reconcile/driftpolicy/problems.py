"""What a person must put right, what it keeps from working, and what works all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mooring.api.trainingjob import TrainingJob
from mooring.reconcile.driftpolicy import classifying, schedule, unsliced
from mooring.reconcile.driftpolicy.seen import Seen

Reason = Literal[
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


@dataclass(frozen=True)
class Problem:
    """Something that only a person can change."""

    reason: Reason
    message: str
    may_ask: bool
    """Whether requests still go out."""


def problems(seen: Seen) -> tuple[Problem, ...]:
    """Return what stands in the way, the gravest first."""
    return tuple(_problems(seen))


def sentence(found: Sequence[Problem]) -> str:
    """Return what stands in the way, one or more, as one message: who mends the first should know of the next."""
    return unsliced.ALSO.join([found[0].message, *(f"{one.reason}: {one.message}" for one in found[1:])])


def _problems(seen: Seen) -> Iterator[Problem]:
    spec, deployment = seen.policy.spec, seen.deployment
    if spec.suspend:
        yield Problem("Suspended", "spec.suspend is true: nothing is read and nothing is asked for", may_ask=False)
    if deployment is None:
        yield Problem(
            "DeploymentNotFound",
            f"ModelDeployment {spec.deployment} does not exist in this namespace: create it, or make a policy for "
            "another (spec.deployment never changes); until then nothing is watched and nothing is asked for",
            may_ask=False,
        )
    elif deployment.spec.server is not None and deployment.spec.server.container is not None:
        yield Problem(
            "NoLedger",
            f"ModelDeployment {spec.deployment} answers by a container of yours, which keeps no ledger: inputs, "
            "predictions and harm are not seen; triggers Schedule, MaxAge and NewData still work",
            may_ask=True,
        )
    yield from _of_training(seen)
    yield from _of_schedules(seen)
    if (wrong := classifying.fault(seen)) is not None:
        yield Problem(wrong.reason, f"{wrong.message}; all else works", may_ask=True)
    if (told := unsliced.told(seen)) is not None:
        yield Problem(unsliced.REASON, told, may_ask=True)


def _of_training(seen: Seen) -> Iterator[Problem]:
    retrain, deployment, job = seen.policy.spec.retrain, seen.deployment, seen.job
    if retrain is None:
        return
    name, still = retrain.training_job, "drift is still watched and told, and nothing is asked for"
    if job is None:
        message = f"TrainingJob {name} does not exist in this namespace: create it, or correct retrain.trainingJob"
        yield Problem("TrainingJobNotFound", f"{message}; {still}", may_ask=False)
    elif deployment is not None and job.model != deployment.spec.model:
        message = (
            f"TrainingJob {name} makes versions of model {job.model}, and ModelDeployment {deployment.metadata.name} "
            f"serves model {deployment.spec.model}: name a TrainingJob of that model in retrain.trainingJob"
        )
        yield Problem("OtherModel", f"{message}; {still}", may_ask=False)
    elif job.spec.suspend:
        message = f"TrainingJob {name} is suspended: set its spec.suspend to false"
        yield Problem("TrainingJobSuspended", f"{message}; {still}", may_ask=False)
    elif (told := _stalled(job)) is not None:
        yield Problem("TrainingJobStalled", f"TrainingJob {name} cannot run: {told}; {still}", may_ask=False)
    if (older := _older(seen)) is not None:
        message = f"DriftPolicy {older} asks for the same deployment and is older: remove `retrain` from one of the two"
        yield Problem("OlderPolicy", f"{message}; {still} by this one", may_ask=False)


def _stalled(job: TrainingJob) -> str | None:
    """Return why no run can start; that the last one failed is no such reason."""
    found = {item.type: item for item in job.status.conditions}
    stalled, ready = found.get("Stalled"), found.get("Ready")
    if stalled is None or ready is None or stalled.status != "True":
        return None
    failure = job.status.runs[0].failure if job.status.runs else None
    return None if failure is not None and failure.reason == ready.reason else f"{ready.reason}: {ready.message}"


def _older(seen: Seen) -> str | None:
    """Return the oldest policy that asks for the same deployment, if that is not this one."""
    metadata = seen.policy.metadata
    mine = (metadata.creation_timestamp, metadata.name)
    for other in seen.others:
        same = (other.namespace, other.deployment) == (metadata.namespace, seen.policy.spec.deployment)
        theirs = (other.created, other.name)
        asks = other.training_job is not None and not other.suspended
        if same and asks and None not in (*mine, *theirs) and theirs < mine:
            return other.name
    return None


def _of_schedules(seen: Seen) -> Iterator[Problem]:
    for trigger in seen.policy.spec.active_triggers:
        told = schedule.fault(trigger) if trigger.type == "Schedule" else None
        if told is not None:
            yield Problem("InvalidSchedule", f"{told}; all other triggers work", may_ask=True)
