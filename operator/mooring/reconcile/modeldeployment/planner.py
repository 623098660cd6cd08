"""The plan for a ModelDeployment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mooring.api.config import OperatorConfig
from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.conditions import name_conflict
from mooring.reconcile.modeldeployment.advance import advance
from mooring.reconcile.modeldeployment.children import writes
from mooring.reconcile.modeldeployment.march import BROKEN_SECONDS
from mooring.reconcile.modeldeployment.rollout import Rollout
from mooring.reconcile.modeldeployment.seen import Seen, look
from mooring.reconcile.modeldeployment.sight import UNOBSERVED, Sight
from mooring.reconcile.modeldeployment.status import compose
from mooring.reconcile.modeldeployment.steps import seconds_of, steps_of
from mooring.reconcile.plan import Cache, Key, Object, Plan

_LOOK_AGAIN = 1.0
_UNSETTLED = 5.0
"""Looks while proxies have yet to confirm; observers ask for a look themselves when they have news."""


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
    sight, rollout = advance(seen, now)
    status = compose(sight, rollout)
    asked = status.traffic.since if status.traffic is not None else None
    moments = [(moment - now).total_seconds() for moment in _moments(sight, rollout)]
    if asked is not None and now < asked + UNOBSERVED:
        moments.append(_LOOK_AGAIN)
    if rollout.canary is not None or any(entry.until is None for entry in rollout.draining):
        moments.append(_UNSETTLED)
    ahead = [seconds for seconds in moments if seconds > -_UNSETTLED]
    return Plan(
        writes=writes(sight, rollout),
        status=status.to_json(),
        requeue_after=max(min(ahead) + 0.1, _LOOK_AGAIN) if ahead else None,
        events=rollout.events,
    )


def _moments(sight: Sight, rollout: Rollout) -> Iterator[datetime]:
    """Return when time alone may change the plan: the ends of drains, watches, steps and deadlines."""
    yield from (entry.until for entry in rollout.draining if entry.until is not None)
    rules, stable, progress = sight.spec.rollout, rollout.stable, rollout.progress
    if rollout.previous is not None and stable is not None:
        yield rollout.previous.until
        yield stable.started_at + timedelta(seconds=rules.scale_down_delay_seconds)
    if rollout.canary is None or progress.since is None or rollout.late is not None:
        return
    yield progress.since + timedelta(seconds=rules.progress_deadline_seconds)
    steps, index = steps_of(sight.spec), progress.step_index
    if index is not None and index < len(steps):
        yield progress.since + timedelta(seconds=seconds_of(steps[index]))
    if stable is not None and stable.unready_since is not None:
        yield stable.unready_since + timedelta(seconds=BROKEN_SECONDS)
