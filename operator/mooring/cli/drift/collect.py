"""Reading by kubectl what the operator reads by its watches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import mooring
from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.cli.drift.bundle import Bundle
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.control.cache import ObjectCache
from mooring.reconcile.drift.kept import kept, kept_windows
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.driftpolicy.seen import look
from mooring.reconcile.plan import Key

KIND = "driftpolicies.mooring.dev"
_READ = {
    "ModelDeployment": "modeldeployments.mooring.dev",
    "TrainingJob": "trainingjobs.mooring.dev",
    "ModelVersion": "modelversions.mooring.dev",
    "DriftPolicy": KIND,
    "ConfigMap": "configmaps",
}
_OURS = "app.kubernetes.io/managed-by=mooring"


def read_policy(kubectl: Kubectl, name: str) -> DriftPolicy:
    """Return a policy; raises KubectlFailed."""
    return DriftPolicy.model_validate(kubectl.read(KIND, name))


def collect(kubectl: Kubectl, name: str, config: OperatorConfig | None = None) -> Bundle:
    """Return everything about a policy that its namespace knows; raises KubectlFailed.

    Policies of other namespaces are not looked at: a storm that reaches further than this one is not seen.
    """
    now = datetime.now(UTC)
    policy = read_policy(kubectl, name)
    cache = ObjectCache()
    for kind in _READ:
        for item in _items(kubectl, kind):
            cache.observe(kind, item)
    key = Key("DriftPolicy", policy.metadata.namespace, name)
    watched = kept(cache, policy.metadata)
    if watched is not None:
        cache.bring_drift(key, seen_of(watched, now.timestamp()))
    seen = look(key, cache, config or OperatorConfig(runtime_image="unused"))
    if seen is None:
        raise KubectlFailed(f"{name} is being deleted")
    return Bundle(now, seen, kept_windows(cache, policy.metadata), mooring.__version__)


def _items(kubectl: Kubectl, kind: str) -> list[dict[str, Any]]:
    selector = ["-l", _OURS] if kind == "ConfigMap" else []
    found = json.loads(kubectl.run("get", _READ[kind], *selector, "-o", "json"))
    return [{"kind": kind, **item} for item in found["items"]]
