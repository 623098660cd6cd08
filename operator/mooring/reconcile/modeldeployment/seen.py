"""What a plan for a ModelDeployment is made from, read out of the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mooring.api.config import OperatorConfig
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.reconcile.plan import LABEL_ARM as LABEL_ARM
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import PodSeen, read_pods


@dataclass(frozen=True)
class ChildSeen:
    """A child Deployment as plans need it."""

    name: str
    uid: str
    replicas: int
    ready: int
    """Ready pods of the template that is wanted now."""
    deleting: bool


@dataclass(frozen=True)
class RevisionSeen:
    """A kept template."""

    name: str
    uid: str
    created: str
    pod: Object
    """The pod template as it was first rendered."""


@dataclass(frozen=True)
class Seen:
    """Everything that a plan for a ModelDeployment may look at."""

    deployment: ModelDeployment
    config: OperatorConfig
    versions: dict[str, ModelVersion]
    children: dict[str, ChildSeen]
    services: dict[str, str]
    """The uids of our Services, by name."""
    revisions: dict[str, RevisionSeen]
    pods: dict[str, list[PodSeen]]
    """By the arm that they belong to, newest first."""
    routed: frozenset[str] | None
    """The pods that the users' Service leads to now; None where that is not known."""


def look(key: Key, cache: Cache, config: OperatorConfig) -> Seen | None:
    """Return what is seen of a ModelDeployment, or None where it is gone or going."""
    found = cache.get(key.kind, key.namespace, key.name)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return None
    deployment = ModelDeployment.model_validate(found)
    pods: dict[str, list[Object]] = {}
    for pod in cache.children("Pod", key):
        pods.setdefault(pod["metadata"].get("labels", {}).get(LABEL_ARM, ""), []).append(pod)
    model = deployment.spec.model
    records = (item for item in cache.all("ModelVersion", key.namespace) if item["spec"].get("model") == model)
    versions = map(ModelVersion.model_validate, records)
    return Seen(
        deployment=deployment,
        config=config,
        versions={item.metadata.name: item for item in versions},
        children={item["metadata"]["name"]: read_child(item) for item in cache.children("Deployment", key)},
        services={item["metadata"]["name"]: item["metadata"]["uid"] for item in cache.children("Service", key)},
        revisions={i["metadata"]["name"]: _read_revision(i) for i in cache.children("ControllerRevision", key)},
        pods={name: read_pods(items) for name, items in pods.items()},
        routed=_routed(deployment.metadata.name, cache.children("EndpointSlice", key)),
    )


def read_child(item: Object) -> ChildSeen:
    """Return what a child Deployment says; what it said of an older generation does not count."""
    status = item.get("status") or {}
    current = status.get("observedGeneration") == item["metadata"].get("generation")
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0)) if current else 0
    return ChildSeen(
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        replicas=item["spec"].get("replicas", 1),
        ready=ready,
        deleting="deletionTimestamp" in item["metadata"],
    )


def _read_revision(item: Object) -> RevisionSeen:
    metadata = item["metadata"]
    pod: Object = (item.get("data") or {}).get("template") or {}
    return RevisionSeen(metadata["name"], metadata["uid"], metadata.get("creationTimestamp") or "", pod)


def _routed(service: str, slices: Iterable[Object]) -> frozenset[str] | None:
    found = [item for item in slices if item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == service]
    if not found:
        return None
    endpoints = (endpoint for item in found for endpoint in item.get("endpoints") or [])
    return frozenset(endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint.get("targetRef"))
