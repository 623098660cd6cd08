"""ModelDeployment: what is served, and how a new version takes over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import (
    Count,
    Digest,
    Message,
    Model,
    Name,
    ObjectMeta,
    ObjectName,
    Resources,
    Status,
    Timestamp,
    hint,
    map_list,
    rules,
)
from mooring.api.pods import NodeLabel, PullSecret, Toleration, TopologySpread
from mooring.api.server import Server

VersionName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]([-a-z0-9]{0,40}[a-z0-9])?-v[1-9][0-9]{0,5}$",
        max_length=50,
        json_schema_extra=hint("write the name of a ModelVersion: MODEL-vNUMBER, for example income-v3"),
    ),
]
TemplateHash = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$", max_length=8)]
Replicas = Annotated[int, Field(ge=0, le=2147483647)]
"""A number of pods; the scale subresource takes no more."""
Phase = Literal["Waiting", "Starting", "Replacing", "Stable"]


class Rollout(Model):
    """How a new version takes over."""

    strategy: Literal["Replace"] = "Replace"
    """Replace: at once when every replica of the new version is ready, without a failed request."""
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=86400)] = 600
    """A version that is not ready by then is withdrawn, and the old one goes on serving."""
    scale_down_delay_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    """The replaced version keeps running this long, so that nobody is dropped and a way back costs nothing."""


class ModelDeploymentSpec(Model):
    """What should be served."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.model == oldSelf.model", "model is immutable: create another ModelDeployment for another model"),
            (
                "!has(self.version) || (self.version.startsWith(self.model)"
                " && self.version.substring(size(self.model)).matches('^-v[0-9]+$'))",
                "version must be one of this model's own: MODEL-vNUMBER with the name in `model`",
            ),
        )
    )

    model: Name
    """Whose versions are served."""
    version: VersionName | None = None
    """Pins. Absent: follow the highest Passed version that was not withdrawn here."""
    accept_rejected: bool = False
    """Allows `version` to name a version whose gate said Rejected."""
    suspend: bool = False
    """No version is replaced; what serves goes on serving."""
    replicas: Annotated[int, Field(ge=0, le=1000)] = 2
    """Pods of the version that serves. An autoscaler may write it through /scale."""
    server: Server | None = None
    """Absent: Mooring's own server."""
    resources: Resources | None = None
    service_account_name: ObjectName | None = None
    """Whose identity the pods have, for clouds that give a ServiceAccount rights in their stores. They get no token."""
    image_pull_secrets: Annotated[list[PullSecret], Field(max_length=8, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    """For a registry that asks who pulls."""
    node_selector: Annotated[list[NodeLabel], Field(max_length=16, json_schema_extra=map_list("key"))] = Field(
        default_factory=list
    )
    """Only nodes with all these labels."""
    tolerations: Annotated[list[Toleration], Field(max_length=16)] = Field(default_factory=list)
    """Also nodes with these taints."""
    topology_spread: TopologySpread | None = None
    """Pods of a version are spread evenly over zones, or over nodes, as far as there is room."""
    rollout: Rollout = Field(default_factory=Rollout)
    revision_history_limit: Annotated[int, Field(ge=1, le=50)] = 5
    """Replaced versions whose rendered template is kept."""


class Arm(Model):
    """One version and template that runs."""

    version: VersionName
    """The ModelVersion."""
    digest: Digest
    """Of the artifact."""
    template: TemplateHash
    """A hash of how its pods are made: version, image, resources, server."""
    replicas: Replicas
    """Pods asked for."""
    ready: Replicas
    """Pods that answer."""
    since: Timestamp
    """When it began."""


class Draining(Model):
    """A replaced version that still runs."""

    version: VersionName
    """The ModelVersion."""
    template: TemplateHash
    """A hash of how its pods are made."""
    until: Timestamp
    """When its pods go."""


class Withdrawn(Model):
    """A version and template that this deployment will not try again by itself."""

    version: VersionName
    """The ModelVersion."""
    template: TemplateHash
    """A hash of how its pods were made: with other resources it is tried again."""
    at: Timestamp
    """When."""
    reason: Message
    """Why."""


class HistoryEntry(Model):
    """One replacement."""

    at: Timestamp
    """When it ended."""
    from_: Annotated[VersionName | None, Field(alias="from")] = None
    """What served before; absent the first time."""
    to: VersionName
    """What was to serve."""
    outcome: Literal["Promoted", "Withdrawn"]
    """Promoted: it serves. Withdrawn: what served before goes on."""
    seconds: Count
    """How long it took."""
    reason: Message
    """Why."""


class ModelDeploymentStatus(Status):
    """What is served now."""

    phase: Phase | None = None
    """What goes on in a word, for people."""
    replicas: Replicas | None = None
    """Pods of the stable version."""
    selector: Annotated[str, Field(max_length=512)] | None = None
    """Of the stable version's pods, for the scale subresource."""
    stable: Arm | None = None
    """The version that serves."""
    candidate: Arm | None = None
    """The version that is starting, until it takes over."""
    draining: Annotated[list[Draining], Field(max_length=8)] = Field(default_factory=list)
    """Replaced versions that still run."""
    withdrawn: Annotated[list[Withdrawn], Field(max_length=20)] = Field(default_factory=list)
    """Not tried again by themselves."""
    last_retry: Annotated[str, Field(max_length=128)] | None = None
    """The last value of the annotation mooring.dev/retry that was handled."""
    history: Annotated[list[HistoryEntry], Field(max_length=20)] = Field(default_factory=list)
    """Newest first."""
    url: Annotated[str, Field(max_length=256)] | None = None
    """Where predictions are answered inside the cluster."""


class ModelDeployment(Model):
    """What is served of one model, and how a new version takes over."""

    metadata: ObjectMeta
    spec: ModelDeploymentSpec
    status: ModelDeploymentStatus = Field(default_factory=ModelDeploymentStatus)
