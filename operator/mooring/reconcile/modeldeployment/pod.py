"""The pods of a version: whichever server answers in them, where they run, and as whom."""

from __future__ import annotations

from typing import Any

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.modelversion import ModelVersion
from mooring.api.server import BuiltinServer
from mooring.reconcile.modeldeployment.builtin import Parts, builtin_parts
from mooring.reconcile.modeldeployment.container import container_parts
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.seen import LABEL_ARM, Seen
from mooring.reconcile.render import labels, pod_spec

KIND = "ModelDeployment"
GRACE_SECONDS = 45
_TOPOLOGIES = {"Zone": "topology.kubernetes.io/zone", "Node": "kubernetes.io/hostname"}


def render_pod(seen: Seen, version: ModelVersion, identity: Identity) -> dict[str, Any]:
    """Return the pod template of a version as it is asked for now."""
    owner, spec = seen.deployment.metadata, seen.deployment.spec
    arm = identity.child_name(owner.name)
    parts = _parts(seen, version, identity)
    return {
        "metadata": {"labels": labels(KIND, owner, version=identity.version) | {LABEL_ARM: arm}},
        "spec": pod_spec(
            parts.container,
            first=parts.first,
            volumes=parts.volumes,
            terminationGracePeriodSeconds=GRACE_SECONDS,
            **_placement(spec, arm),
        ),
    }


def _parts(seen: Seen, version: ModelVersion, identity: Identity) -> Parts:
    server = seen.deployment.spec.server
    if server is not None and server.container is not None:
        return container_parts(seen, version, server.container)
    asked = server.builtin if server is not None else None
    return builtin_parts(seen, version, identity, asked or BuiltinServer())


def _placement(spec: ModelDeploymentSpec, arm: str) -> dict[str, Any]:
    """Return what was asked for of where pods run and as whom; fields that nobody asked for are absent."""
    found: dict[str, Any] = {
        "serviceAccountName": spec.service_account_name,
        "imagePullSecrets": [secret.to_json() for secret in spec.image_pull_secrets],
        "nodeSelector": {label.key: label.value for label in spec.node_selector},
        "tolerations": [toleration.to_json() for toleration in spec.tolerations],
    }
    if spec.topology_spread is not None:
        found["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": _TOPOLOGIES[spec.topology_spread],
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {LABEL_ARM: arm}},
            }
        ]
    return {name: value for name, value in found.items() if value}
