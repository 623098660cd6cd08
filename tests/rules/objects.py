"""The objects that the rules are shown on: the samples, and changes of them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.yaml"))

OPERATOR = "system:serviceaccount:mooring-system:mooring-operator"

REMOVED = object()
"""A value of `changed` that takes the field away."""


def sample(name: str, namespace: str) -> dict[str, Any]:
    """Return a sample of samples/ in a namespace."""
    obj: dict[str, Any] = yaml.safe_load((ROOT / "samples" / f"{name}.yaml").read_text(encoding="utf-8"))
    obj["metadata"]["namespace"] = namespace
    return obj


def changed(obj: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with the fields at these dotted paths set (numbers index lists)."""
    result = deepcopy(obj)
    for path, value in changes.items():
        *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        target: Any = result
        for step in parents:
            target = target.setdefault(step, {}) if isinstance(target, dict) else target[step]
        if value is REMOVED:
            del target[last]
        else:
            target[last] = value
    return result


def named(kind: str, name: str, namespace: str) -> dict[str, Any]:
    """Return the beginning of an RBAC object."""
    version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def namespace_object(name: str) -> dict[str, Any]:
    """Return a namespace that admits only restricted pods."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
