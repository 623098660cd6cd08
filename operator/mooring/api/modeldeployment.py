"""ModelDeployment: what is served, and how a new version takes over."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from mooring.api.base import Model, Name, ObjectMeta, ObjectName, Resources, map_list, rules
from mooring.api.capture import Capture
from mooring.api.pods import NodeLabel, PullSecret, Toleration, TopologySpread
from mooring.api.rollout import Autoscaling, Rollout, Traffic
from mooring.api.rolloutstatus import ModelDeploymentStatus, VersionName
from mooring.api.server import Server


class Feedback(Model):
    """Truths of predictions, told to Mooring's own server."""

    enabled: bool = True
    """False: they are refused, and quality is not judged."""


class ModelDeploymentSpec(Model):
    """What should be served."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.model == oldSelf.model", "model is immutable: create another ModelDeployment for another model"),
            (
                "!(has(self.traffic) && (self.traffic.provider == 'Replicas' || has(self.traffic.gateway))"
                " && has(self.rollout) && has(self.rollout.steps)"
                " && self.rollout.steps.exists(step, has(step.shadowPerCent)))",
                "providers Replicas and Gateway cannot shadow: leave those steps out, or use Auto or Envoy",
            ),
            (
                "!has(self.version) || (self.version.startsWith(self.model)"
                " && self.version.substring(size(self.model)).matches('^-v[0-9]+$'))",
                "version must be one of this model's own: MODEL-vNUMBER with the name in `model`",
            ),
            (
                "!has(self.capture) || !has(self.server) || !has(self.server.container)",
                "only Mooring's own server captures rows: remove capture, or server.container",
            ),
            (
                "!has(self.capture) || !has(self.feedback) || self.feedback.enabled",
                "captured rows are joined with truths: remove capture, or feedback.enabled: false",
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
    autoscaling: Autoscaling | None = None
    """An autoscaler of ours. Absent: `replicas` is yours, or your own autoscaler's."""
    traffic: Traffic = Field(default_factory=Traffic)
    """Who leads users to versions."""
    rollout: Rollout = Field(default_factory=Rollout)
    feedback: Feedback | None = None
    """Absent: truths are taken."""
    capture: Capture | None = None
    """Keeps a sample of the rows that users send, to learn from. Absent: no row leaves a pod."""
    revision_history_limit: Annotated[int, Field(ge=1, le=50)] = 5
    """Replaced versions whose rendered template is kept."""


class ModelDeployment(Model):
    """What is served of one model, and how a new version takes over."""

    metadata: ObjectMeta
    spec: ModelDeploymentSpec
    status: ModelDeploymentStatus = Field(default_factory=ModelDeploymentStatus)
