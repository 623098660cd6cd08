"""The plan for a ModelDeployment."""

from __future__ import annotations

from datetime import datetime

from mooring.api.config import OperatorConfig
from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.conditions import name_conflict
from mooring.reconcile.modeldeployment.children import writes
from mooring.reconcile.modeldeployment.rollout import Rollout, advance
from mooring.reconcile.modeldeployment.seen import Seen, look
from mooring.reconcile.modeldeployment.status import compose
from mooring.reconcile.plan import Cache, Key, Object, Plan

_LOOK_AGAIN = 1.0


class ModelDeploymentPlanner:
    """Plans ModelDeployments."""

    kind = "ModelDeployment"

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        """Return what should be done about a ModelDeployment."""
        seen = look(key, cache, config)
        return plan(seen, now) if seen is not None else None

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        """Return the status that says that somebody else's object holds a name."""
        found = cache.get(key.kind, key.namespace, key.name)
        if found is None:
            return None
        deployment = ModelDeployment.model_validate(found)
        return name_conflict(key.kind, deployment.metadata, deployment.status, taken, now)


def plan(seen: Seen, now: datetime) -> Plan:
    """Return the plan for what is seen."""
    rollout = advance(seen, now)
    return Plan(
        writes=writes(seen, rollout),
        status=compose(seen, rollout, now).to_json(),
        requeue_after=_look_again(seen, rollout, now),
        events=rollout.events,
    )


def _look_again(seen: Seen, rollout: Rollout, now: datetime) -> float | None:
    """Return when time alone will change the plan: a deadline, or the end of a drain."""
    moments = [(entry.until - now).total_seconds() for entry in rollout.draining]
    if rollout.candidate is not None and rollout.late is None:
        waited = (now - rollout.candidate.since).total_seconds()
        moments.append(seen.deployment.spec.rollout.progress_deadline_seconds - waited)
    return max(min(moments) + 0.1, _LOOK_AGAIN) if moments else None
