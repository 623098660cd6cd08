"""What a ModelDeployment says of itself."""

from __future__ import annotations

from mooring.api.rolloutstatus import (
    Handled,
    ModelDeploymentStatus,
    Share,
    TrafficStatus,
)
from mooring.reconcile.conditions import set_conditions
from mooring.reconcile.modeldeployment.evidence import shown
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.seen import LABEL_ARM
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.told import told


def compose(sight: Sight, rollout: Rollout) -> ModelDeploymentStatus:
    """Return the whole status after this plan."""
    metadata, before = sight.seen.deployment.metadata, sight.seen.deployment.status
    stable = rollout.stable
    evidence, decision = shown(sight, rollout)
    generation = metadata.generation
    return ModelDeploymentStatus(
        observed_generation=generation,
        conditions=set_conditions(before.conditions, told(sight, rollout), generation=generation, now=sight.now),
        replicas=stable.replicas if stable else 0,
        selector=f"{LABEL_ARM}={sight.arm(identity_of(stable))}" if stable else None,
        stable=stable,
        canary=rollout.canary,
        previous=rollout.previous,
        draining=list(rollout.draining),
        rollout=rollout.progress,
        traffic=_traffic(sight, rollout),
        evidence=evidence,
        decision=decision,
        forecast=rollout.forecast,
        withdrawn=list(rollout.withdrawn),
        handled=rollout.handled if rollout.handled != Handled() else None,
        history=list(rollout.history),
        url=f"http://{metadata.name}.{metadata.namespace}.svc" if stable or rollout.canary else None,
    )


def _traffic(sight: Sight, rollout: Rollout) -> TrafficStatus | None:
    """Return what is asked of the provider, and what it has in force; None where nothing is served yet."""
    if not rollout.weights:
        return None
    before, seen = sight.seen.deployment.status.traffic, sight.traffic
    canary = identity_of(rollout.canary) if rollout.canary is not None and rollout.stable is not None else None
    held_back = identity_of(rollout.previous) if rollout.previous is not None else None
    split = [Share(arm=sight.arm(arm), weight=rollout.weights.get(arm, 0)) for arm in reversed(list(rollout.sizes))]
    asked = (split, rollout.shadow, sight.provider)
    same = before is not None and (before.split, before.shadow, before.provider) == asked
    counted = seen.observed if seen is not None else None
    return TrafficStatus(
        provider=sight.provider,
        desired=_weight(rollout, canary),
        applied=sight.applied(canary) if canary is not None and same else None,
        observed=f"{counted.get(sight.arm(canary), 0):.1f}" if counted is not None and canary is not None else None,
        approximate=seen.approximate if seen is not None else False,
        shadow=rollout.shadow,
        holdback=_weight(rollout, held_back),
        split=split,
        since=before.since if before is not None and same else sight.now,
    )


def _weight(rollout: Rollout, arm: Identity | None) -> int:
    return rollout.weights.get(arm, 0) if arm is not None else 0
