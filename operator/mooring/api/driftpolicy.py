"""DriftPolicy: what to watch of a ModelDeployment, and when to train again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import Column, Model, Name, ObjectMeta, hint, map_list, rules
from mooring.api.driftstatus import DriftPolicyStatus

Share = Annotated[
    str,
    Field(
        pattern=r"^0(\.[0-9]{1,9})?$",
        max_length=11,
        json_schema_extra=hint('write a share as a string, from "0" and below "1", for example "0.05"'),
    ),
]
"""A share below 1, as a string."""

Coverage = Annotated[
    str,
    Field(
        pattern=r"^(1|0(\.[0-9]{1,9})?)$",
        max_length=11,
        json_schema_extra=hint('write a share as a string, from "0" to "1", for example "0.8"'),
    ),
]
"""A share up to 1, as a string."""

Cron = Annotated[
    str,
    Field(
        pattern=r"^[^ ]+( [^ ]+){4}$",
        min_length=9,
        max_length=128,
        json_schema_extra=hint('write five fields with one space between them, for example "0 3 * * 0"'),
    ),
]
"""Minute, hour, day of the month, month, day of the week."""

TriggerType = Literal["Harm", "InputDrift", "Schedule", "MaxAge", "NewData"]
Mode = Literal["Enforce", "DryRun", "Approve"]
Estimated = Literal["Report", "Approve", "Enforce"]


class Window(Model):
    """When a window of traffic is tested: once it has both."""

    min_rows: Annotated[int, Field(ge=100, le=10_000_000)] = 2000
    """Rows that were predicted."""
    min_seconds: Annotated[int, Field(ge=5, le=604_800)] = 3600
    """Cover whole cycles of what repeats: an hour of the night is not an hour of the day."""


class FalseAlarms(Model):
    """The budget of everything that this policy watches."""

    per_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """At most one false alarm in so many days on average."""


class Features(Model):
    """Which features are watched: all but these."""

    exclude: Annotated[list[Column], Field(max_length=256)] = Field(default_factory=list)
    """For example ids, which are new in every row."""


class Quality(Model):
    """Rates of broken data beyond the reference's own. Broken data never starts training: it holds it."""

    missing: Share = "0.02"
    """Of the rows."""
    unseen: Share = "0.01"
    """Categories that training never saw, of the rows that have one."""
    out_of_range: Share = "0.01"
    """Numbers below the least or above the greatest that training saw."""


class Effect(Model):
    """What is too small to be called drift."""

    effect: Share = "0.05"
    """Distances of distributions (Kolmogorov-Smirnov; categories: of a share) up to this are not drift, however
    significant."""


class Labels(Model):
    """When ground truth counts."""

    mature_after_seconds: Annotated[int, Field(ge=0, le=8_640_000)] = 86_400
    """After the end of a day its predictions have the truths that they will have. 0: truths are counted as they come,
    window by window, which suits truths that come within seconds."""
    min_coverage: Coverage = "0.8"
    """A day counts when so much of the usual share of its predictions has a truth."""


class Harm(Model):
    """What the model loses by ground truth: the tier that may spend."""

    metric: Literal["accuracy", "brier", "log_loss", "mae"] | None = None
    """accuracy: wrong labels are lost; mae: errors above the 0.9 quantile of those at training are; brier and log_loss
    (of classes; probabilities below 0.01 count as that): what probabilities lose, right labels or not. Absent: accuracy
    or mae, by the task."""
    tolerance: Share = "0.02"
    """A loss greater than at training by up to this is not harm, in the metric's own unit: a share of predictions; of
    brier a difference of the score, of log_loss one in nats."""
    estimated: Estimated = "Report"
    """What an estimate of the loss, from calibrated scores alone, may do where no truth comes: it is blind to a changed
    meaning of the same inputs, and never clears an alarm."""
    labels: Labels = Field(default_factory=Labels)


class Segment(Model):
    """Rows that are watched apart: those of each value of a column."""

    column: Column
    """A feature by which the version's recipe slices (evaluation.slices of the TrainingJob)."""


class Trigger(Model):
    """Something that starts training."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("(self.type == 'Schedule') == has(self.cron)", 'cron belongs to type Schedule, for example "0 3 * * 0"'),
            ("self.type == 'Schedule' || !has(self.timeZone)", "timeZone belongs to type Schedule"),
            ("(self.type == 'MaxAge') == has(self.seconds)", "seconds belongs to type MaxAge, for example 7776000"),
            (
                "self.type == 'NewData' || !has(self.pollSeconds)",
                "pollSeconds belongs to type NewData, for example 3600",
            ),
            (
                "self.type == 'InputDrift' || !has(self.consecutiveWindows)",
                "consecutiveWindows belongs to type InputDrift, for example 3",
            ),
        )
    )

    type: TriggerType
    """Harm by ground truth; InputDrift that lasts; a Schedule; the MaxAge of what serves; NewData, by its listing."""
    consecutive_windows: Annotated[int, Field(ge=1, le=100)] | None = None
    """InputDrift: so many windows in a row, the first of them an alarm. Absent: 3."""
    cron: Cron | None = None
    """Schedule: minute, hour, day of the month, month, day of the week."""
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Schedule: a name of the time zone database. Absent: Etc/UTC."""
    seconds: Annotated[int, Field(ge=60, le=315_360_000)] | None = None
    """MaxAge: since the version that serves was recorded."""
    poll_seconds: Annotated[int, Field(ge=60, le=604_800)] | None = None
    """NewData: how often a small Job with the TrainingJob's credentials lists what a run would read. Absent: 3600."""


class Retrain(Model):
    """What a trigger does."""

    training_job: Name
    """The TrainingJob that is asked to run."""
    mode: Mode = "Enforce"
    """DryRun says what it would have done. Approve waits for the annotation mooring.dev/approve: REQUEST-ID."""
    cooldown_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 86_400
    """After the last run has finished."""
    max_per_month: Annotated[int, Field(ge=1, le=100)] = 4
    """Runs in 30 days, counted from the runs themselves."""
    backoff: Literal["None", "Double"] = "Double"
    """Double: the cooldown doubles with each run that did not help, and is as before after one that did."""


class Classifier(Model):
    """A classifier that learns to tell captured rows from rows of the training data."""

    every_seconds: Annotated[int, Field(ge=300, le=2_592_000)] = 86_400
    """Between two looks, each a Job. The first comes at once, for each version."""
    max_rows: Annotated[int, Field(ge=200, le=20_000)] = 5000
    """Captured rows of a look, each as likely as any other since the one before; below 200 nothing is said."""


class DriftPolicySpec(Model):
    """What to watch, and what to do."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "self.deployment == oldSelf.deployment",
                "deployment is immutable: evidence belongs to it; create another DriftPolicy for another deployment",
            ),
            (
                "!has(self.triggers) || size(self.triggers) == 0 || has(self.retrain)",
                "triggers need `retrain`, for example retrain: {trainingJob: income}",
            ),
            (
                "!has(self.triggers) || self.triggers.filter(t, t.type != 'Schedule').all(t, "
                "self.triggers.filter(o, o.type == t.type).size() == 1)",
                "each type of trigger is written once (Schedule may be repeated)",
            ),
        )
    )

    deployment: Name
    """The ModelDeployment whose stable version is watched."""
    suspend: bool = False
    """Nothing is read and nothing is asked for; what is known is kept."""
    window: Window = Field(default_factory=Window)
    false_alarms: FalseAlarms = Field(default_factory=FalseAlarms)
    features: Features = Field(default_factory=Features)
    quality: Quality = Field(default_factory=Quality)
    inputs: Effect = Field(default_factory=Effect)
    """Each feature."""
    predictions: Effect = Field(default_factory=Effect)
    """Scores and labels."""
    harm: Harm = Field(default_factory=Harm)
    segments: Annotated[list[Segment], Field(max_length=4, json_schema_extra=map_list("column"))] = Field(
        default_factory=list
    )
    """The same tests inside each value of these columns, within the same budget of false alarms."""
    triggers: Annotated[list[Trigger], Field(max_length=8)] | None = None
    """What starts training. Absent: Harm, where there is `retrain`."""
    retrain: Retrain | None = None
    """Absent: the policy watches and tells, and asks for nothing."""
    classifier: Classifier | None = None
    """Asks now and then whether captured rows as wholes differ from the training data's, which each feature alone may
    not show. It tells and alarms nobody. It needs `capture` of the ModelDeployment and `evaluation.sampleRows` of the
    TrainingJob. Absent: never."""
    on_harm_after_promotion: Literal["Rollback", "Retrain"] = "Rollback"
    """What harm asks for while the ModelDeployment still watches its new version."""

    @property
    def active_triggers(self) -> tuple[Trigger, ...]:
        """What starts training, the default included."""
        if self.triggers is None:
            return (Trigger(type="Harm"),) if self.retrain else ()
        return tuple(self.triggers)


class DriftPolicy(Model):
    """What to watch of a ModelDeployment, and when to train again."""

    metadata: ObjectMeta
    spec: DriftPolicySpec
    status: DriftPolicyStatus = Field(default_factory=DriftPolicyStatus)
