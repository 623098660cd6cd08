"""The container of Mooring's own server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mooring.api.base import ObjectMeta
from mooring.api.capture import Capture
from mooring.api.modelversion import ModelVersion
from mooring.api.server import BuiltinServer
from mooring.api.wire import (
    ADMIN_PORT,
    ARTIFACT_PREFIX,
    CAPTURE_PREFIX,
    GRPC_PORT_VARIABLE,
    ID_KEY_VARIABLE,
    KEYS_ENTRY,
    KEYS_VARIABLE,
    PEERS_HOST_VARIABLE,
    POD_ADDRESS_VARIABLE,
    SERVE_ORDER_VARIABLE,
    SERVING_PORT,
    STABLE_PEERS_VARIABLE,
    CaptureOrder,
    ServeOrder,
)
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.ports import ADMIN, GRPC, HTTP
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.plan import Object
from mooring.reconcile.render import credentials, resources

ID_KEY = "key"
KEYS_FOLDER = "/etc/mooring/keys"


@dataclass(frozen=True)
class Parts:
    """What a pod is made of, before it is confined and placed."""

    container: Object
    first: Sequence[Object] = ()
    volumes: Sequence[Object] = ()


def builtin_parts(seen: Seen, version: ModelVersion, identity: Identity, server: BuiltinServer) -> Parts:
    """Return Mooring's server for a version."""
    owner, spec = seen.deployment.metadata, seen.deployment.spec
    feedback = spec.feedback is None or spec.feedback.enabled
    order = ServeOrder.of(version, server, feedback=feedback, capture=_capture(owner, spec.capture))
    ports = {HTTP: SERVING_PORT, ADMIN: ADMIN_PORT} | ({GRPC: server.grpc_port} if server.grpc_port else {})
    container = {
        "name": "server",
        "image": _image(seen, version),
        "command": ["python3", "-m", "mooring.serving"],
        "env": [
            {"name": SERVE_ORDER_VARIABLE, "value": order.model_dump_json(by_alias=True, exclude_none=True)},
            *credentials(ARTIFACT_PREFIX, version.spec.artifact.secret_name),
            *credentials(CAPTURE_PREFIX, spec.capture.secret_name if spec.capture else None),
            *_feedback(owner, identity),
            {"name": STABLE_PEERS_VARIABLE, "value": f"{stable_name(owner.name)}.{owner.namespace}.svc"},
            *([{"name": GRPC_PORT_VARIABLE, "value": str(server.grpc_port)}] if server.grpc_port else []),
            *([{"name": KEYS_VARIABLE, "value": f"{KEYS_FOLDER}/{KEYS_ENTRY}"}] if server.keys_secret_name else []),
        ],
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()],
        "resources": resources(spec.resources, cpu="100m", memory="256Mi"),
        "readinessProbe": probe("/readyz", port=ADMIN, period=1, failures=3),
        "livenessProbe": probe("/healthz", port=ADMIN, period=10, failures=6),
    }
    if server.keys_secret_name is None:
        return Parts(container)
    mount = {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True}
    return Parts(container | {"volumeMounts": [mount]}, volumes=[_keys(server.keys_secret_name)])


def _capture(owner: ObjectMeta, asked: Capture | None) -> CaptureOrder | None:
    if asked is None:
        return None
    return CaptureOrder(uri=asked.folder(owner.namespace, owner.name), per_mille=asked.per_mille)


def _image(seen: Seen, version: ModelVersion) -> str:
    """Return the small image for what needs no scikit-learn: a compiled form, or trees and ONNX that were brought."""
    artifact = version.spec.artifact
    small = bool(artifact.also_as) or artifact.format in ("Onnx", "XGBoost", "LightGBM")
    return (small and seen.config.serving_image) or seen.config.runtime_image


def _keys(secret: str) -> dict[str, Any]:
    """Return the volume of keys. Optional: a pod without them starts, and says what it misses; a mount says nothing.

    A folder and not one file (`subPath`): the kubelet replaces only folders when the Secret changes.
    """
    items = [{"key": KEYS_ENTRY, "path": KEYS_ENTRY}]
    return {"name": "keys", "secret": {"secretName": secret, "items": items, "defaultMode": 0o440, "optional": True}}


def ids_name(deployment: str) -> str:
    """Return the name of the Secret with the key of a ModelDeployment's prediction ids."""
    return f"{deployment}-ids"


def stable_name(deployment: str) -> str:
    """Return the name of the headless Service of whatever is stable: a shadow asks there what users were answered.

    The same for every version, since a template outlives the stable version beside which it was first tried.
    """
    return f"{deployment}-stable"


def _feedback(owner: ObjectMeta, identity: Identity) -> list[dict[str, Any]]:
    """Return the environment by which pods take each other's ids, and agree on who remembers a truth."""
    key = {"name": ids_name(owner.name), "key": ID_KEY, "optional": True}
    address = {"apiVersion": "v1", "fieldPath": "status.podIP"}
    return [
        {"name": ID_KEY_VARIABLE, "valueFrom": {"secretKeyRef": key}},
        {"name": PEERS_HOST_VARIABLE, "value": f"{identity.child_name(owner.name)}.{owner.namespace}.svc"},
        {"name": POD_ADDRESS_VARIABLE, "valueFrom": {"fieldRef": address}},
    ]


def probe(path: str, *, port: str, period: int, failures: int) -> dict[str, Any]:
    """Return a probe by HTTP on a named port."""
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
        "successThreshold": 1,
    }
