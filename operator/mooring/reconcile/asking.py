"""Which DriftPolicies ask somebody for something now."""

from __future__ import annotations

from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import Action
from mooring.reconcile.plan import Cache, Key


def asking(asked: Key, action: Action, cache: Cache) -> tuple[DriftPolicy, ...]:
    """Return the policies that ask a TrainingJob or a ModelDeployment to act, the oldest first.

    Only requests in state Asked count: the others are between the policy and whoever reads it.
    """
    found = []
    for name in cache.policies_of(asked.kind, asked.namespace, asked.name):
        item = cache.get("DriftPolicy", asked.namespace, name) or {}
        request = (item.get("status") or {}).get("request") or {}
        if request.get("state") == "Asked" and request.get("action") == action:
            found.append(DriftPolicy.model_validate(item))
    return tuple(sorted(found, key=lambda one: (str(one.metadata.creation_timestamp), one.metadata.name)))
