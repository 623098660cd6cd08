"""What every object that we make has in common: labels, owner, and pods that pass PodSecurity *restricted*."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mooring.api.base import API_VERSION, ObjectMeta, Resources
from mooring.api.wire import CREDENTIAL_KEYS
from mooring.reconcile.plan import API_VERSIONS, LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND, Object

_REQUIRED_KEYS = 2


def digest(value: object, length: int) -> str:
    """Return the first `length` hex digits of the SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def labels(owner_kind: str, owner: ObjectMeta, **more: str) -> dict[str, str]:
    """Return the labels of a child; `more` are labels of our own group."""
    own = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: owner_kind, LABEL_OWNER: owner.name}
    return own | {f"mooring.dev/{name.replace('_', '-')}": value for name, value in more.items()}


def child(
    kind: str, name: str, owner_kind: str, owner: ObjectMeta, body: Mapping[str, Any], **more: str
) -> dict[str, Any]:
    """Return a child's manifest: owned by (and deleted with) its owner, never with the owner's own labels."""
    return {
        "apiVersion": API_VERSIONS[kind],
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": owner.namespace,
            "labels": labels(owner_kind, owner, **more),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": owner_kind,
                    "name": owner.name,
                    "uid": owner.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        **body,
    }


def credentials(prefix: str, secret: str | None) -> list[dict[str, Any]]:
    """Return the environment that carries a store's credentials: by named keys only, and through the kubelet."""
    if secret is None:
        return []
    return [
        {
            "name": prefix + key,
            "valueFrom": {"secretKeyRef": {"name": secret, "key": key, "optional": position >= _REQUIRED_KEYS}},
        }
        for position, key in enumerate(CREDENTIAL_KEYS)
    ]


def resources(asked: Resources | None, *, cpu: str, memory: str) -> dict[str, Any]:
    """Return a container's resources: what was asked for, with requests where nothing was said."""
    given: dict[str, Any] = asked.to_json() if asked is not None else {}
    limits = given.get("limits", {})
    defaults = {"cpu": limits.get("cpu", cpu), "memory": limits.get("memory", memory)}
    return {"requests": defaults | given.get("requests", {}), **({"limits": limits} if limits else {})}


def pod_spec(
    container: Object, *, first: Sequence[Object] = (), volumes: Sequence[Object] = (), **fields: Any
) -> dict[str, Any]:
    """Return the spec of a pod that can do nothing but its work: restricted, no token, a read-only root.

    `first`: containers that run to their end, in turn, before `container` starts.
    """
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "scratch", "emptyDir": {}}, *volumes],
        **({"initContainers": [_confined(item) for item in first]} if first else {}),
        "containers": [_confined(container)],
        **fields,
    }


def _confined(container: Object) -> dict[str, Any]:
    scratch = {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108 (a mount, not a file)
    return {
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **container,
        "volumeMounts": [scratch, *container.get("volumeMounts", [])],
    }
