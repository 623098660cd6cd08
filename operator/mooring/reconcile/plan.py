"""What a plan is, and what it is made from: the border between pure planning and the process that carries it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from mooring.api.config import OperatorConfig
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.observed import Observed

Object = Mapping[str, Any]
"""A Kubernetes object as JSON, without managedFields."""

LABEL_MANAGED = "app.kubernetes.io/managed-by"
"""On every child, with the value `mooring`: the server-side selector of the watches on children."""
LABEL_OWNER_KIND = "mooring.dev/owner-kind"
LABEL_OWNER = "mooring.dev/owner"
"""Kind and name of the resource that a child (or a child's pod) belongs to: what an event on it enqueues."""

LABEL_ARM = "mooring.dev/arm"
"""The name of the child Deployment that a pod belongs to: what the Services select."""
LABEL_PART = "mooring.dev/part"
"""On what belongs to a ModelDeployment as a whole rather than to a version: `envoy`, `route`, `autoscaler`."""


@dataclass(frozen=True, order=True)
class Key:
    """Names one resource: the unit of work of the queue."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Apply:
    """An object that should exist with (at least) these fields; applied server-side only where the live one differs.

    `once`: created when absent and never touched again (Jobs: Kueue and people edit their templates).
    Without an owner reference in `manifest` the object outlives its maker (ModelVersions do).
    """

    manifest: Object
    once: bool = False


@dataclass(frozen=True)
class Patch:
    """A merge patch of an object that exists, guarded by its uid; skipped where the live object already has it."""

    kind: str
    namespace: str
    name: str
    uid: str
    body: Object


@dataclass(frozen=True)
class Delete:
    """An object that should not exist, guarded by its uid; dependents go in the background."""

    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class Mint:
    """A Secret with a random key under `key`, made where none of that name is there; nobody of ours reads it back.

    The manifest has no data: what is random is no part of a plan. It is asked for when something begins that needs it,
    and not at every look, since it cannot be looked at.
    """

    manifest: Object
    key: str


@dataclass(frozen=True)
class Event:
    """A transition worth telling people about."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


Write = Apply | Patch | Delete | Mint


@dataclass(frozen=True)
class Plan:
    """What should be done about one resource. Carried out in this order: writes, then status, then events.

    `status` is the whole status; it is written only where it differs from the one seen.
    """

    writes: tuple[Write, ...] = ()
    status: Object | None = None
    requeue_after: float | None = None
    events: tuple[Event, ...] = ()


class Cache(Protocol):
    """What the process has seen of the cluster. Kinds are those of `KINDS`, names as Kubernetes writes them."""

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object by name."""

    def all(self, kind: str, namespace: str) -> Iterable[Object]:
        """Return every object of a kind in a namespace."""

    def every(self, kind: str) -> Iterable[Object]:
        """Return every object of a kind, in all namespaces."""

    def policies_of(self, kind: str, namespace: str, name: str) -> Iterable[str]:
        """Return the names of the DriftPolicies that name a resource."""

    def children(self, kind: str, owner: Key) -> Iterable[Object]:
        """Return the objects of a kind that carry the owner's labels."""

    def observed(self, key: Key) -> Observed | None:
        """Return what observers brought from outside the API, or None where nothing was brought yet."""

    def drift(self, key: Key) -> DriftSeen | None:
        """Return what the drift observer brought for a DriftPolicy, or None where nothing was brought yet."""


class Planner(Protocol):
    """One per kind of resource."""

    kind: str

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        """Return what should be done, or None where the resource is not there."""

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        """Return the status that says that a stranger's object (`taken`: "Service income") holds a name we need."""


RESOURCES = ("TrainingJob", "ModelVersion", "ModelDeployment", "DriftPolicy")
CHILDREN = (
    "Job",
    "Pod",
    "Deployment",
    "Service",
    "ControllerRevision",
    "EndpointSlice",
    "ConfigMap",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
)
POLLED = ("HTTPRoute",)
"""Children of kinds that a cluster may lack: they are not watched, but looked for at the start and at every audit."""
API_VERSIONS: Mapping[str, str] = {
    "TrainingJob": "mooring.dev/v1alpha1",
    "ModelVersion": "mooring.dev/v1alpha1",
    "ModelDeployment": "mooring.dev/v1alpha1",
    "DriftPolicy": "mooring.dev/v1alpha1",
    "Job": "batch/v1",
    "Pod": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "ControllerRevision": "apps/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "ConfigMap": "v1",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "Secret": "v1",
}
