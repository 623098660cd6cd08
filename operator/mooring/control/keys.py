"""Which resources must be looked at again when an object changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mooring.reconcile.plan import LABEL_OWNER, LABEL_OWNER_KIND, RESOURCES, Key, Object


class Related(Protocol):
    """Knows which resources speak of a model, and which policies name a resource."""

    def of_model(self, kind: str, namespace: str, model: str) -> Iterable[str]:
        """Return the names of the resources of a kind that speak of a model."""

    def policies_of(self, kind: str, namespace: str, name: str) -> Iterable[str]:
        """Return the names of the DriftPolicies that name a resource."""


def owner_of(obj: Object) -> Key | None:
    """Return the resource that an object belongs to by its labels."""
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    kind, name = labels.get(LABEL_OWNER_KIND), labels.get(LABEL_OWNER)
    if kind not in RESOURCES or not name:
        return None
    return Key(kind, metadata.get("namespace", ""), name)


def model_of(kind: str, obj: Object) -> str | None:
    """Return the model that a resource speaks of; a TrainingJob that names none is named after it."""
    if kind not in RESOURCES:
        return None
    spec = obj.get("spec")
    model = spec.get("model") if isinstance(spec, dict) else None
    if model is None and kind == "TrainingJob":
        model = obj["metadata"]["name"]
    return model if isinstance(model, str) else None


def named_by(kind: str, obj: Object) -> tuple[tuple[str, str], ...]:
    """Return (kind, name) of what a DriftPolicy names: what it watches, and what it asks to train."""
    spec = obj.get("spec")
    if kind != "DriftPolicy" or not isinstance(spec, dict):
        return ()
    found = [("ModelDeployment", spec.get("deployment"))]
    found.append(("TrainingJob", (spec.get("retrain") or {}).get("trainingJob")))
    return tuple((what, name) for what, name in found if isinstance(name, str))


def keys_of(kind: str, obj: Object, related: Related) -> frozenset[Key]:
    """Return the keys whose plans read this object.

    Its owner's, and those of every resource of the same model: a version is recorded by a TrainingJob, followed by
    ModelDeployments and mirrors who serves it; of two TrainingJobs of a model the younger waits for the older to go.
    A DriftPolicy asks what it names, shares it with other policies, and follows what becomes of it.
    """
    namespace = str(obj["metadata"].get("namespace", ""))
    keys = {Key(kind, namespace, obj["metadata"]["name"])} if kind in RESOURCES else set()
    if (owner := owner_of(obj)) is not None:
        keys.add(owner)
    if (model := model_of(kind, obj)) is not None:
        for reader in RESOURCES:
            keys.update(Key(reader, namespace, name) for name in related.of_model(reader, namespace, model))
    keys.update(Key(what, namespace, name) for what, name in named_by(kind, obj))
    for key in tuple(keys):
        keys.update(Key("DriftPolicy", namespace, name) for name in related.policies_of(key.kind, namespace, key.name))
    return frozenset(keys)
