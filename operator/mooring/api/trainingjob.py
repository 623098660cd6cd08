"""TrainingJob: a re-runnable recipe. Each run makes one Job and, if training succeeds, one ModelVersion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import (
    Column,
    Count,
    Decimal,
    Digest,
    Message,
    Model,
    Name,
    ObjectMeta,
    ObjectName,
    Reason,
    Resources,
    Status,
    Timestamp,
    Uri,
    map_list,
    rules,
)

Task = Literal["BinaryClassification", "MulticlassClassification", "Regression"]
Verdict = Literal["Passed", "Rejected", "Unknown"]
Metric = Literal[
    "accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "log_loss", "brier", "rmse", "mae", "r2"
]
Estimator = Literal[
    "LogisticRegression",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "LinearRegression",
    "Ridge",
    "RandomForestRegressor",
    "ExtraTreesRegressor",
    "GradientBoostingRegressor",
    "HistGradientBoostingRegressor",
]
FailureClass = Literal["User", "Data", "OutOfMemory", "Infrastructure", "Deadline"]
Phase = Literal["Pending", "Running", "Succeeded", "Rejected", "Failed", "Suspended"]


class DataSource(Model):
    """The rows to learn from."""

    uri: Uri
    """A file, or a folder of files, in an object store."""
    format: Literal["Parquet", "CSV"] = "Parquet"
    """What the files are."""
    secret_name: ObjectName | None = None
    """A Secret of this namespace with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where needed, AWS_ENDPOINT_URL,
    AWS_REGION and AWS_SESSION_TOKEN. Absent: the pod's own identity."""
    target: Column
    """The column to predict."""
    task: Task | None = None
    """Absent: inferred from the target (two values, a few values, numbers) and recorded."""
    positive_label: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """The target's value that counts as positive in a binary classification. Absent: the greater one."""
    ignore: Annotated[list[Column], Field(max_length=256)] = Field(default_factory=list)
    """Columns that are not features. Every other column but the target is one."""
    time_column: Column | None = None
    """The holdout is the newest rows by this column. Absent: rows are held out by a keyed hash of their features."""
    group_column: Column | None = None
    """Rows of one group are never split between training part and holdout."""
    holdout_per_mille: Annotated[int, Field(ge=50, le=500)] = 200
    """The share of rows, in thousandths, that the model is measured on and never trained on."""


class Parameter(Model):
    """One parameter of the estimator. The value is a string, typed by the estimator's own constraints."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """As scikit-learn names it."""
    value: Annotated[str, Field(max_length=256)]
    """As Python writes it: 200, 0.1, sqrt, None, True."""


class SklearnTrainer(Model):
    """One scikit-learn Pipeline: preprocessing by column type, then an estimator of the allow-list."""

    estimator: Estimator
    """Of the allow-list; never an import path."""
    parameters: Annotated[list[Parameter], Field(max_length=32, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    """Absent ones keep scikit-learn's own defaults."""


class Trainer(Model):
    """What learns."""

    sklearn: SklearnTrainer
    """A scikit-learn Pipeline."""


class Gate(Model):
    """A bound on a metric of the holdout, inclusive. Every gate must hold for the verdict Passed."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.min) || has(self.max)",
                'a gate needs `min`, `max` or both, for example {metric: roc_auc, min: "0.80"}',
            ),
        )
    )

    metric: Metric
    """Measured on the holdout."""
    min: Decimal | None = None
    """The least value that passes."""
    max: Decimal | None = None
    """The greatest value that passes."""


class Slice(Model):
    """A column by whose values held out rows are measured, and predictions counted, apart: each value is a segment."""

    column: Column
    """A feature of the model. Its most frequent values are segments: at most 12, each with enough held out rows."""
    min_rows: Annotated[int, Field(ge=50, le=1000000)] = 200
    """Held out rows that a value needs to be a segment."""


class Evaluation(Model):
    """How a trained model is measured, and what it must reach to be followed."""

    primary_metric: Metric | None = None
    """The metric shown first. Absent: roc_auc, accuracy or rmse, by the task."""
    gates: Annotated[list[Gate], Field(max_length=16)] = Field(default_factory=list)
    """None at all: the verdict is Unknown, and the version is served only when pinned by name."""
    slices: Annotated[list[Slice], Field(max_length=4, json_schema_extra=map_list("column"))] = Field(
        default_factory=list
    )
    """Columns by whose values the model is measured and its predictions are counted apart. Like gates, they apply to
    later runs and start none."""
    sample_rows: Annotated[int, Field(ge=0, le=20_000)] = 0
    """So many rows of the data, their features without the target, are kept beside the model: what the classifier of a
    DriftPolicy compares captured rows with. 0: none. It applies to later runs."""


class Output(Model):
    """Where artifacts go."""

    uri: Uri
    """Each run writes a folder below it: MODEL/RUN-ID."""
    secret_name: ObjectName | None = None
    """A Secret of this namespace with the same keys as for data. Absent: the pod's own identity."""


class RunSpec(Model):
    """How a run is carried out."""

    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0
    """Of everything random: same data, recipe and seed give the same model."""
    resources: Resources | None = None
    """Of the training pod."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Of infrastructure failures only; a mistake in recipe or data, and running out of memory, are not retried."""
    deadline_seconds: Annotated[int, Field(ge=10, le=604800)] = 3600
    """A run that takes longer ends as Deadline; retries included. A resumed run begins anew, and so does this."""
    start_deadline_seconds: Annotated[int, Field(ge=10, le=86400)] = 600
    """A pod that cannot start (image, Secret, no room) ends the run after this long, with that reason."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=2592000)] = 86400
    """The finished Job is kept this long, counted once its result is recorded."""


class TrainingJobSpec(Model):
    """A recipe."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.model) == has(oldSelf.model) && (!has(self.model) || self.model == oldSelf.model)",
                "model is immutable: versions belong to it; create another TrainingJob for another model",
            ),
        )
    )

    model: Name | None = None
    """The model that versions are recorded under: MODEL-v1, MODEL-v2, … Absent: the TrainingJob's name."""
    suspend: bool = False
    """No new run starts, and a running Job is suspended."""
    data: DataSource
    trainer: Trainer
    evaluation: Evaluation = Field(default_factory=Evaluation)
    output: Output | None = None
    """Absent: the store that the operator is configured with."""
    run: RunSpec = Field(default_factory=RunSpec)
    history_limit: Annotated[int, Field(ge=1, le=50)] = 10
    """Runs kept in status."""


class Failure(Model):
    """Why a run did not end in a version."""

    class_: Annotated[FailureClass, Field(alias="class")]
    """Who must act: User and Data mean the recipe and the rows, the others the cluster."""
    reason: Reason
    """The failure in a word."""
    message: Message
    """The failure in a sentence that says what to do."""


class RunStatus(Model):
    """One run, newest first in status."""

    run: Annotated[int, Field(ge=1, le=2147483647)]
    """Counted from 1."""
    request: Annotated[str, Field(max_length=128)]
    """What asked for it: recipe/<hash>, token/<token>, dp/<DriftPolicy>/<number>."""
    reason: Message
    """The same for people."""
    job: Annotated[str, Field(max_length=63)]
    """The run's Job."""
    recipe_hash: Annotated[str, Field(max_length=32)]
    """Of the fields that decide what is learned."""
    started_at: Timestamp
    """When its Job was created."""
    finished_at: Timestamp | None = None
    """Absent while it runs."""
    data: Digest | None = None
    """The digest of the data."""
    rows: Count | None = None
    """Rows read."""
    verdict: Verdict | None = None
    """Of the version's gates."""
    version: Annotated[str, Field(max_length=63)] | None = None
    """The ModelVersion that it made."""
    unchanged: bool | None = None
    """Nothing was trained: `version` came of the same recipe, data and image."""
    failure: Failure | None = None
    """Absent unless it failed."""


class Pending(Model):
    """A run that waits for the one in flight."""

    id: Annotated[str, Field(max_length=128)]
    """What asked for it."""
    reason: Message
    """The same for people."""


class TrainingJobStatus(Status):
    """What became of the recipe."""

    phase: Phase | None = None
    """The latest run in a word, for people."""
    last_run: Count | None = None
    """The number of the latest run."""
    last_number: Count | None = None
    """The highest version number ever given; never reused."""
    recipe_hash: Annotated[str, Field(max_length=32)] | None = None
    """Of the last run that started."""
    handled: Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=20)] = Field(default_factory=list)
    """Requests that were answered; none is answered twice."""
    last_token: Annotated[str, Field(max_length=80)] | None = None
    """The last value of the annotation mooring.dev/run that was handled; remembered as long as the resource lives."""
    pending: Pending | None = None
    """At most one: changes during a run are one run afterwards."""
    latest_version: Annotated[str, Field(max_length=63)] | None = None
    """The newest ModelVersion that it made."""
    metric: Annotated[str, Field(max_length=64)] | None = None
    """The primary metric of the latest version, for people."""
    runs: Annotated[list[RunStatus], Field(max_length=50)] = Field(default_factory=list)
    """Newest first, at most `historyLimit`."""


class TrainingJob(Model):
    """A re-runnable recipe. Each run makes one Job and, if training succeeds, one ModelVersion."""

    metadata: ObjectMeta
    spec: TrainingJobSpec
    status: TrainingJobStatus = Field(default_factory=TrainingJobStatus)

    @property
    def model(self) -> str:
        """The name of the model that versions are recorded under."""
        return self.spec.model or self.metadata.name
