"""A recipe is applied, followed while it trains, and its version is shown."""

from __future__ import annotations

from pathlib import Path

from demo.errors import DemoFailed
from demo.follow import follow
from demo.kubectl import Kubectl
from demo.say import output, say
from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import RunStatus, TrainingJob

TRAIN_SECONDS = 300.0


def train(kubectl: Kubectl, name: str, recipe: Path) -> ModelVersion:
    """Apply a recipe and return the version that its run made; raises DemoFailed."""
    return until_trained(kubectl, name, begin(kubectl, name, recipe))


def begin(kubectl: Kubectl, name: str, recipe: Path) -> int:
    """Apply a recipe, and return the number of its last run before."""
    before = kubectl.read(TrainingJob, name)
    kubectl.apply(recipe)
    return (before.status.last_run or 0) if before else 0


def until_trained(kubectl: Kubectl, name: str, last: int) -> ModelVersion:
    """Return the version that the first run after run `last` made; raises DemoFailed."""
    describe = f"kubectl -n {kubectl.namespace} describe trainingjob {name}"
    job = follow(
        f"TrainingJob {name} has trained",
        lambda: _read(kubectl, name),
        tell=lambda seen: _news(seen, last),
        done=lambda seen: _stuck(seen) is not None or _finished(seen, last) is not None,
        seconds=TRAIN_SECONDS,
        look_at=(describe, f"kubectl -n {kubectl.namespace} logs -l mooring.dev/owner={name} --tail=50"),
    )
    run = _finished(job, last)
    if run is None:
        raise DemoFailed(f"TrainingJob {name} cannot run: {_stuck(job)}", describe)
    if run.failure is not None or run.version is None:
        why = run.failure.message if run.failure else "it made no version"
        raise DemoFailed(f"run {run.run} of TrainingJob {name} failed: {why}", describe)
    version = kubectl.read(ModelVersion, run.version)
    if version is None:
        raise DemoFailed(f"{run.version} is said to be recorded, but it is not there", describe)
    return version


def show(kubectl: Kubectl, version: ModelVersion) -> None:
    """Show what a version's record says."""
    spec, name = version.spec, version.metadata.name
    kubectl.show("get", "modelversions.mooring.dev", name)
    came, data = spec.provenance, spec.data
    assert came is not None  # noqa: S101 (the demonstration trained it)
    assert data is not None  # noqa: S101
    say(f"{name} in its record (kubectl describe modelversion {name}), which nobody can change:")
    learnt = f"{came.estimator} on {data.train_rows:,} rows, measured on {data.holdout_rows:,} held out"
    output(f"  learnt             {learnt}, seed {came.seed}")
    for metric in spec.metrics:
        interval = f"  95% interval {metric.low} … {metric.high}" if metric.low and metric.high else ""
        output(f"  {metric.name:<19}{metric.value:>8}{interval}")
    for check in spec.gate.checks:
        output(f"  {'gate':<19}{check.metric} {check.rule}: {check.result}")
    output(f"  verdict            {spec.gate.verdict}: {spec.gate.message}")
    output(f"  came of            TrainingJob {came.training_job}, run {came.run}, recipe {came.recipe_hash}")
    output(f"  data               {data.uri}  {data.digest[:23]}…")
    output(
        f"  artifact           {spec.artifact.uri}  {spec.artifact.bytes / 1024:.0f} KiB  {spec.artifact.digest[:23]}…"
    )
    if spec.gate.verdict != "Passed":
        raise DemoFailed(f"{name} is {spec.gate.verdict}, so that nothing would follow it: {spec.gate.message}")


def _read(kubectl: Kubectl, name: str) -> TrainingJob:
    job = kubectl.read(TrainingJob, name)
    if job is None:
        raise DemoFailed(f"TrainingJob {name} was deleted while it was followed")
    return job


def _current(job: TrainingJob, last: int) -> RunStatus | None:
    return next((run for run in job.status.runs if run.run > last), None)


def _finished(job: TrainingJob, last: int) -> RunStatus | None:
    run = _current(job, last)
    return run if run is not None and run.finished_at is not None else None


def _stuck(job: TrainingJob) -> str | None:
    """Return why no run will ever start, or None."""
    if job.status.observed_generation != job.metadata.generation:
        return None
    running = any(run.finished_at is None for run in job.status.runs)
    stalled = next((item for item in job.status.conditions if item.type == "Stalled" and item.status == "True"), None)
    return stalled.message if stalled is not None and not running else None


def _news(job: TrainingJob, last: int) -> str:
    ready = next((item.message for item in job.status.conditions if item.type == "Ready"), "")
    run = _current(job, last)
    if run is None or job.status.observed_generation != job.metadata.generation:
        return ""
    return f"{job.status.phase}: {ready} (Job {run.job}; {run.reason})"
