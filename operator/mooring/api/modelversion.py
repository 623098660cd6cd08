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


class Artifact(Model):
    """Where the model is, and what it must be."""

    uri: Uri
    """The folder. May change (buckets move): the digest is verified anyway."""
    digest: Digest
    """SHA-256 over the sorted list of (path, size, sha256) of the folder's files."""
    bytes: Count
    format: Literal["Skops"]
    secret_name: ObjectName | None = None


class InputTensor(Model):
    """One feature."""

    name: Column
    datatype: Datatype
    categories: Count | None = None
    """How many categories training saw, where the feature is categorical."""


class OutputTensor(Model):
    """One output of the model."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    datatype: Datatype
    shape: Annotated[list[Annotated[int, Field(ge=-1, le=1000000)]], Field(max_length=4)]
    """-1: the number of rows."""


class Signature(Model):
    """What goes in and what comes out."""

    inputs: Annotated[list[InputTensor], Field(max_length=64)]
    """At most 64 here; all of them in the artifact's manifest."""
    inputs_total: Annotated[int, Field(ge=1, le=1000000)]
    outputs: Annotated[list[OutputTensor], Field(max_length=8)]
    task: Task


class MetricValue(Model):
    """A metric on the holdout with its 95% bootstrap interval."""

    name: Metric
    value: Annotated[str, Field(max_length=32)]
    low: Annotated[str, Field(max_length=32)] | None = None
    high: Annotated[str, Field(max_length=32)] | None = None
    rows: Count


class DataRecord(Model):
    """The data that the version was trained on."""

    uri: Uri
    digest: Digest
    rows: Count
    train_rows: Count
    holdout_rows: Count
    split_columns: Annotated[list[Column], Field(max_length=64)] = Field(default_factory=list)
    """The columns whose keyed hash decides what is held out, kept in every later run of the model."""


class Provenance(Model):
    """Where the version came from."""

    training_job: Name
    uid: Annotated[str, Field(max_length=64)]
    run: Annotated[int, Field(ge=1, le=2147483647)]
    request: Annotated[str, Field(max_length=128)]
    recipe_hash: Annotated[str, Field(max_length=32)]
    image: Annotated[str, Field(max_length=512)]
    seed: Count
    estimator: Annotated[str, Field(max_length=64)]
    parent: Annotated[str, Field(max_length=63)] | None = None
    """The version before it."""


class Check(Model):
    """One gate and what it said."""

    metric: Metric
    rule: Annotated[str, Field(max_length=128)]
    value: Annotated[str, Field(max_length=32)] | None = None
    result: Verdict
    reason: Message | None = None


class GateRecord(Model):
    """The verdict. Only Passed is ever followed."""

    verdict: Verdict
    message: Message
    checks: Annotated[list[Check], Field(max_length=16)] = Field(default_factory=list)


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
            ("self.signature == oldSelf.signature && self.metrics == oldSelf.metrics", _IMMUTABLE),
            (
                "self.data == oldSelf.data && self.provenance == oldSelf.provenance && self.gate == oldSelf.gate",
                _IMMUTABLE,
            ),
        )
    )

    model: Name
    number: Annotated[int, Field(ge=1, le=999999)]
    artifact: Artifact
    signature: Signature
    metrics: Annotated[list[MetricValue], Field(max_length=32, json_schema_extra=map_list("name"))]
    data: DataRecord
    provenance: Provenance
    gate: GateRecord


class UsedBy(Model):
    """A ModelDeployment that serves the version."""

    name: Name
    role: Literal["Stable", "Candidate"]
    since: Timestamp | None = None


class ModelVersionStatus(Status):
    """Who uses the record."""

    deployments: Annotated[list[UsedBy], Field(max_length=64, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    metric: Annotated[str, Field(max_length=64)] | None = None
    """The first metric with its value, for people."""
    role: Annotated[str, Field(max_length=64)] | None = None


class ModelVersion(Model):
    """The immutable record of one trained model: artifact, signature, metrics, data, provenance and verdict."""

    metadata: ObjectMeta
    spec: ModelVersionSpec
    status: ModelVersionStatus = Field(default_factory=ModelVersionStatus)
