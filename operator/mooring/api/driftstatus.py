"""What a DriftPolicy says of what it watches, and of what it decided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mooring.api.base import Column, Count, Message, Model, Reason, Status, Timestamp

Number = Annotated[str, Field(max_length=24)]
"""A number as people read it."""
RequestId = Annotated[str, Field(max_length=128)]
"""dp/POLICY/NUMBER; numbers grow, and a policy that is created again goes on where the last one was."""
VersionName = Annotated[str, Field(max_length=63)]

Action = Literal["Retrain", "Rollback"]
RequestState = Literal["Gathering", "Held", "AwaitsApproval", "WouldAsk", "Asked"]
Outcome = Literal[
    "Promoted", "Waiting", "Rejected", "Unchanged", "Failed", "Aborted", "RolledBack", "Refused", "Expired"
]


class ReferenceStatus(Model):
    """What the traffic is held against."""

    version: VersionName
    """The version that serves; everything is held against its own profile."""
    digest: Annotated[str, Field(max_length=71)]
    """Of the profile."""
    rows: Count
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
    predictions: Number | None = None
    harm: Number | None = None


class EvidenceStatus(Model):
    """What one tier shows."""

    test: Literal["inputs", "predictions", "harm", "estimated"]
    """estimated: the loss that calibrated scores foretell, where no truth came."""
    value: Number
    """Grows with evidence; an alarm sets it back."""
    alarm_at: Number
    """What it must reach."""
    rows: Count
    """Of the last window, or truths."""
    state: Literal["Unknown", "Quiet", "Alarm", "LabelsSelective"]
    rate: Number | None = None
    """harm: losses as a share of predictions."""
    reference: Number | None = None
    """harm: the same at training."""


class TopStatus(Model):
    """A feature that moved."""

    feature: Column
    effect: Number
    """Its distance from the reference."""
    p: Number
    direction: Literal["up", "down"]


class MetricStatus(Model):
    """A metric by ground truth, in the last settled days."""

    name: Annotated[str, Field(max_length=32)]
    value: Number
    rows: Count
    """Truths."""


class RequestStatus(Model):
    """What the policy asks of others; it has no authority of its own."""

    id: RequestId
    at: Timestamp
    """When the evidence was seen."""
    action: Action
    state: RequestState
    """Only what is Asked is acted on. Gathering: others may fire too; Held: by what `suppressed` says."""
    version: VersionName | None = None
    """Rollback: what should go."""
    trigger: Annotated[str, Field(max_length=16)]
    reason: Message
    """Which inequality fired, with its numbers."""
    since: Timestamp | None = None
    """When `state` began."""


class LastStatus(Model):
    """What became of the request before."""

    id: RequestId
    outcome: Outcome
    at: Timestamp | None = None
    run: Count | None = None
    version: VersionName | None = None
    """What the run made, or what was returned to."""
    gain: Number | None = None
    """Losses before less losses after, as a share of predictions, once a window of the new version says so."""


class SuppressedStatus(Model):
    """Why nothing is asked for though there is reason to."""

    reason: Reason
    """Cooldown, Budget, DataQuality, Storm, InFlight, DryRun, AwaitsApproval, …"""
    message: Message
    until: Timestamp | None = None
    count: Count = 1
    """How often this reason held something back since it began."""


class MonthStatus(Model):
    """Runs of the last 30 days, counted from the runs themselves."""

    retrains: Count
    limit: Count


class DriftPolicyStatus(Status):
    """What is known, and what was decided."""

    reference: ReferenceStatus | None = None
    window: WindowStatus | None = None
    detectable: Detectable | None = None
    evidence: Annotated[list[EvidenceStatus], Field(max_length=4)] = Field(default_factory=list)
    """Of the last window, and of the last settled truths."""
    top: Annotated[list[TopStatus], Field(max_length=10)] = Field(default_factory=list)
    """The features that moved most in the last window."""
    top_feature: Annotated[str, Field(max_length=128)] | None = None
    """The first of them, for people."""
    metrics: Annotated[list[MetricStatus], Field(max_length=8)] = Field(default_factory=list)
    request: RequestStatus | None = None
    last: LastStatus | None = None
    suppressed: SuppressedStatus | None = None
    month: MonthStatus | None = None
    alarm: Count | None = None
    """The number of the last alarm that was decided on."""
    backoff: Count | None = None
    """Runs in a row that did not help."""
