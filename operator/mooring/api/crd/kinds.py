"""What a model does not know of its kind: names, printer columns, subresources and rules about metadata."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from mooring.api.base import NAME_HINT, NAME_PATTERN
from mooring.api.driftpolicy import DriftPolicy, DriftPolicySpec
from mooring.api.driftstatus import DriftPolicyStatus
from mooring.api.modeldeployment import ModelDeployment, ModelDeploymentSpec
from mooring.api.modelversion import ModelVersion, ModelVersionSpec, ModelVersionStatus
from mooring.api.rolloutstatus import ModelDeploymentStatus
from mooring.api.trainingjob import TrainingJob, TrainingJobSpec, TrainingJobStatus


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    model: type[BaseModel]
    spec: type[BaseModel]
    status: type[BaseModel]
    plural: str
    short_name: str
    columns: tuple[Column, ...]
    rules: tuple[tuple[str, str], ...]
    """CEL on the whole object, each a pair of (rule, message): all that may be said about metadata.name."""
    selectable: tuple[str, ...] = (".spec.model",)
    """Fields for `kubectl get --field-selector`."""
    scalable: bool = False

    @property
    def name(self) -> str:
        """The kind as users write it."""
        return self.model.__name__


_READY = Column("Ready", '.status.conditions[?(@.type=="Ready")].status')
_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_SHORT_NAME = ((f"self.metadata.name.matches(r'{NAME_PATTERN}')", f"metadata.name: {NAME_HINT}"),)

# Built by concatenation, the right name is too costly to compare: the server's estimate passes its budget.
_VERSION_NAME = (
    (
        "self.metadata.name.startsWith(self.spec.model)"
        " && self.metadata.name.substring(size(self.spec.model)).startsWith('-v')"
        " && self.metadata.name.substring(size(self.spec.model) + 2) == string(self.spec.number)",
        "metadata.name: write MODEL-vNUMBER of spec.model and spec.number, for example income-v3",
    ),
)

KINDS = (
    Kind(
        model=TrainingJob,
        spec=TrainingJobSpec,
        status=TrainingJobStatus,
        plural="trainingjobs",
        short_name="tj",
        columns=(
            Column("Model", ".spec.model"),
            Column("Phase", ".status.phase"),
            Column("Version", ".status.latestVersion"),
            Column("Metric", ".status.metric"),
            _AGE,
        ),
        rules=_SHORT_NAME,
    ),
    Kind(
        model=ModelVersion,
        spec=ModelVersionSpec,
        status=ModelVersionStatus,
        plural="modelversions",
        short_name="mv",
        columns=(
            Column("Model", ".spec.model"),
            Column("Number", ".spec.number", "integer"),
            Column("Verdict", ".spec.gate.verdict"),
            Column("Metric", ".status.metric"),
            Column("Role", ".status.role"),
            _AGE,
        ),
        rules=_VERSION_NAME,
        selectable=(".spec.model", ".spec.gate.verdict"),
    ),
    Kind(
        model=ModelDeployment,
        spec=ModelDeploymentSpec,
        status=ModelDeploymentStatus,
        plural="modeldeployments",
        short_name="mdep",
        columns=(
            Column("Stable", ".status.stable.version"),
            Column("Canary", ".status.canary.version"),
            Column("Step", ".status.rollout.step"),
            Column("Weight", ".status.traffic.desired", "integer"),
            Column("Phase", ".status.rollout.phase"),
            _READY,
            _AGE,
        ),
        rules=_SHORT_NAME,
        scalable=True,
    ),
    Kind(
        model=DriftPolicy,
        spec=DriftPolicySpec,
        status=DriftPolicyStatus,
        plural="driftpolicies",
        short_name="dp",
        columns=(
            Column("Deployment", ".spec.deployment"),
            Column("Drifted", '.status.conditions[?(@.type=="Drifted")].status'),
            Column("Harmful", '.status.conditions[?(@.type=="Harmful")].status'),
            Column("Top", ".status.topFeature"),
            Column("Retrains", ".status.month.retrains", "integer"),
            Column("Mode", ".spec.retrain.mode"),
            _AGE,
        ),
        rules=_SHORT_NAME,
        selectable=(".spec.deployment",),
    ),
)
