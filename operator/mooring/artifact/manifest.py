"""What an artifact's `manifest.json` and `golden.json` say.

The folder holds model.skops, manifest.json, profile.json, golden.json, card.md, the compiled form's files and, where
somebody asked for it, sample.parquet, and no subfolders. `manifest.json` is uploaded last: a folder without it is
unfinished. The artifact's digest covers every file, the manifest included.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mooring.api.base import Model
from mooring.api.modelversion import CompiledFormat, DataRecord, Datatype, GateRecord, MetricValue, OutputTensor
from mooring.api.trainingjob import Parameter, Task
from mooring.ledger.profile import segment_name

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MODEL = "model.skops"
PROFILE = "profile.json"
GOLDEN = "golden.json"
CARD = "card.md"
SAMPLE = "sample.parquet"

Scalar = bool | int | float | str | None


class Feature(Model):
    """One column that the model reads, in the order in which the pipeline wants them."""

    name: str
    datatype: Datatype
    """BOOL, INT64 and FP64 reach the pipeline as float64, BYTES as str objects."""
    nullable: bool
    """Training saw missing values, so a request may leave it null; otherwise null is the caller's mistake."""
    categories: list[str] | None = None
    """Every category that training saw, sorted; None where the feature is a number or has too many to list."""


class FileEntry(Model):
    """A file of the folder."""

    path: str
    size: int
    sha256: str


class TrainedData(DataRecord):
    """The data that the model was trained on, as the version records it."""

    uri: str
    """A path where `mooring train` read files of the machine that it ran on."""


class CompiledRecord(Model):
    """The certificate of the compiled form: how it compared with the pipeline when it was made."""

    format: CompiledFormat
    """Linear (numpy), or Onnx (tree ensembles)."""
    rows: int
    """So many were compared: held out ones, values at and beside the trees' thresholds, and random ones."""
    ties: int
    """Rows with another label, every one of them between two classes within 1e-6 of each other."""
    max_difference: float
    """The greatest difference of a probability; of a prediction, relative to its magnitude where that is above one."""


class Interface(Model):
    """What a server must know of a model, whoever made it."""

    task: Task
    estimator: str
    target: str = ""
    """The column that is predicted; empty where nobody said."""
    features: list[Feature]
    outputs: list[OutputTensor]
    classes: list[Scalar] | None = None
    """The target's values, in the order of the columns of `probability`."""
    positive_class: Scalar = None
    compiled: CompiledRecord | None = None
    """Absent: there is none, and scikit-learn answers."""


class SegmentMetrics(Model):
    """What the held out rows with one value of a column that the recipe slices by say about the model."""

    column: str
    value: float | str
    rows: int
    """Held out ones."""
    metrics: list[MetricValue]
    """Every metric of the task, the primary one first."""

    @property
    def name(self) -> str:
        """How people read it: `SEX=2`."""
        return segment_name(self.column, self.value)


class Manifest(Interface):
    """Everything about a trained model that is not the model itself."""

    format_version: Literal[1] = 1
    model: str
    namespace: str
    training_job: str
    run: int
    run_id: str
    recipe_hash: str
    image: str
    seed: int
    target: str
    parameters: list[Parameter]
    metrics: list[MetricValue]
    segments: list[SegmentMetrics] = Field(default_factory=list)
    """Empty: the recipe has no slices."""
    data: TrainedData
    gate: GateRecord
    libraries: dict[str, str]
    files: list[FileEntry]
    """The other files of the folder."""
    created_at: Annotated[str, Field(max_length=32)]


class Golden(Model):
    """Rows with the answers that training gave: a server is ready only if it gives them too.

    `inputs` maps each feature to its values, `outputs` each output to its values (probabilities as rows of columns).
    """

    inputs: dict[str, list[Scalar]]
    outputs: dict[str, list[Scalar] | list[list[float]]]
