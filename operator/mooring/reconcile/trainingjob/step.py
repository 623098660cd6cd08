"""One step of the run in flight: what its Job and pods say, turned into writes and the run's next state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mooring.api.modelversion import ModelVersionSpec
from mooring.api.trainingjob import Failure, RunStatus
from mooring.api.wire import TrainReport
from mooring.reconcile.plan import Apply, Delete, Event, Patch, Write
from mooring.reconcile.trainingjob import outcome as outcomes
from mooring.reconcile.trainingjob.job import job_name, render_job, train_order
from mooring.reconcile.trainingjob.record import (
    IncompleteReportError,
    already_recorded,
    make_spec,
    render_version,
)
from mooring.reconcile.trainingjob.requests import Request
from mooring.reconcile.trainingjob.seen import JobSeen, Seen

Writes = tuple[Write, ...]


@dataclass(frozen=True)
class Step:
    """What to do about the run in flight, and what to say of it."""

    run: RunStatus
    message: str
    writes: Writes = ()
    events: tuple[Event, ...] = ()
    waiting: bool = False
    look_again: float | None = None
    recorded: ModelVersionSpec | None = None


def start(seen: Seen, request: Request, recipe: str, now: datetime) -> Step:
    """Start a run."""
    number = (seen.job.status.last_run or 0) + 1
    run = RunStatus(
        run=number,
        request=request.id,
        reason=request.reason,
        job=job_name(seen.job, number, request.id),
        recipe_hash=recipe,
        started_at=now,
    )
    event = Event("Normal", "RunStarted", f"run {number}: {request.reason}")
    return replace(_make_job(seen, run, force=request.force), events=(event,))


def advance(seen: Seen, run: RunStatus, recipe: str, now: datetime) -> Step:
    """Look after the run in flight."""
    job = seen.jobs.get(run.job)
    outcome = outcomes.judge(run, job, seen.pods.get(run.job, []), seen.job.spec.run, now)
    match outcome:
        case outcomes.Missing() if run.recipe_hash != recipe:
            return _fail(run, Failure(class_="User", reason="Superseded", message=_SUPERSEDED), now)
        case outcomes.Missing():
            return _make_job(seen, run, force=False)
        case outcomes.Lost(uid):
            delete = Delete("Job", seen.job.metadata.namespace, run.job, uid)
            return Step(run, "the run's pod is gone, unread: the run is asked again", (delete,), look_again=2)
        case outcomes.Under():
            return _under(seen, run, job, outcome)
        case outcomes.Failed(failure, uid):
            writes: Writes = (Delete("Job", seen.job.metadata.namespace, run.job, uid),) if uid else ()
            return replace(_fail(run, failure, now), writes=writes)
        case outcomes.Reported(report):
            return _record(seen, run, job, report, now)


_SUPERSEDED = "its Job was deleted, and the recipe has changed since: the changed recipe runs instead"


def _make_job(seen: Seen, run: RunStatus, *, force: bool) -> Step:
    output = seen.job.spec.output or seen.config.default_output
    if output is None:
        return Step(run, "no output store is configured", waiting=True)
    request = Request(run.request, run.reason, force=force)
    order = train_order(seen, run=run.run, request=request, recipe=run.recipe_hash, output=output)
    return Step(run, f"run {run.run} is starting", (Apply(render_job(seen, order), once=True),), waiting=True)


def _under(seen: Seen, run: RunStatus, job: JobSeen | None, under: outcomes.Under) -> Step:
    wish = seen.job.spec.suspend
    writes: Writes = ()
    if job is not None and not job.deleting and job.suspended != wish:
        body = {"spec": {"suspend": wish}}
        writes = (Patch("Job", seen.job.metadata.namespace, job.name, job.uid, body),)
    return Step(run, under.message, writes, waiting=under.waiting, look_again=under.look_again)


def _fail(run: RunStatus, failure: Failure, now: datetime) -> Step:
    ended = run.model_copy(update={"finished_at": now, "failure": failure})
    message = f"run {run.run} failed: {failure.class_}/{failure.reason}: {failure.message}"
    return Step(ended, message, events=(Event("Warning", "RunFailed", message),))


def _record(seen: Seen, run: RunStatus, job: JobSeen | None, report: TrainReport, now: datetime) -> Step:
    order = job.order if job else None
    if report.outcome == "Unchanged":
        same = order.unchanged.version if order and order.unchanged else None
        return _unchanged(run, same, report, now)
    found = already_recorded(seen, run)
    try:
        spec = found.spec if found else make_spec(seen, run, report, order)
    except IncompleteReportError as problem:
        failure = Failure(class_="Infrastructure", reason="ReportUnreadable", message=str(problem))
        return _fail(run, failure, now)
    version = f"{spec.model}-v{spec.number}"
    data = {"data": spec.data.digest, "rows": spec.data.rows} if spec.data else {}
    facts = data | {"verdict": spec.gate.verdict, "version": version}
    message = f"{version} recorded, {spec.gate.verdict}: {spec.gate.message}"
    return Step(
        run.model_copy(update={"finished_at": now, **facts}),
        message,
        () if found else (Apply(render_version(spec, seen.job.metadata.namespace), once=True),),
        (Event("Normal", "VersionRecorded", message),),
        recorded=spec,
    )


def _unchanged(run: RunStatus, version: str | None, report: TrainReport, now: datetime) -> Step:
    facts = {
        "finished_at": now,
        "unchanged": True,
        "version": version,
        "data": report.data.digest if report.data else None,
    }
    message = f"run {run.run} trained nothing: recipe, data and image are those of {version}"
    return Step(run.model_copy(update=facts), message, events=(Event("Normal", "Unchanged", message),))
