"""What a ModelDeployment says of what serves, what takes over, and why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mooring.api.base import Count, Decimal, Digest, Message, Model, Name, Status, Timestamp, hint

VersionName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]([-a-z0-9]{0,40}[a-z0-9])?-v[1-9][0-9]{0,5}$",
        max_length=50,
        json_schema_extra=hint("write the name of a ModelVersion: MODEL-vNUMBER, for example income-v3"),
    ),
]
TemplateHash = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$", max_length=8)]
Replicas = Annotated[int, Field(ge=0, le=2147483647)]
"""A number of pods; the scale subresource takes no more."""
PerCent = Annotated[int, Field(ge=0, le=100)]
Phase = Literal[
    "Waiting", "Stable", "Starting", "Shadowing", "Analysing", "Paused", "Promoting", "Aborting", "RolledBack"
]
Outcome = Literal["Promoted", "Aborted", "RolledBack", "Superseded"]
Asked = Annotated[str, Field(max_length=256)]
"""The value of an annotation."""


class Arm(Model):
    """One version and template that runs."""

    version: VersionName
    """The ModelVersion."""
    digest: Digest
    """Of the artifact."""
    template: TemplateHash
    """A hash of how its pods are made: version, image, resources, server."""
    replicas: Replicas
    """Pods asked for."""
    ready: Replicas
    """Pods that answer."""
    started_at: Timestamp
    """When it began: to serve (stable), or to take over (canary)."""
    unready_since: Timestamp | None = None
    """Since when no pod answers, though some are asked for."""


class Previous(Model):
    """The version that served before, kept ready to return."""

    version: VersionName
    """The ModelVersion."""
    digest: Digest
    """Of the artifact."""
    template: TemplateHash
    """A hash of how its pods are made."""
    until: Timestamp
    """How long it is kept."""


class Draining(Model):
    """A version that still runs, and goes."""

    version: VersionName
    """The ModelVersion."""
    template: TemplateHash
    """A hash of how its pods are made."""
    until: Timestamp | None = None
    """When its pods go. Absent: users may still be led to it."""


class Withdrawn(Model):
    """A version and template that this deployment will not try again by itself."""

    version: VersionName
    """The ModelVersion."""
    template: TemplateHash
    """A hash of how its pods were made: with other resources it is tried again."""
    at: Timestamp
    """When."""
    reason: Message
    """Why."""


class HistoryEntry(Model):
    """One rollout that ended."""

    at: Timestamp
    """When it ended."""
    from_: Annotated[VersionName | None, Field(alias="from")] = None
    """What served before; absent the first time."""
    from_template: TemplateHash | None = None
    """A hash of how its pods are made."""
    to: VersionName
    """What was to serve."""
    outcome: Outcome
    """Promoted: it serves. Aborted: it was withdrawn, what served goes on. RolledBack: what served was withdrawn, and \
the one before serves again. Superseded: something else was wanted before it was done."""
    seconds: Count
    """How long it took."""
    reason: Message
    """Why."""


class Progress(Model):
    """Where the rollout stands."""

    phase: Phase
    """What goes on in a word."""
    step: Name | None = None
    """The step's name."""
    step_index: Annotated[int | None, Field(ge=0, le=20)] = None
    """The step's place, from 0; as many as there are steps while promoting."""
    since: Timestamp | None = None
    """When this phase began; of a step that is in force: when it came in force."""
    steps_hash: TemplateHash | None = None
    """Of the steps that this rollout follows."""


class Share(Model):
    """What one arm is to have of the requests."""

    arm: Annotated[str, Field(max_length=63)]
    """Its child Deployment."""
    weight: PerCent
    """Per cent."""


class TrafficStatus(Model):
    """Who is led to the canary."""

    provider: Literal["Service", "Gateway", "Envoy", "Replicas"]
    """Who leads users. Service: one version at a time, as for strategy Replace."""
    desired: PerCent
    """The canary's share that is asked for."""
    applied: PerCent | None = None
    """The share that is in force everywhere; absent where that is not known."""
    observed: Decimal | None = None
    """The share as counted."""
    approximate: bool = False
    """The provider cannot say the share exactly."""
    shadow: PerCent = 0
    """Per cent of the requests that the canary answers too, unseen."""
    holdback: PerCent = 0
    """The share that the replaced version keeps while watched."""
    split: Annotated[list[Share], Field(max_length=12)] = Field(default_factory=list)
    """What every arm that runs is to have."""
    since: Timestamp
    """When anything of this was last asked for anew."""


class ArmCounts(Model):
    """A count of each arm."""

    stable: Count
    """Of the stable version."""
    canary: Count
    """Of the canary."""


class Evidence(Model):
    """What one check has shown."""

    check: Annotated[str, Field(max_length=32)]
    """What is compared."""
    requests: ArmCounts
    """What was compared."""
    failures: ArmCounts
    """What of it was bad."""
    worse: Decimal
    """Evidence that the canary is worse, as a factor."""
    no_worse: Decimal
    """Evidence that it is no worse, as a factor."""
    verdict: Literal["Abort", "NoWorse", "Undecided"]
    """What follows from this check."""
    through: Timestamp
    """What arrived by then is counted."""


class DecisionStatus(Model):
    """All checks together."""

    worse: Decimal
    """Evidence that the canary is worse, as a factor."""
    abort_at: Decimal
    """Aborted when it reaches this."""
    least_no_worse: Decimal | None = None
    """The least of the evidence that it is no worse, of the checks that the step needs."""
    promote_at: Decimal
    """Promoted when it reaches this."""


class StepForecast(Model):
    """What one step can show, right to about a third; a time that is absent is more than a week."""

    step: Name
    """Its name."""
    doubled_seconds: Count | None = None
    """Until a canary with twice the odds of failing is shown to be worse."""
    fivefold_seconds: Count | None = None
    """The same of five times."""
    no_worse_seconds: Count | None = None
    """Until a canary exactly as good as the stable version is shown to be no worse."""
    warning: Message | None = None
    """Why the step would end undecided."""


class Forecast(Model):
    """What the steps can show with the traffic of this rollout's minutes."""

    at: Timestamp
    """When it was made out."""
    requests_per_minute: Count
    """Of both versions, about."""
    failure_rate: Decimal
    """The stable version's, about."""
    steps: Annotated[list[StepForecast], Field(max_length=20)]
    """The steps with a weight, each as if nothing was known before it."""


class Handled(Model):
    """The annotations that were acted on, so that none acts twice."""

    promote: Asked | None = None
    """The value of mooring.dev/promote."""
    abort: Asked | None = None
    """The value of mooring.dev/abort."""
    retry: Asked | None = None
    """The value of mooring.dev/retry."""
    rollback: Asked | None = None
    """The value of mooring.dev/rollback."""
    drift: Asked | None = None
    """The request of a DriftPolicy to go back, as long as it is asked."""


class ModelDeploymentStatus(Status):
    """What is served now."""

    replicas: Replicas | None = None
    """Pods of the stable version."""
    selector: Annotated[str, Field(max_length=512)] | None = None
    """Of the stable version's pods, for the scale subresource."""
    stable: Arm | None = None
    """The version that serves."""
    canary: Arm | None = None
    """The version that is taking over."""
    previous: Previous | None = None
    """The version that served before, while it is kept ready to return."""
    draining: Annotated[list[Draining], Field(max_length=8)] = Field(default_factory=list)
    """Versions that still run, and go."""
    rollout: Progress | None = None
    """Where the rollout stands."""
    traffic: TrafficStatus | None = None
    """Who is led to the canary."""
    evidence: Annotated[list[Evidence], Field(max_length=8)] = Field(default_factory=list)
    """What each check has shown."""
    decision: DecisionStatus | None = None
    """All checks together."""
    forecast: Forecast | None = None
    """What the steps of the present rollout can show, once a minute of traffic is known."""
    withdrawn: Annotated[list[Withdrawn], Field(max_length=20)] = Field(default_factory=list)
    """Not tried again by themselves, in this deployment."""
    handled: Handled | None = None
    """The annotations that were acted on."""
    history: Annotated[list[HistoryEntry], Field(max_length=20)] = Field(default_factory=list)
    """Newest first."""
    url: Annotated[str, Field(max_length=256)] | None = None
    """Where predictions are answered inside the cluster."""
