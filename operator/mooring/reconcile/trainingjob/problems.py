"""What stands in the way of any run, found before a Job exists."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.api.estimators import ParametersRefused, task_mismatch, validate_parameters
from mooring.reconcile.trainingjob.requests import token_problem
from mooring.reconcile.trainingjob.seen import Seen


@dataclass(frozen=True)
class Problem:
    """A mistake that only the user can correct."""

    reason: str
    message: str


def find_problem(seen: Seen) -> Problem | None:
    """Return the first thing that must be corrected before a run can start, or None."""
    job = seen.job
    if seen.older_owner is not None:
        return Problem(
            "ModelOwned",
            f"versions of model {job.model} are recorded by TrainingJob {seen.older_owner}, which is older: "
            "set another spec.model here, or delete one of the two",
        )
    if job.spec.output is None and seen.config.default_output is None:
        return Problem(
            "NoOutput", "set output.uri (for example s3://models): the operator is configured with no default store"
        )
    trainer, task = job.spec.trainer.sklearn, job.spec.data.task
    mismatch = task_mismatch(trainer.estimator, task) if task else None
    if mismatch is not None:
        return Problem("WrongTask", mismatch)
    try:
        validate_parameters(trainer.estimator, trainer.parameters)
    except ParametersRefused as refused:
        return Problem("InvalidParameters", str(refused))
    told = token_problem(job)
    return Problem("InvalidAnnotation", told) if told else None
