"""Shares and sizes: who is led where, and how many pods everything has. Each obeys the law of order.

A share rises only to what ready pods carry. Pods are taken only from an arm that is confirmed to have lost its share.
At most two arms have shares: what leaves goes to nothing before a new canary gets anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from mooring.api.rolloutstatus import Draining
from mooring.reconcile.modeldeployment.capacity import WHOLE, allowed, pods_for
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.march import pods_wanted
from mooring.reconcile.modeldeployment.rollout import Rollout, drain, identity_of
from mooring.reconcile.modeldeployment.sight import Sight


def settle_drains(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout with what leaves: confirmed to have no share, then running on for the delay, then gone."""
    previous = rollout.previous
    if previous is not None and previous.until <= sight.now:
        rollout = replace(drain(rollout, previous), previous=None)
    kept = (_confirmed(sight, entry) for entry in rollout.draining)
    return replace(rollout, draining=tuple(entry for entry in kept if entry.until is None or sight.now < entry.until))


def _confirmed(sight: Sight, entry: Draining) -> Draining:
    if entry.until is not None or not sight.is_off(identity_of(entry)):
        return entry
    delay = timedelta(seconds=sight.spec.rollout.scale_down_delay_seconds)
    return entry.model_copy(update={"until": sight.now + delay})


def lead(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout with shares and sizes."""
    led = replace(rollout, weights=_weights(sight, rollout))
    return replace(led, sizes=dict(_sizes(sight, led)))


def _weights(sight: Sight, rollout: Rollout) -> dict[Identity, int]:
    if rollout.stable is None:
        return {identity_of(rollout.canary): WHOLE} if rollout.canary is not None else {}
    stable = identity_of(rollout.stable)
    minor, target = _minor(sight, rollout)
    if minor is None or minor == stable:
        return {stable: WHOLE}
    share = allowed(
        target,
        sight.current(minor),
        ready=sight.ready(minor),
        others=sight.ready(stable),
        replicas=sight.replicas,
    )
    if not sight.is_found(minor):  # proxies that have not said that they know an arm are given no more for it
        share = min(share, sight.asked(minor))
    share = _whole(sight, minor, share) if sight.provider == "Service" else share
    return {arm: weight for arm, weight in ((stable, WHOLE - share), (minor, share)) if weight > 0}


def _minor(sight: Sight, rollout: Rollout) -> tuple[Identity | None, int]:
    """Return the arm beside the stable one that may have a share, and the share that it is to have."""
    leaving = [identity_of(entry) for entry in rollout.draining if entry.until is None]
    if leaving:
        return max(leaving, key=sight.current), 0
    if rollout.canary is not None:
        return identity_of(rollout.canary), rollout.target
    if rollout.previous is not None:
        return identity_of(rollout.previous), sight.spec.rollout.holdback_per_cent or 0
    return None, 0


def _whole(sight: Sight, minor: Identity, share: int) -> int:
    """Return all or nothing: a Service that leads to one arm stays with it as long as that carries anything."""
    return WHOLE if share == WHOLE or (share > 0 and sight.asked(minor) == WHOLE) else 0


def _sizes(sight: Sight, rollout: Rollout) -> Iterator[tuple[Identity, int]]:
    for entry in rollout.draining:
        yield identity_of(entry), sight.pods(identity_of(entry))
    if rollout.previous is not None:
        yield identity_of(rollout.previous), _previous(sight, rollout, identity_of(rollout.previous))
    if rollout.canary is not None:
        yield identity_of(rollout.canary), _canary(sight, rollout, identity_of(rollout.canary))
    if rollout.stable is not None:
        yield identity_of(rollout.stable), sight.replicas


def _canary(sight: Sight, rollout: Rollout, identity: Identity) -> int:
    """Return the canary's pods: what its share needs, and never fewer than it has, within `replicas`."""
    if rollout.stable is None:
        return sight.replicas
    return min(sight.replicas, max(pods_wanted(sight, rollout), sight.pods(identity)))


def _previous(sight: Sight, rollout: Rollout, identity: Identity) -> int:
    """Return the pods of the version before: all of them for the delay, then one, or what a held-back share needs."""
    share = rollout.weights.get(identity, 0)
    promoted = rollout.stable.started_at if rollout.stable is not None else None
    recent = sight.waited(promoted) < sight.spec.rollout.scale_down_delay_seconds
    if recent or sight.asked(identity) != share or sight.applied(identity) != share:
        return max(sight.pods(identity), min(1, sight.replicas))
    return min(sight.replicas, max(1, pods_for(share, sight.replicas)))
