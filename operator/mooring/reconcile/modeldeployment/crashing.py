"""A canary whose pods end again and again.

The judge cannot say it: a canary without ready pods gets nothing, so its share changes with every end, and what was
counted around a change is no evidence.
"""

from __future__ import annotations

from mooring.api.judging import Analysis
from mooring.api.rolloutstatus import Arm
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.trouble import trouble
from mooring.reconcile.pods import PodSeen, parse_time

IN_FORCE = ("Shadowing", "Analysing", "Paused")
"""Phases in which users' requests may be why it ends; before them, a deadline runs."""


def crashed(sight: Sight, rollout: Rollout, canary: Arm) -> str | None:
    """Return why a canary is withdrawn: its containers ended `consecutiveFailures` times, and none of the stable's did.

    None where that is not so: what ends the pods of both is not the version.
    """
    if rollout.stable is None or rollout.progress.phase not in IN_FORCE:
        return None
    count = sum(pod.restarts for pod in _pods(sight, canary))
    asked = sight.spec.rollout.analysis or Analysis()
    if count < asked.catastrophe.consecutive_failures:
        return None
    ends = [parse_time(pod.ending.at) for pod in _pods(sight, rollout.stable) if pod.ending is not None]
    if any(at is None or at >= canary.started_at for at in ends):
        return None
    said = trouble(sight.seen, identity_of(canary)) or "they say nothing now"
    return f"its pods ended {count} times, those of {rollout.stable.version} never: {said}"


def _pods(sight: Sight, arm: Arm) -> list[PodSeen]:
    return sight.seen.pods.get(sight.arm(identity_of(arm)), [])
