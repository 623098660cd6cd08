"""What a TrainingJob says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mooring.api.modelversion import MetricValue, ModelVersionSpec
from mooring.api.trainingjob import Pending, Phase, RunStatus, TrainingJob, TrainingJobStatus
from mooring.reconcile.conditions import Truth, Wanted, set_conditions, summary
from mooring.reconcile.trainingjob.problems import Problem
from mooring.reconcile.trainingjob.requests import Request
from mooring.reconcile.trainingjob.step import Step

_HANDLED = 20


def phase_of(job: TrainingJob, run: RunStatus | None, *, waiting: bool, problem: Problem | None) -> Phase:
    """Return the one word that people read first."""
    if run is not None and run.finished_at is None:
        return "Suspended" if job.spec.suspend else "Pending" if waiting else "Running"
    if problem is not None:
        return "Failed"
    if run is None:
        return "Suspended" if job.spec.suspend else "Pending"
    if run.failure is not None:
        return "Failed"
    return "Rejected" if run.verdict == "Rejected" else "Succeeded"


def first_metric(metrics: Sequence[MetricValue], primary: str | None) -> str | None:
    """Return the primary metric (else the first) as people read it: `roc_auc 0.8931`."""
    chosen = next((metric for metric in metrics if metric.name == primary), metrics[0] if metrics else None)
    return f"{chosen.name} {chosen.value}" if chosen else None


def conditions(job: TrainingJob, run: RunStatus | None, step: Step | None, problem: Problem | None) -> list[Wanted]:
    """Return Ready, Reconciling, Stalled and Suspended."""
    wanted = summary(
        ready=_ready(job, run, step, problem),
        busy=run is not None and run.finished_at is None and not job.spec.suspend,
        stalled=problem is not None or (run is not None and run.failure is not None),
    )
    held = job.spec.suspend
    told = "spec.suspend is true: no run starts" if held else "runs start when they are asked for"
    return [*wanted, Wanted("Suspended", "True" if held else "False", "Asked" if held else "NotAsked", told)]


def _ready(
    job: TrainingJob, run: RunStatus | None, step: Step | None, problem: Problem | None
) -> tuple[Truth, str, str]:
    if run is not None and run.finished_at is None:
        return "False", "Running", step.message if step else f"run {run.run} is under way"
    if problem is not None:
        return "False", problem.reason, problem.message
    if run is None and job.spec.suspend:
        return "False", "Suspended", "spec.suspend is true: no run starts"
    if run is None:
        return "True", "Recorded", "the versions of this recipe are recorded already; nothing to train"
    if run.failure is not None:
        failure = run.failure
        return "False", failure.reason, f"run {run.run} failed ({failure.class_}): {failure.message}"
    if run.unchanged:
        return "True", "Unchanged", f"run {run.run} trained nothing: nothing has changed since {run.version}"
    verdict = run.verdict or "Unknown"
    return "True", verdict, f"run {run.run} is recorded as {run.version}, {verdict}"


def compose(
    job: TrainingJob,
    *,
    now: datetime,
    recipe: str | None,
    step: Step | None,
    request: Request | None,
    pending: Request | None,
    problem: Problem | None,
) -> TrainingJobStatus:
    """Return the whole status after this plan; `request` is the one that started now, if any."""
    before = job.status
    runs = _runs(before.runs, step, job.spec.history_limit)
    run = runs[0] if runs else None
    recorded = step.recorded if step else None
    wanted = conditions(job, run, step, problem)
    phase = phase_of(job, run, waiting=bool(step and step.waiting), problem=problem)
    return before.model_copy(
        update={
            "observed_generation": job.metadata.generation,
            "conditions": set_conditions(before.conditions, wanted, generation=job.metadata.generation, now=now),
            "phase": phase,
            "runs": runs,
            "recipe_hash": recipe,
            "last_run": max(before.last_run or 0, run.run if run else 0),
            "handled": [*([request.id] if request else []), *before.handled][:_HANDLED],
            "last_token": request.token if request and request.token else before.last_token,
            "pending": Pending(id=pending.id, reason=pending.reason) if pending else None,
            **(_recorded(job, recorded) if recorded else {}),
        }
    )


def _recorded(job: TrainingJob, spec: ModelVersionSpec) -> dict[str, object]:
    return {
        "last_number": max(job.status.last_number or 0, spec.number),
        "latest_version": f"{spec.model}-v{spec.number}",
        "metric": first_metric(spec.metrics, job.spec.evaluation.primary_metric),
    }


def _runs(before: Sequence[RunStatus], step: Step | None, limit: int) -> list[RunStatus]:
    if step is None:
        return list(before[:limit])
    return [step.run, *(run for run in before if run.run != step.run.run)][:limit]
