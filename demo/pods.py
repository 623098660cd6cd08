"""A pod that runs one script of a ConfigMap and can do nothing else: it passes PodSecurity *restricted*."""

from __future__ import annotations

from collections.abc import Sequence


def script_pod(name: str, image: str, folder: str, command: Sequence[str], *, seconds: int) -> dict[str, object]:
    """Return a pod with the ConfigMap of its name under `folder`; it ends by itself after so many seconds."""
    volume = folder.strip("/")
    container = {
        "name": volume,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", *command],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": volume, "mountPath": folder}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "activeDeadlineSeconds": seconds,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": volume, "configMap": {"name": name}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
