"""Which version is on its way: kept, begun, or let go for another."""

from __future__ import annotations

from dataclasses import replace

from mooring.reconcile.modeldeployment.choose import Choice, choose
from mooring.reconcile.modeldeployment.endings import begin, supersede
from mooring.reconcile.modeldeployment.people import standing
from mooring.reconcile.modeldeployment.providers import lacking
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import steps_of


def aim(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout with the canary that is wanted now."""
    choice = choose(sight.seen, standing(rollout))
    rollout = replace(rollout, choice=choice)
    stable = identity_of(rollout.stable) if rollout.stable is not None else None
    current = identity_of(rollout.canary) if rollout.canary is not None else None
    wanted = choice.identity if choice.identity != stable else None
    frozen = sight.spec.suspend and stable is not None and not rollout.returning
    ending = current is not None and rollout.is_withdrawn(current)
    if frozen or (wanted is not None and wanted == current) or (wanted is None and ending):
        return rollout
    if current is not None:
        rollout = supersede(sight, rollout, choice.message)
    lacks = lacking(sight.spec, sight.seen.config) if stable is not None and not rollout.returning else None
    if lacks is not None and wanted is not None:
        return replace(rollout, choice=Choice(None, None, "ProviderUnavailable", lacks))
    if wanted is None or choice.version is None:
        return rollout
    return begin(sight, rollout, choice.version, wanted, steps_of(sight.spec))
