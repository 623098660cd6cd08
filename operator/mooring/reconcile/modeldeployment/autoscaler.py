"""The autoscaler of a ModelDeployment: it scales the resource, and the operator alone sizes what runs for it.

It sees the stable version's pods only. While a canary takes part of their load they look idle, so meanwhile it may
scale up and not down, and the canary has as many pods as the stable version.
"""

from __future__ import annotations

from typing import Any

from mooring.api.base import API_VERSION
from mooring.reconcile.modeldeployment.pod import KIND
from mooring.reconcile.modeldeployment.rollout import Rollout
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.plan import Apply
from mooring.reconcile.render import child


def autoscaler(sight: Sight, rollout: Rollout) -> tuple[Apply, ...]:
    """Return the HorizontalPodAutoscaler that is asked for."""
    asked, owner = sight.spec.autoscaling, sight.seen.deployment.metadata
    if asked is None:
        return ()
    target = {"type": "Utilization", "averageUtilization": asked.target_cpu_per_cent}
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": API_VERSION, "kind": KIND, "name": owner.name},
        "minReplicas": asked.min_replicas,
        "maxReplicas": asked.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        "behavior": {"scaleDown": {"selectPolicy": "Max" if rollout.canary is None else "Disabled"}},
    }
    return (Apply(child("HorizontalPodAutoscaler", owner.name, KIND, owner, {"spec": spec}, part="autoscaler")),)
