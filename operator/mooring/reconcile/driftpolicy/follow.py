"""What became of a request: taken up, carried out, and whether it helped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mooring.api.driftstatus import LastStatus, Outcome, RequestStatus, StartStatus
from mooring.api.trainingjob import RunStatus
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.gain import measure
from mooring.reconcile.driftpolicy.runs import is_handled, made_by, number_of, run_of
from mooring.reconcile.driftpolicy.seen import Seen

IN_VAIN: tuple[Outcome, ...] = ("Rejected", "Unchanged", "Failed", "Aborted", "RolledBack")
"""Ends of a run that did not help."""
_STARTS = 100


@dataclass(frozen=True)
class Became:
    """Where a run, or what it made, stands."""

    outcome: Outcome
    run: int | None = None
    version: str | None = None
    said: str = ""


def take_up(seen: Seen, course: Course, now: datetime) -> Course:
    """Return the course after somebody acted on the request: from then on it is followed as the last one.

    A run may have been started in the moment that its request was held again.
    """
    request = course.request
    if request is None:
        return course
    if request.action == "Retrain" and is_handled(seen, request.id):
        run = run_of(seen, request.id)
        start = StartStatus(number=number_of(seen, request.id), at=run.started_at if run is not None else now)
        taken = _taken(course, request)
        return replace(taken, starts=(*course.starts, start)[-_STARTS:])
    if request.action == "Rollback" and request.state == "Asked" and _is_withdrawn(seen, request.version):
        return _taken(course, request)
    return course


def _taken(course: Course, request: RequestStatus) -> Course:
    last = LastStatus(
        id=request.id,
        action=request.action,
        trigger=request.trigger,
        outcome="Waiting",
        version=request.version if request.action == "Rollback" else None,
        segment=request.segment,
        loss=request.loss,
        overall_loss=request.overall_loss,
        metric=request.metric,
    )
    before = course.last
    went = request.action == "Rollback" and before is not None and before.version == request.version
    backoff = course.backoff + (1 if went and before is not None and before.helped is not False else 0)
    return replace(course, request=None, suppressed=None, last=last, backoff=backoff)


def follow(seen: Seen, course: Course, now: datetime) -> Course:
    """Return the course with what became of the last request."""
    last = course.last
    if last is None:
        return course
    if last.action == "Rollback":
        return _went(seen, course, last, now)
    known = last.outcome in ("Waiting", "Promoted") or (last.outcome == "Expired" and is_handled(seen, last.id))
    became = _became(seen, last) if known else None
    if became is not None and (became.outcome, became.run, became.version) != (last.outcome, last.run, last.version):
        course = _moved(course, last, became, now)
    return measure(seen, course)


def _went(seen: Seen, course: Course, last: LastStatus, now: datetime) -> Course:
    if last.outcome != "Waiting" or seen.serves is None or seen.serves == last.version:
        return course
    gone = last.model_copy(update={"outcome": "RolledBack", "at": now.replace(microsecond=0)})
    told = f"{last.id}: {last.version} went, {seen.serves} serves again"
    return replace(course, last=gone).tell("Normal", "RolledBack", told)


def _moved(course: Course, last: LastStatus, became: Became, now: datetime) -> Course:
    ended = became.outcome != last.outcome and became.outcome != "Waiting"
    vain = became.outcome in IN_VAIN
    after = last.model_copy(
        update={
            "outcome": became.outcome,
            "run": became.run if became.run is not None else last.run,
            "version": became.version or last.version,
            "at": now.replace(microsecond=0) if ended else last.at,
            "helped": False if vain else last.helped,
        }
    )
    backoff = course.backoff + (1 if vain and ended and last.helped is not False else 0)
    moved = replace(course, last=after, backoff=backoff)
    if not ended:
        return moved
    told = f"{last.id} ended as {became.outcome}{': ' + became.said if became.said else ''}"
    return moved.tell("Warning" if vain else "Normal", f"Request{became.outcome}", told)


def _became(seen: Seen, last: LastStatus) -> Became | None:
    """Return where a run stands; None where nobody can say, as without its TrainingJob."""
    run, made = run_of(seen, last.id), made_by(seen, last.id)
    number = run.run if run is not None else None
    if run is not None and run.finished_at is None:
        return Became("Waiting", number)
    if run is not None and run.failure is not None:
        return Became("Failed", number, said=f"{run.failure.class_}/{run.failure.reason}: {run.failure.message}")
    if run is not None and run.unchanged:
        return Became("Unchanged", number, run.version, "recipe, data and image are those of that version")
    if made is None:
        return _unmade(seen, last, run)
    provenance, name = made.spec.provenance, made.metadata.name
    number = number or (provenance.run if provenance is not None else None)
    if made.spec.gate.verdict == "Rejected":
        return Became("Rejected", number, name, f"{name}: {made.spec.gate.message}")
    return _rolled_out(seen, last, Became("Waiting", number, name))


def _unmade(seen: Seen, last: LastStatus, run: RunStatus | None) -> Became:
    """Return where a run stands of which there is no record."""
    if last.outcome == "Promoted" or seen.job is None:
        return Became(last.outcome, last.run, last.version)
    if run is not None:
        return Became("Failed", run.run, run.version, f"the record of {run.version} was deleted")
    return Became(
        "Failed", last.run, last.version, "its TrainingJob lists neither the run nor a version of it any more"
    )


def _rolled_out(seen: Seen, last: LastStatus, made: Became) -> Became:
    """Return where the version of a run stands with the deployment."""
    name, serves = made.version or "", seen.serves
    if _is_withdrawn(seen, name):
        back = last.outcome == "Promoted"
        return replace(made, outcome="RolledBack" if back else "Aborted", said=_why_withdrawn(seen, name))
    if serves == name or last.outcome == "Promoted":
        return replace(made, outcome="Promoted", said=f"{name} serves")
    if serves is not None and _number(serves) > _number(name):
        return replace(made, outcome="Superseded", said=f"{serves} serves")
    return made


def _number(version: str) -> int:
    number = version.rpartition("-v")[2]
    return int(number) if number.isdigit() else 0


def is_under_way(seen: Seen, last: LastStatus | None) -> bool:
    """Tell whether what was asked for last will come to an end by itself.

    A version that only a person can bring to serve, since another is pinned or its verdict is Unknown, does not.
    """
    if last is None or last.outcome != "Waiting":
        return False
    made = seen.version(last.version) if last.action == "Retrain" else None
    if made is None or seen.deployment is None:
        return True
    return made.spec.gate.verdict == "Passed" and seen.deployment.spec.version in (None, made.metadata.name)


def under_way(seen: Seen, last: LastStatus) -> str:
    """Return what the last request waits for."""
    made = seen.version(last.version)
    if last.action == "Rollback":
        return f"{last.version} goes"
    if made is None:
        return f"run {last.run} is not over" if last.run is not None else "its run is not over"
    return f"run {last.run} made {made.metadata.name}, and {seen.serves or 'nothing'} serves still"


def _is_withdrawn(seen: Seen, version: str | None) -> bool:
    withdrawn = seen.deployment.status.withdrawn if seen.deployment is not None else []
    return any(entry.version == version for entry in withdrawn)


def _why_withdrawn(seen: Seen, version: str) -> str:
    withdrawn = seen.deployment.status.withdrawn if seen.deployment is not None else []
    return next((f"{version} was withdrawn: {entry.reason}" for entry in withdrawn if entry.version == version), "")
