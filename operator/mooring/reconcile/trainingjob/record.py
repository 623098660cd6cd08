"""From a run's report to the record of a version."""

from __future__ import annotations

from typing import Any

from mooring.api.base import API_VERSION
from mooring.api.modelversion import ModelVersion, ModelVersionSpec, Provenance
from mooring.api.trainingjob import RunStatus
from mooring.api.wire import TrainOrder, TrainReport
from mooring.reconcile.plan import LABEL_MANAGED
from mooring.reconcile.trainingjob.seen import Seen


class IncompleteReportError(ValueError):
    """A report that says Trained without saying what: the run is recorded as failed."""


def already_recorded(seen: Seen, run: RunStatus) -> ModelVersion | None:
    """Return the version that this run made, if the operator was stopped between recording it and saying so."""
    for version in seen.versions:
        came_of = version.spec.provenance
        if came_of is not None and came_of.uid == seen.job.metadata.uid and came_of.run == run.run:
            return version
    return None


def next_number(seen: Seen) -> int:
    """Return a version number that was never given before."""
    existing = max((version.spec.number for version in seen.versions), default=0)
    return max(existing, seen.job.status.last_number or 0) + 1


def make_spec(seen: Seen, run: RunStatus, report: TrainReport, order: TrainOrder | None) -> ModelVersionSpec:
    """Return the record; raises IncompleteReportError."""
    if report.artifact is None or report.signature is None or report.data is None or report.gate is None:
        raise IncompleteReportError("the report lacks the artifact, the signature, the data or the gate")
    if order is None or order.spec.output is None:
        raise IncompleteReportError("the Job does not say what was ordered")
    return ModelVersionSpec(
        model=seen.job.model,
        number=next_number(seen),
        artifact=report.artifact.model_copy(update={"secret_name": order.spec.output.secret_name}),
        signature=report.signature,
        metrics=report.metrics,
        data=report.data,
        provenance=Provenance(
            training_job=seen.job.metadata.name,
            uid=seen.job.metadata.uid,
            run=run.run,
            request=run.request,
            recipe_hash=run.recipe_hash,
            image=order.image,
            seed=order.spec.run.seed,
            estimator=order.spec.trainer.sklearn.estimator,
            parent=seen.versions[-1].metadata.name if seen.versions else None,
        ),
        gate=report.gate,
    )


def render_version(spec: ModelVersionSpec, namespace: str) -> dict[str, Any]:
    """Return a ModelVersion's manifest. It has no owner: records outlive recipes."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {
            "name": f"{spec.model}-v{spec.number}",
            "namespace": namespace,
            "labels": {LABEL_MANAGED: "mooring", "mooring.dev/model": spec.model},
        },
        "spec": spec.to_json(),
    }
