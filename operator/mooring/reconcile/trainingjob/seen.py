"""What a plan for a TrainingJob is made from, read out of the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import TrainingJob
from mooring.api.wire import TRAIN_ORDER_VARIABLE, TrainOrder
from mooring.reconcile.asking import asking
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import PodSeen, parse_time, read_pods


@dataclass(frozen=True)
class JobSeen:
    """A batch/v1 Job as plans need it."""

    name: str
    uid: str
    created: datetime | None
    started: datetime | None
    suspended: bool
    complete: bool
    failed: tuple[str, str] | None
    """(reason, message) of the Failed condition."""
    ended: datetime | None
    ttl_set: bool
    deleting: bool
    order: TrainOrder | None
    """What its pods were told, which is what the run is, whatever the recipe says by now."""


@dataclass(frozen=True)
class Seen:
    """Everything that a plan for a TrainingJob may look at."""

    job: TrainingJob
    config: OperatorConfig
    jobs: dict[str, JobSeen]
    pods: dict[str, list[PodSeen]]
    """By the name of their Job, newest first."""
    versions: list[ModelVersion]
    """Of the same model, by number."""
    older_owner: str | None
    """Another TrainingJob that has recorded this model for longer."""
    policies: tuple[DriftPolicy, ...] = ()
    """Those that ask this TrainingJob for a run, the oldest first."""


def look(key: Key, cache: Cache, config: OperatorConfig) -> Seen | None:
    """Return what is seen of a TrainingJob, or None where it is gone or going."""
    found = cache.get(key.kind, key.namespace, key.name)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return None
    job = TrainingJob.model_validate(found)
    pods: dict[str, list[Object]] = {}
    for pod in cache.children("Pod", key):
        pods.setdefault(pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name", ""), []).append(pod)
    return Seen(
        job=job,
        config=config,
        jobs={item["metadata"]["name"]: read_job(item) for item in cache.children("Job", key)},
        pods={name: read_pods(items) for name, items in pods.items()},
        versions=versions_of(job.model, cache.all("ModelVersion", key.namespace)),
        older_owner=_older_owner(job, cache.all("TrainingJob", key.namespace)),
        policies=asking(key, "Retrain", cache),
    )


def versions_of(model: str, objects: Iterable[Object]) -> list[ModelVersion]:
    """Return a model's versions by number."""
    found = [ModelVersion.model_validate(item) for item in objects if item["spec"].get("model") == model]
    return sorted(found, key=lambda version: version.spec.number)


def read_job(job: Object) -> JobSeen:
    """Return what a Job object says."""
    status = job.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or [] if item.get("status") == "True"}
    end = conditions.get("Complete") or conditions.get("Failed")
    failed = conditions.get("Failed")
    return JobSeen(
        name=job["metadata"]["name"],
        uid=job["metadata"]["uid"],
        created=parse_time(job["metadata"].get("creationTimestamp")),
        started=parse_time(status.get("startTime")),
        suspended=bool(job["spec"].get("suspend")),
        complete="Complete" in conditions,
        failed=(failed.get("reason") or "", failed.get("message") or "") if failed else None,
        ended=parse_time(end.get("lastTransitionTime")) if end else None,
        ttl_set="ttlSecondsAfterFinished" in job["spec"],
        deleting="deletionTimestamp" in job["metadata"],
        order=_read_order(job),
    )


def _read_order(job: Object) -> TrainOrder | None:
    containers = job["spec"].get("template", {}).get("spec", {}).get("containers") or [{}]
    for variable in containers[0].get("env") or []:
        if variable.get("name") == TRAIN_ORDER_VARIABLE:
            return TrainOrder.model_validate_json(variable.get("value") or "{}")
    return None


def _older_owner(job: TrainingJob, others: Iterable[Object]) -> str | None:
    mine = (job.metadata.creation_timestamp, job.metadata.name)
    for item in others:
        if (item["spec"].get("model") or item["metadata"]["name"]) != job.model:
            continue  # before it is parsed: a namespace may hold many
        other = TrainingJob.model_validate(item)
        if other.metadata.uid == job.metadata.uid:
            continue
        theirs = (other.metadata.creation_timestamp, other.metadata.name)
        if None not in (*mine, *theirs) and theirs < mine:
            return other.metadata.name
    return None
