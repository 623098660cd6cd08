"""What a plan for a ModelDeployment is made from, read out of the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.reconcile.asking import asking
from mooring.reconcile.observed import Foretold, Judgement, Observed, TrafficSeen
from mooring.reconcile.plan import LABEL_ARM as LABEL_ARM
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import PodSeen, read_pods
from mooring.reconcile.traffic.provider import PART_KINDS, is_part

PARTS = (*PART_KINDS, "HorizontalPodAutoscaler")


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
    selected: str | None = None
    """The arm that the users' Service selects; None where it selects several, or is not there."""
    traffic: TrafficSeen | None = None
    """What proxies have in force; None where nobody looked yet."""
    proxies: tuple[Object, ...] = ()
    """The pods that divide traffic."""
    proxy_templates: tuple[RevisionSeen, ...] = ()
    """Their kept templates."""
    parts: tuple[Object, ...] = ()
    """What exists to divide traffic or to scale, rather than for a version."""
    judgement: Judgement | None = None
    """What the judge says; None where there is nothing to judge yet."""
    forecast: Foretold | None = None
    """What steps can show; None where less than a minute of traffic is known."""
    policies: tuple[DriftPolicy, ...] = ()
    """Those that ask this deployment to go back, the oldest first."""


def look(key: Key, cache: Cache, config: OperatorConfig) -> Seen | None:
    """Return what is seen of a ModelDeployment, or None where it is gone or going."""
    found = cache.get(key.kind, key.namespace, key.name)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return None
    deployment = ModelDeployment.model_validate(found)
    pods: dict[str, list[Object]] = {}
    for pod in cache.children("Pod", key):
        if not is_part(pod):
            pods.setdefault(pod["metadata"].get("labels", {}).get(LABEL_ARM, ""), []).append(pod)
    model = deployment.spec.model
    records = (item for item in cache.all("ModelVersion", key.namespace) if item["spec"].get("model") == model)
    versions = map(ModelVersion.model_validate, records)
    services = {item["metadata"]["name"]: item for item in cache.children("Service", key)}
    revisions = tuple(cache.children("ControllerRevision", key))
    observed = cache.observed(key) or Observed()
    return Seen(
        deployment=deployment,
        config=config,
        versions={item.metadata.name: item for item in versions},
        children={i["metadata"]["name"]: read_child(i) for i in cache.children("Deployment", key) if not is_part(i)},
        services={name: item["metadata"]["uid"] for name, item in services.items()},
        revisions={i["metadata"]["name"]: _read_revision(i) for i in revisions if not is_part(i)},
        proxy_templates=tuple(_read_revision(i) for i in revisions if is_part(i)),
        pods={name: read_pods(items) for name, items in pods.items()},
        proxies=tuple(pod for pod in cache.children("Pod", key) if is_part(pod)),
        parts=tuple(part for kind in PARTS for part in cache.children(kind, key) if is_part(part)),
        routed=_routed(deployment.metadata.name, cache.children("EndpointSlice", key)),
        selected=_selected(services.get(deployment.metadata.name)),
        traffic=observed.traffic,
        judgement=observed.judgement,
        forecast=observed.forecast,
        policies=asking(key, "Rollback", cache),
    )


def read_child(item: Object) -> ChildSeen:
    """Return what a child Deployment says.

    Also of an older generation: its template never changes, and where only its size did, pods are still as ready.
    """
    status, replicas = item.get("status") or {}, item["spec"].get("replicas", 1)
    return ChildSeen(
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        replicas=replicas,
        ready=min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0), replicas),
        deleting="deletionTimestamp" in item["metadata"],
    )


def _read_revision(item: Object) -> RevisionSeen:
    metadata = item["metadata"]
    pod: Object = (item.get("data") or {}).get("template") or {}
    return RevisionSeen(metadata["name"], metadata["uid"], metadata.get("creationTimestamp") or "", pod)


def _selected(service: Object | None) -> str | None:
    selector = (service or {}).get("spec", {}).get("selector") or {}
    arm: str | None = selector.get(LABEL_ARM)
    return arm


def _routed(service: str, slices: Iterable[Object]) -> frozenset[str] | None:
    found = [item for item in slices if item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == service]
    if not found:
        return None
    endpoints = (endpoint for item in found for endpoint in item.get("endpoints") or [])
    return frozenset(endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint.get("targetRef"))
