"""ModelVersion: the immutable record of one trained model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import (
    Column,
    Count,
    Digest,
    Message,
    Model,
    Name,
    ObjectMeta,
    ObjectName,
    Status,
    Timestamp,
    Uri,
    map_list,
    rules,
)
from mooring.api.trainingjob import Metric, Task, Verdict

Datatype = Literal["BOOL", "INT64", "FP64", "BYTES"]
"""The tensor datatypes of the Open Inference Protocol that Mooring's signatures use."""


CompiledFormat = Literal["Linear", "Onnx"]
"""A model in a form of ours: numpy computes Linear, ONNX Runtime trees."""


ArtifactFormat = Literal["Skops", "Onnx", "MLflow", "XGBoost", "LightGBM", "Files"]


class Artifact(Model):
    """Where the model is, and what it must be."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "self.format == 'Skops' || !has(self.alsoAs) || size(self.alsoAs) == 0",
                "leave alsoAs out: only the folders of Mooring's own training (format Skops) have a compiled form",
            )
        )
    )

    uri: Uri
    """The folder, or the one file of a model that was brought. May change (buckets move): the digest is verified
    anyway."""
    digest: Digest
    """SHA-256 over the sorted list of (path, size, sha256) of the files; `mooring import` says it."""
    bytes: Count
    """The size of all its files together."""
    format: ArtifactFormat
    """How the model is stored. Skops: the folder that Mooring's training writes. Files: any, for a `server.container`.
    The others are models of other tools as these write them, one file or a folder: docs/bring.md says which kinds."""
    also_as: Annotated[list[CompiledFormat], Field(max_length=4)] = Field(default_factory=list)
    """Its compiled form in the same folder, certified to answer alike: served without scikit-learn."""
    secret_name: ObjectName | None = None
    """A Secret of this namespace that opens the store. May change."""


class InputTensor(Model):
    """One feature."""

    name: Column
    """The column's name; requests send it."""
    datatype: Datatype
    """What requests send."""
    categories: Count | None = None
    """How many categories training saw, where the feature is categorical."""
    nullable: bool | None = None
    """Of a model that was brought: whether requests may leave it null. Of others the artifact's manifest says it."""


class OutputTensor(Model):
    """One output of the model."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """What answers call it."""
    datatype: Datatype
    """What answers contain."""
    shape: Annotated[list[Annotated[int, Field(ge=-1, le=1000000)]], Field(max_length=4)]
    """-1: the number of rows."""


class Signature(Model):
    """What goes in and what comes out."""

    inputs: Annotated[list[InputTensor], Field(max_length=64)]
    """At most 64 here; all of them in the artifact's manifest."""
    inputs_total: Annotated[int, Field(ge=1, le=1000000)]
    """All inputs, also those past the 64."""
    outputs: Annotated[list[OutputTensor], Field(max_length=8)]
    """What an answer contains."""
    task: Task
    """What kind of prediction it is."""
    classes: Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=256)] = Field(
        default_factory=list
    )
    """Of a model that was brought: the values of `label`, in the order of the columns of `probability`. Empty: 0, 1, …
    Of others the artifact's manifest says them."""


class MetricValue(Model):
    """A metric on the holdout with its 95% bootstrap interval."""

    name: Metric
    """One of those that gates name."""
    value: Annotated[str, Field(max_length=32)]
    """On the whole holdout."""
    low: Annotated[str, Field(max_length=32)] | None = None
    """Lower end of the interval."""
    high: Annotated[str, Field(max_length=32)] | None = None
    """Upper end of the interval."""
    rows: Count
    """Rows of the holdout that were counted."""


class DataRecord(Model):
    """The data that the version was trained on."""

    uri: Uri
    """The file or folder."""
    digest: Digest
    """Of the files as they were read."""
    listing: Digest | None = None
    """Of the files as the store listed them, by name, size and tag: what tells new data without reading it."""
    rows: Count
    """All rows."""
    train_rows: Count
    """Rows trained on."""
    holdout_rows: Count
    """Rows measured on."""
    split_columns: Annotated[list[Column], Field(max_length=64)] = Field(default_factory=list)
    """The columns whose keyed hash decides what is held out, kept in every later run of the model."""
    sample_rows: Count | None = None
    """Rows of it that lie beside the model (sample.parquet), without the target. Absent: none."""


class Provenance(Model):
    """Where the version came from."""

    training_job: Name
    """The recipe by name. The record outlives it."""
    uid: Annotated[str, Field(max_length=64)]
    """The recipe itself, of all that had the name."""
    run: Annotated[int, Field(ge=1, le=2147483647)]
    """The recipe's run, counted from 1."""
    request: Annotated[str, Field(max_length=128)]
    """What asked for the run."""
    recipe_hash: Annotated[str, Field(max_length=32)]
    """Of the fields that decide what is learned."""
    image: Annotated[str, Field(max_length=512)]
    """The image that trained."""
    seed: Count
    """Of everything random."""
    estimator: Annotated[str, Field(max_length=64)]
    """What learned."""
    parent: Annotated[str, Field(max_length=63)] | None = None
    """The version before it."""


class Check(Model):
    """One gate and what it said."""

    metric: Metric
    """What was bounded."""
    rule: Annotated[str, Field(max_length=128)]
    """The bound in words, for example >= 0.80."""
    value: Annotated[str, Field(max_length=32)] | None = None
    """What was measured; absent where it could not be."""
    result: Verdict
    """Unknown where it could not be measured."""
    reason: Message | None = None
    """Why it is not Passed."""


class GateRecord(Model):
    """The verdict. Only Passed is ever followed."""

    verdict: Verdict = "Unknown"
    """Passed: every gate held. Rejected: one did not. Unknown: none was asked, or one could not be measured."""
    message: Message = "no gate was checked"
    """The verdict in a sentence."""
    checks: Annotated[list[Check], Field(max_length=16)] = Field(default_factory=list)
    """Each gate by itself."""


_SAME = "has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
_IMMUTABLE = "a ModelVersion is a record: only artifact.uri and artifact.secretName may change"


class ModelVersionSpec(Model):
    """The record."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.model == oldSelf.model && self.number == oldSelf.number", _IMMUTABLE),
            (
                "self.artifact.digest == oldSelf.artifact.digest && self.artifact.format == oldSelf.artifact.format"
                " && self.artifact.bytes == oldSelf.artifact.bytes",
                _IMMUTABLE,
            ),
            (
                "(has(self.artifact.alsoAs) ? self.artifact.alsoAs : [])"
                " == (has(oldSelf.artifact.alsoAs) ? oldSelf.artifact.alsoAs : [])",
                _IMMUTABLE,
            ),
            (
                "self.artifact.format != 'Skops'"
                " || ((!has(self.signature.classes) || size(self.signature.classes) == 0)"
                " && !self.signature.inputs.exists(input, has(input.nullable)))",
                "leave signature.classes and nullable out: of format Skops the artifact's own manifest says them",
            ),
            ("self.signature == oldSelf.signature && self.gate == oldSelf.gate", _IMMUTABLE),
            *((_SAME.format(field=field), _IMMUTABLE) for field in ("metrics", "data", "provenance")),
        )
    )

    model: Name
    """What it is a version of."""
    number: Annotated[int, Field(ge=1, le=999999)]
    """Counted up by one for each version of the model; never reused."""
    artifact: Artifact
    signature: Signature
    metrics: Annotated[list[MetricValue], Field(max_length=32, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    """Measured on the holdout."""
    data: DataRecord | None = None
    """Absent: nobody recorded it, as of a model that was brought."""
    provenance: Provenance | None = None
    """Absent: no TrainingJob made it."""
    gate: GateRecord = Field(default_factory=GateRecord)
    """Absent: Unknown, so that the version is served only where a ModelDeployment names it (`version`)."""

    @property
    def brought(self) -> bool:
        """Whether a user brought the model in another tool's format."""
        return self.artifact.format != "Skops"


class UsedBy(Model):
    """A ModelDeployment that serves the version."""

    name: Name
    """The ModelDeployment."""
    role: Literal["Stable", "Canary"]
    """Stable serves; Canary is taking over."""
    since: Timestamp | None = None
    """When it took that role."""


class ModelVersionStatus(Status):
    """Who uses the record."""

    deployments: Annotated[list[UsedBy], Field(max_length=64, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    """Those that serve it now."""
    metric: Annotated[str, Field(max_length=64)] | None = None
    """The first metric with its value, for people."""
    role: Annotated[str, Field(max_length=64)] | None = None
    """What the deployments use it for, for people."""


class ModelVersion(Model):
    """The immutable record of one trained model: artifact, signature, metrics, data, provenance and verdict."""

    metadata: ObjectMeta
    spec: ModelVersionSpec
    status: ModelVersionStatus = Field(default_factory=ModelVersionStatus)
