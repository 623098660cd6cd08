"""What a DriftPolicy says of what it watches, and of what it decided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mooring.api.base import Column, Count, Digest, Message, Model, Reason, Status, Timestamp

Number = Annotated[str, Field(max_length=24)]
"""A number as people read it."""
RequestId = Annotated[str, Field(max_length=128)]
"""dp/POLICY/NUMBER; numbers grow, and a policy that is created again goes on where the last one was."""
VersionName = Annotated[str, Field(max_length=63)]
SegmentName = Annotated[str, Field(max_length=257)]
"""COLUMN=VALUE, each of at most 128 characters."""

OfProbabilities = Literal["brier", "log_loss"]
"""A metric that harm may be judged by, other than lost predictions."""
Action = Literal["Retrain", "Rollback"]
RequestState = Literal["Gathering", "Held", "AwaitsApproval", "WouldAsk", "Asked"]
Outcome = Literal[
    "Waiting",
    "Promoted",
    "Rejected",
    "Unchanged",
    "Failed",
    "Aborted",
    "RolledBack",
    "Superseded",
    "Refused",
    "Expired",
]


class ReferenceStatus(Model):
    """What the traffic is held against."""

    version: VersionName
    """The version that serves; everything is held against its own profile."""
    digest: Annotated[str, Field(max_length=71)] | None = None
    """Of the profile. Absent: there is none, or no pod has told it yet."""
    rows: Count = 0
    """Of the data that the version knows. Below 20,000 only large changes can be seen."""


class WindowStatus(Model):
    """The window that is being counted, and how many there were."""

    rows: Count = 0
    """Predicted so far."""
    opened_at: Timestamp | None = None
    """Absent: nothing was counted yet."""
    closed: Count = 0
    """Windows of this version that were tested."""
    unknown: Count = 0
    """Intervals of the open window of which a pod's counts are missing."""


class Detectable(Model):
    """The smallest change that this reference lets anyone see, as shares of 1."""

    inputs: Number | None = None
    """A distance of one feature."""
    predictions: Number | None = None
    """A distance of scores or labels."""
    harm: Number | None = None
    """Losses beyond those at training, by `harm.metric`."""


class SegmentStatus(Model):
    """A segment that is watched apart."""

    name: SegmentName
    """COLUMN=VALUE."""
    rows: Count
    """Of the reference."""
    windows: Count = 0
    """That were tested: a window of all rows in which it had too few rows goes on for it."""
    detectable: Detectable | None = None
    """Known from its first window on."""


class EvidenceStatus(Model):
    """What one tier shows."""

    segment: SegmentName | None = None
    """Absent: of all rows."""
    test: Literal["inputs", "predictions", "harm", "estimated"]
    """The tier; estimated: the loss that calibrated scores foretell, where no truth came."""
    value: Number
    """Grows with evidence; an alarm sets it back."""
    alarm_at: Number
    """What it must reach."""
    rows: Count
    """Of the last window, or truths."""
    state: Literal["Unknown", "Quiet", "Alarm", "LabelsSelective"]
    """Unknown: nothing could be compared. LabelsSelective: those with a truth are not like the others."""
    rate: Number | None = None
    """harm, estimated: losses as a share of predictions, or the `metric`."""
    reference: Number | None = None
    """harm, estimated: the same at training."""
    bound: Number | None = None
    """harm: what is allowed of it, by the reference's own error and the tolerance."""
    metric: OfProbabilities | None = None
    """harm, estimated: what `rate`, `reference` and `bound` are. Absent: shares of predictions lost."""


class TopStatus(Model):
    """A feature that moved."""

    segment: SegmentName | None = None
    """Absent: in all rows."""
    feature: Column
    """The column."""
    effect: Number
    """Its distance from the reference."""
    p: Number
    """Of a distance like this though nothing moved by more than is allowed."""
    direction: Literal["up", "down"]
    """Where to."""


class MetricStatus(Model):
    """A metric by ground truth, in the last settled days."""

    name: Annotated[str, Field(max_length=32)]
    """As gates name it."""
    value: Number
    """Measured."""
    rows: Count
    """Truths."""


class RequestStatus(Model):
    """What the policy asks of others; it has no authority of its own."""

    id: RequestId
    """dp/POLICY/NUMBER: what an approval names."""
    at: Timestamp
    """When the evidence was seen."""
    action: Action
    """Retrain: of the TrainingJob. Rollback: of the ModelDeployment."""
    state: RequestState
    """Only what is Asked is acted on. Gathering: others may fire too; Held: by what `suppressed` says."""
    version: VersionName | None = None
    """What served when the evidence was seen. Rollback: what should go."""
    trigger: Annotated[str, Field(max_length=16)]
    """Which of the triggers."""
    segment: SegmentName | None = None
    """Where the evidence was. Absent: in all rows."""
    loss: Number | None = None
    """What was lost there by ground truth then, as a share of predictions (mae: the error), or the `metric`: what a
    gain is measured from."""
    overall_loss: Number | None = None
    """The same of all rows, beside that of a `segment`."""
    metric: OfProbabilities | None = None
    """What `loss` is. Absent: a share of predictions, or the error."""
    estimated: bool | None = None
    """By calibrated scores alone, where no truth came."""
    reason: Message
    """Which inequality fired, with its numbers."""
    since: Timestamp | None = None
    """When `state` began."""


class LastStatus(Model):
    """What became of the request before."""

    id: RequestId
    """The request."""
    action: Action = "Retrain"
    """What was asked for."""
    trigger: Annotated[str, Field(max_length=16)] | None = None
    """By which of the triggers."""
    outcome: Outcome
    """Waiting: the run, or the rollout of what it made, is not over. Superseded: a newer version came first. Refused:
    the ModelDeployment had nothing to return to. Expired: the reason was gone before anything was done."""
    at: Timestamp | None = None
    """When it was seen to end."""
    run: Count | None = None
    """Of the TrainingJob."""
    version: VersionName | None = None
    """What the run made. Rollback: what went."""
    segment: SegmentName | None = None
    """Where the evidence was. Absent: in all rows."""
    loss: Number | None = None
    """What was lost there before."""
    overall_loss: Number | None = None
    """The same of all rows, beside that of a `segment`."""
    metric: OfProbabilities | None = None
    """What `loss` and `gain` are. Absent: a share of predictions, or the error."""
    gain: Number | None = None
    """Losses before less losses after, as a share of predictions (mae: of the error before), or the `metric`; by the
    first settled truths of the new version: of `segment`, where it has that, and of all rows where not."""
    helped: bool | None = None
    """Whether there was a gain. Without truths, after InputDrift: whether the new version's first window is without
    drift. Absent: nothing says so yet. A run that was not promoted did not help."""


class SuppressedStatus(Model):
    """Why nothing is asked for though there is reason to."""

    reason: Reason
    """The guard: Cooldown, Budget, DataQuality, Storm, InFlight, DryRun, AwaitsApproval, …"""
    message: Message
    """The same in a sentence with its numbers."""
    until: Timestamp | None = None
    """When time alone ends it."""
    count: Count = 1
    """How often this reason held something back since it began."""


class StartStatus(Model):
    """A run that this policy asked for, remembered in case its TrainingJob keeps fewer."""

    number: Count
    """Of the request."""
    at: Timestamp
    """When the run started."""


class MonthStatus(Model):
    """Runs of the last 30 days that policies asked the TrainingJob for, counted from the runs themselves."""

    retrains: Count
    """So many."""
    limit: Count
    """`maxPerMonth`."""
    starts: Annotated[list[StartStatus], Field(max_length=100)] = Field(default_factory=list)
    """Those of this policy."""


class DataStatus(Model):
    """What the store listed when it was last looked at for new data."""

    look: Count
    """Counted from 1."""
    at: Timestamp
    """When its answer was seen."""
    listing: Digest | None = None
    """Of names, sizes and tags, as in the record of a version. Absent: it was never listed."""
    files: Count | None = None
    """So many."""
    bytes: Count | None = None
    """In all of them."""
    decided: Digest | None = None
    """The last listing that was decided on."""
    failure: Message | None = None
    """Why the last look failed."""


class TellingStatus(Model):
    """A feature by which captured rows are told from those of the training data."""

    feature: Column
    """The column."""
    loss: Number
    """Of the AUC, where its values are shuffled."""


class ClassifierStatus(Model):
    """Whether a classifier can tell captured rows from rows of the training data. It is evidence for people."""

    look: Count
    """Counted from 1."""
    at: Timestamp | None = None
    """When its answer was seen. Absent: this version was not looked at yet."""
    version: VersionName
    """The version that serves, of whose rows all this is."""
    since: Timestamp | None = None
    """Rows that were captured from here on are for the next look; the numbers are of rows before it."""
    auc: Number | None = None
    """How often it takes the captured one of two rows for it: "0.5" is chance, "1" always. Of the last look that had an
    answer."""
    low: Number | None = None
    """Of the 95% interval of the AUC."""
    high: Number | None = None
    """The same."""
    rows: Count | None = None
    """Captured rows that it was learned from and judged on."""
    reference: Count | None = None
    """Rows of the training data, likewise."""
    top: Annotated[list[TellingStatus], Field(max_length=5)] = Field(default_factory=list)
    """By which it tells most; empty where it does not."""
    failure: Message | None = None
    """Why the last look had no answer, and what to do."""


class DriftPolicyStatus(Status):
    """What is known, and what was decided."""

    reference: ReferenceStatus | None = None
    """Absent: no version serves, or nobody looked at it yet."""
    window: WindowStatus | None = None
    """Absent as `reference` is."""
    detectable: Detectable | None = None
    """Known from the first window on."""
    evidence: Annotated[list[EvidenceStatus], Field(max_length=24)] = Field(default_factory=list)
    """Of the last window, and of the last settled truths; of segments the alarms, and those with most evidence."""
    segments: Annotated[list[SegmentStatus], Field(max_length=48)] = Field(default_factory=list)
    """Those of the version that serves which are watched apart."""
    top: Annotated[list[TopStatus], Field(max_length=10)] = Field(default_factory=list)
    """The features that moved most in the last window: in all rows, then those that moved in a segment alone."""
    top_feature: Annotated[str, Field(max_length=128)] | None = None
    """The first of them, for people, with its segment."""
    metrics: Annotated[list[MetricStatus], Field(max_length=8)] = Field(default_factory=list)
    """Where ground truth came."""
    last_number: Count | None = None
    """The highest number that a request was given; never reused, so that an approval is of one request."""
    request: RequestStatus | None = None
    """What is asked for now, or would be if `suppressed` did not hold it."""
    last: LastStatus | None = None
    """What became of the request before."""
    suppressed: SuppressedStatus | None = None
    """What holds `request`, if anything does."""
    month: MonthStatus | None = None
    """Present where there is `retrain`."""
    data: DataStatus | None = None
    """Present where there is a trigger NewData."""
    classifier: ClassifierStatus | None = None
    """Present where there is `classifier`."""
    scheduled: Timestamp | None = None
    """Times of schedules up to this one were decided on."""
    alarm: Count | None = None
    """The number of the last alarm that was decided on."""
    backoff: Count | None = None
    """Runs in a row that did not help."""
