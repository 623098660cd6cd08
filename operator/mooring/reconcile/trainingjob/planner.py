"""The plan for a TrainingJob: at most one run in flight, each request handled once, every result recorded."""

from __future__ import annotations

from datetime import datetime

from mooring.api.config import OperatorConfig
from mooring.api.trainingjob import TrainingJob
from mooring.reconcile.conditions import name_conflict
from mooring.reconcile.plan import Cache, Key, Object, Patch, Plan
from mooring.reconcile.trainingjob.problems import find_problem
from mooring.reconcile.trainingjob.recipe import recipe_hash
from mooring.reconcile.trainingjob.requests import adopts_recipe, wanted
from mooring.reconcile.trainingjob.seen import Seen, look
from mooring.reconcile.trainingjob.status import compose
from mooring.reconcile.trainingjob.step import advance, start


class TrainingJobPlanner:
    """Plans TrainingJobs."""

    kind = "TrainingJob"

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        """Return what should be done about a TrainingJob."""
        seen = look(key, cache, config)
        return plan(seen, now) if seen is not None else None

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        """Return the status that says that somebody else's object holds a name."""
        found = cache.get(key.kind, key.namespace, key.name)
        if found is None:
            return None
        job = TrainingJob.model_validate(found)
        return name_conflict(key.kind, job.metadata, job.status, taken, now)


def plan(seen: Seen, now: datetime) -> Plan:
    """Return the plan for what is seen."""
    status = seen.job.status
    recipe = recipe_hash(seen.job.spec)
    problem = find_problem(seen)
    active = status.runs[0] if status.runs and status.runs[0].finished_at is None else None
    asked = wanted(seen, recipe) if problem is None else None
    request = step = None
    if active is not None:
        step = advance(seen, active, recipe, now)
    elif asked is not None and not seen.job.spec.suspend:
        request, step = asked, start(seen, asked, recipe, now)
    starts = request is not None
    after = compose(
        seen.job,
        now=now,
        recipe=recipe if starts or adopts_recipe(seen, recipe) else status.recipe_hash,
        step=step,
        request=request,
        pending=asked if not starts else None,
        problem=problem,
    )
    return Plan(
        writes=(*(step.writes if step else ()), *_retire(seen)),
        status=after.to_json(),
        requeue_after=step.look_again if step else None,
        events=step.events if step else (),
    )


def _retire(seen: Seen) -> tuple[Patch, ...]:
    """Let finished Jobs go, now that their results are seen to be recorded."""
    recorded = {run.job for run in seen.job.status.runs if run.finished_at is not None}
    body = {"spec": {"ttlSecondsAfterFinished": seen.job.spec.run.ttl_seconds_after_finished}}
    return tuple(
        Patch("Job", seen.job.metadata.namespace, job.name, job.uid, body)
        for name, job in sorted(seen.jobs.items())
        if name in recorded and not job.ttl_set and not job.deleting and (job.complete or job.failed)
    )
