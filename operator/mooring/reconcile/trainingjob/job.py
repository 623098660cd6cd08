"""The Job of a run."""

from __future__ import annotations

from typing import Any

from mooring.api.modelversion import DataRecord
from mooring.api.trainingjob import Output, TrainingJob
from mooring.api.wire import ARTIFACT_PREFIX, DATA_PREFIX, EXIT_USER, TRAIN_ORDER_VARIABLE, TrainOrder, Unchanged
from mooring.reconcile.render import child, credentials, digest, labels, pod_spec, resources
from mooring.reconcile.trainingjob.requests import Request
from mooring.reconcile.trainingjob.seen import Seen

CONTAINER = "trainer"
_KILLED = 137
"""SIGKILL. After disruptions are ruled out it means out of memory: the same limit will be hit again."""


def run_id(job: TrainingJob, run: int, request: str) -> str:
    """Return 8 hex digits that no other run has, a restored or re-created TrainingJob's included."""
    return digest([job.metadata.uid, run, request], 8)


def job_name(job: TrainingJob, run: int, request: str) -> str:
    """Return the name of a run's Job, for example income-4-7f3a."""
    return f"{job.metadata.name}-{run}-{run_id(job, run, request)[:4]}"


def train_order(seen: Seen, *, run: int, request: Request, recipe: str, output: Output) -> TrainOrder:
    """Return what the training pod is told."""
    job = seen.job
    hashed = next((item.spec.data.split_columns for item in seen.versions if item.spec.data), [])
    return TrainOrder(
        namespace=job.metadata.namespace,
        name=job.metadata.name,
        model=job.model,
        run=run,
        run_id=run_id(job, run, request.id),
        request=request.id,
        recipe_hash=recipe,
        image=seen.config.runtime_image,
        spec=job.spec.model_copy(update={"output": output}),
        split_columns=hashed,
        unchanged=None if request.force else _unchanged(seen, recipe),
    )


def _unchanged(seen: Seen, recipe: str) -> Unchanged | None:
    for version in reversed(seen.versions):
        came_of, data = version.spec.provenance, version.spec.data
        if came_of is None or data is None:
            continue  # a user brought it
        same = came_of.recipe_hash == recipe and came_of.image == seen.config.runtime_image
        if same and _has_sample(data, seen.job.spec.evaluation.sample_rows):
            return Unchanged(version=version.metadata.name, data_digest=data.digest)
    return None


def _has_sample(data: DataRecord, asked: int) -> bool:
    """Tell whether a version keeps as many rows of its data as are asked for: it is of no use to leave it as it is."""
    return (data.sample_rows or 0) >= min(asked, data.train_rows + data.holdout_rows)


def render_job(seen: Seen, order: TrainOrder) -> dict[str, Any]:
    """Return the Job's manifest. Its time to live is set later, when its result is recorded."""
    owner, run = seen.job.metadata, seen.job.spec.run
    name = job_name(seen.job, order.run, order.request)
    body = {
        "spec": {
            "suspend": seen.job.spec.suspend,
            "backoffLimit": run.retries,
            "activeDeadlineSeconds": run.deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": CONTAINER,
                            "operator": "In",
                            "values": [EXIT_USER, _KILLED],
                        },
                    },
                ]
            },
            "template": {
                "metadata": {"labels": labels("TrainingJob", owner, run=str(order.run))},
                "spec": pod_spec(_container(seen, order), restartPolicy="Never", terminationGracePeriodSeconds=10),
            },
        }
    }
    return child("Job", name, "TrainingJob", owner, body, run=str(order.run))


def _container(seen: Seen, order: TrainOrder) -> dict[str, Any]:
    spec = order.spec
    artifacts = spec.output.secret_name if spec.output else None
    return {
        "name": CONTAINER,
        "image": order.image,
        "command": ["python3", "-m", "mooring.training"],
        "env": [
            {"name": TRAIN_ORDER_VARIABLE, "value": order.model_dump_json(by_alias=True, exclude_none=True)},
            *credentials(DATA_PREFIX, spec.data.secret_name),
            *credentials(ARTIFACT_PREFIX, artifacts),
        ],
        "resources": resources(seen.job.spec.run.resources, cpu="250m", memory="512Mi"),
    }
