"""What runs for one version: the pod template, kept as it was first rendered, its Deployment and Services."""

from __future__ import annotations

from typing import Any

from mooring.api.base import ObjectMeta
from mooring.api.modeldeployment import BuiltinServer
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import (
    ADMIN_PORT,
    ARTIFACT_PREFIX,
    ID_KEY_VARIABLE,
    PEERS_HOST_VARIABLE,
    POD_ADDRESS_VARIABLE,
    SERVE_ORDER_VARIABLE,
    SERVING_PORT,
    ServeOrder,
)
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.seen import LABEL_ARM, Seen
from mooring.reconcile.plan import Mint, Object
from mooring.reconcile.render import child, credentials, labels, pod_spec, resources

KIND = "ModelDeployment"
ID_KEY = "key"


def pod_template(seen: Seen, version: ModelVersion, identity: Identity) -> Object:
    """Return the template kept under this identity, or render it for the first time."""
    name = identity.child_name(seen.deployment.metadata.name)
    kept = seen.revisions.get(name)
    return kept.pod if kept is not None and kept.pod else _render_pod(seen, version, identity)


def _render_pod(seen: Seen, version: ModelVersion, identity: Identity) -> dict[str, Any]:
    owner, spec = seen.deployment.metadata, seen.deployment.spec
    server = spec.server.builtin if spec.server and spec.server.builtin else BuiltinServer()
    order = ServeOrder(model=spec.model, version=version.metadata.name, artifact=version.spec.artifact, server=server)
    container = {
        "name": "server",
        "image": _image(seen, version),
        "command": ["python3", "-m", "mooring.serving"],
        "env": [
            {"name": SERVE_ORDER_VARIABLE, "value": order.model_dump_json(by_alias=True, exclude_none=True)},
            *credentials(ARTIFACT_PREFIX, version.spec.artifact.secret_name),
            *_feedback(owner, identity),
        ],
        "ports": [
            {"name": "http", "containerPort": SERVING_PORT, "protocol": "TCP"},
            {"name": "admin", "containerPort": ADMIN_PORT, "protocol": "TCP"},
        ],
        "resources": resources(spec.resources, cpu="100m", memory="256Mi"),
        "readinessProbe": _probe("/readyz", period=1, failures=3),
        "livenessProbe": _probe("/healthz", period=10, failures=6),
    }
    arm = identity.child_name(owner.name)
    return {
        "metadata": {"labels": _labels(owner, identity, arm)},
        "spec": pod_spec(container, terminationGracePeriodSeconds=45),
    }


def _image(seen: Seen, version: ModelVersion) -> str:
    """Return the small image for a version with a compiled form, else the one that has scikit-learn too."""
    small = seen.config.serving_image if version.spec.artifact.also_as else None
    return small or seen.config.runtime_image


def ids_name(deployment: str) -> str:
    """Return the name of the Secret with the key of a ModelDeployment's prediction ids."""
    return f"{deployment}-ids"


def _feedback(owner: ObjectMeta, identity: Identity) -> list[dict[str, Any]]:
    """Return the environment by which pods take each other's ids, and agree on who remembers a truth."""
    key = {"name": ids_name(owner.name), "key": ID_KEY, "optional": True}
    address = {"apiVersion": "v1", "fieldPath": "status.podIP"}
    return [
        {"name": ID_KEY_VARIABLE, "valueFrom": {"secretKeyRef": key}},
        {"name": PEERS_HOST_VARIABLE, "value": f"{identity.child_name(owner.name)}.{owner.namespace}.svc"},
        {"name": POD_ADDRESS_VARIABLE, "valueFrom": {"fieldRef": address}},
    ]


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "admin", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _labels(owner: ObjectMeta, identity: Identity, arm: str) -> dict[str, str]:
    return labels(KIND, owner, version=identity.version) | {LABEL_ARM: arm}


def render_ids(seen: Seen) -> Mint:
    """Return the Secret with the key of prediction ids: one for all versions, so that late truths are known."""
    owner = seen.deployment.metadata
    return Mint(child("Secret", ids_name(owner.name), KIND, owner, {}), ID_KEY)


def render_revision(seen: Seen, identity: Identity, pod: Object) -> dict[str, Any]:
    """Return the ControllerRevision that keeps a template as it was rendered."""
    owner = seen.deployment.metadata
    body = {"revision": int(identity.version.rpartition("-v")[2]), "data": {"template": pod}}
    name = identity.child_name(owner.name)
    return child("ControllerRevision", name, KIND, owner, body, version=identity.version)


def render_deployment(seen: Seen, identity: Identity, pod: Object, replicas: int) -> dict[str, Any]:
    """Return the Deployment of one version."""
    owner = seen.deployment.metadata
    name = identity.child_name(owner.name)
    body = {
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {LABEL_ARM: name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": pod,
        }
    }
    return child("Deployment", name, KIND, owner, body, version=identity.version)


def render_headless(seen: Seen, identity: Identity) -> dict[str, Any]:
    """Return the headless Service of one version, for who must speak to that version."""
    name = identity.child_name(seen.deployment.metadata.name)
    spec = {"clusterIP": "None", "selector": {LABEL_ARM: name}, "ports": [_port(SERVING_PORT)]}
    return child("Service", name, KIND, seen.deployment.metadata, {"spec": spec}, version=identity.version)


def render_service(seen: Seen, identity: Identity) -> dict[str, Any]:
    """Return the one Service for users, leading to one version."""
    owner = seen.deployment.metadata
    spec = {"selector": {LABEL_ARM: identity.child_name(owner.name)}, "ports": [_port(80)]}
    return child("Service", owner.name, KIND, owner, {"spec": spec})


def _port(port: int) -> dict[str, Any]:
    return {"name": "http", "port": port, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
