"""What the operator and its pods say to each other: orders in the environment, reports in the termination message.

A report must fit the kubelet's 4096 bytes, so it is compressed and its lists are bounded; the rest is in the manifest.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from mooring.api.base import Column, Digest, Model
from mooring.api.modelversion import Artifact, DataRecord, GateRecord, MetricValue, ModelVersion, Signature
from mooring.api.server import BuiltinServer
from mooring.api.trainingjob import DataSource, Failure, TrainingJobSpec

TRAIN_ORDER_VARIABLE = "MOORING_TRAIN_ORDER"
LIST_ORDER_VARIABLE = "MOORING_LIST_ORDER"
CLASSIFY_ORDER_VARIABLE = "MOORING_CLASSIFY_ORDER"
SERVE_ORDER_VARIABLE = "MOORING_SERVE_ORDER"
TERMINATION_PATH_VARIABLE = "MOORING_TERMINATION_PATH"
"""Where a pod leaves its last words; Kubernetes' /dev/termination-log unless set."""
DATA_PREFIX = "MOORING_DATA_"
"""Prefix of the environment variables with the credentials for the data, e.g. MOORING_DATA_AWS_ACCESS_KEY_ID."""
ARTIFACT_PREFIX = "MOORING_ARTIFACT_"
"""Prefix of the environment variables with the credentials for artifacts (written by training, read by serving)."""
OUTPUT_PREFIX = "MOORING_OUTPUT_"
"""Prefix of the environment variables with the credentials for what batch scoring writes."""
CAPTURE_PREFIX = "MOORING_CAPTURE_"
"""Prefix of the environment variables with the credentials for captured rows (serving writes them, `label` reads)."""
CREDENTIAL_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
)
"""The keys of a store's Secret; the first two are required, the others optional."""

ID_KEY_VARIABLE = "MOORING_ID_KEY"
"""The key that the pods of a ModelDeployment sign prediction ids with, Base64."""
PEERS_HOST_VARIABLE = "MOORING_PEERS_HOST"
"""The headless Service behind which a serving pod finds those that take feedback with it."""
STABLE_PEERS_VARIABLE = "MOORING_STABLE_PEERS"
"""The headless Service of the version that a shadow's answers are compared with, `host` or `host:admin port`."""
POD_ADDRESS_VARIABLE = "MOORING_POD_IP"

GRPC_PORT_VARIABLE = "MOORING_GRPC_PORT"
KEYS_VARIABLE = "MOORING_KEYS_FILE"
KEYS_ENTRY = "keys"
"""The entry of the Secret of keys, and the name of the file that it is mounted as."""
FEEDBACK_KEYS_VARIABLE = "MOORING_FEEDBACK_KEYS"
"""The content of a Secret of keys, for a pod that tells truths: the first line is shown."""
MODEL_DIR_VARIABLE = "MOORING_MODEL_DIR"
"""Where the verified files of a version lie for a server of the user's own."""

SERVING_PORT = 8080
ADMIN_PORT = 8081
"""Where a serving pod answers its probes, metrics and what only the operator asks."""

EXIT_USER = 42
"""The exit status of a run that a retry cannot help: a mistake in the recipe or in the data."""

REPORT_LIMIT = 4096
_REPORT_PREFIX = "mooring/v1:"
_LISTED_PREFIX = "mooring/listed/v1:"
_CLASSIFIED_PREFIX = "mooring/classified/v1:"


class Unchanged(Model):
    """A version that the same recipe and image made; if the data is the same too, there is nothing to train."""

    version: str
    data_digest: Digest


class TrainOrder(Model):
    """What a training pod is told."""

    namespace: str
    name: str
    model: str
    run: int
    run_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    """Decides the artifact's path: `<output.uri>/<model>/<run>-<run id>`."""
    request: str
    recipe_hash: str
    image: str
    spec: TrainingJobSpec
    """With `output` resolved."""
    split_columns: list[Column] = Field(default_factory=list)
    """Of the model's first version; empty for the first run."""
    unchanged: Unchanged | None = None


class TrainReport(Model):
    """What a training pod says at the end: a trained artifact, nothing to do, or why not."""

    outcome: Literal["Trained", "Unchanged", "Failed"]
    artifact: Artifact | None = None
    signature: Signature | None = None
    metrics: list[MetricValue] = Field(default_factory=list)
    data: DataRecord | None = None
    gate: GateRecord | None = None
    failure: Failure | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    """How long each step took, for people and benchmarks."""

    def encode(self) -> str:
        """Return the report as a termination message; raises ValueError if it does not fit."""
        raw = self.model_dump_json(by_alias=True, exclude_none=True).encode()
        text = _REPORT_PREFIX + base64.b85encode(zlib.compress(raw, 9)).decode()
        if len(text) > REPORT_LIMIT:
            raise ValueError(f"report of {len(text)} bytes exceeds the {REPORT_LIMIT} that Kubernetes keeps")
        return text

    @classmethod
    def decode(cls, message: str) -> Self | None:
        """Return the report in a termination message, or None where there is none to be read."""
        if not message.startswith(_REPORT_PREFIX):
            return None
        try:
            raw = zlib.decompressobj().decompress(base64.b85decode(message[len(_REPORT_PREFIX) :]), 1 << 20)
            return cls.model_validate_json(raw)
        except (ValueError, binascii.Error, zlib.error, ValidationError):
            return None


class ListOrder(Model):
    """What a pod is told that looks whether there is new data."""

    data: DataSource


class ListReport(Model):
    """What it says: what the store lists, or why it cannot be listed."""

    listing: Digest | None = None
    """As of `DataRecord.listing`."""
    files: int = 0
    bytes: int = 0
    failure: Failure | None = None

    def encode(self) -> str:
        """Return the report as a termination message."""
        return _LISTED_PREFIX + self.model_dump_json(by_alias=True, exclude_none=True)

    @classmethod
    def decode(cls, message: str) -> Self | None:
        """Return the report in a termination message, or None where there is none to be read."""
        if not message.startswith(_LISTED_PREFIX):
            return None
        try:
            return cls.model_validate_json(message[len(_LISTED_PREFIX) :])
        except ValidationError:
            return None


class ClassifyOrder(Model):
    """What a pod is told that asks whether captured rows can be told from rows of the training data."""

    version: str
    artifact: Artifact
    captured: str
    """The ModelDeployment's folder of captured rows."""
    since: int
    """Rows that were predicted from here on, in milliseconds since 1970 UTC."""
    max_rows: int
    exclude: list[Column] = Field(default_factory=list)
    """Features that are left out."""
    seed: int = 0


class Telling(Model):
    """A feature by which rows are told apart."""

    feature: Column
    loss: float
    """Of the AUC, where the feature's values are shuffled."""


class ClassifyReport(Model):
    """What it says: aggregates of at least hundreds of rows, and no value of any."""

    rows: int = 0
    """Captured rows."""
    reference: int = 0
    """Rows of the training data."""
    auc: float | None = None
    low: float | None = None
    high: float | None = None
    top: Annotated[list[Telling], Field(max_length=5)] = Field(default_factory=list)
    until: int | None = None
    """When the newest captured row was predicted, in milliseconds since 1970 UTC."""
    failure: Failure | None = None

    def encode(self) -> str:
        """Return the report as a termination message."""
        return _CLASSIFIED_PREFIX + self.model_dump_json(by_alias=True, exclude_none=True)

    @classmethod
    def decode(cls, message: str) -> Self | None:
        """Return the report in a termination message, or None where there is none to be read."""
        if not message.startswith(_CLASSIFIED_PREFIX):
            return None
        try:
            return cls.model_validate_json(message[len(_CLASSIFIED_PREFIX) :])
        except ValidationError:
            return None


class CaptureOrder(Model):
    """Which rows a serving pod keeps, and where."""

    uri: str
    """A folder of the ModelDeployment's own."""
    per_mille: int


class ServeOrder(Model):
    """What a serving pod is told."""

    model: str
    version: str
    artifact: Artifact
    signature: Signature | None = None
    """Of a model that was brought; others have theirs in the artifact's manifest."""
    server: BuiltinServer = Field(default_factory=BuiltinServer)
    feedback: bool = True
    """Whether truths are taken."""
    capture: CaptureOrder | None = None
    """None: no row is kept."""

    @classmethod
    def of(
        cls,
        version: ModelVersion,
        server: BuiltinServer | None = None,
        *,
        feedback: bool = True,
        capture: CaptureOrder | None = None,
    ) -> Self:
        """Return the order to serve (or to score with) a recorded version."""
        spec = version.spec
        return cls(
            model=spec.model,
            version=version.metadata.name,
            artifact=spec.artifact,
            signature=spec.signature if spec.brought else None,
            server=server or BuiltinServer(),
            feedback=feedback,
            capture=capture,
        )
