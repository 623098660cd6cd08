"""How a new version takes over: steps, what is judged, who is led where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import Model, Name, ObjectName, hint, rules
from mooring.api.judging import Analysis

Seconds = Annotated[int, Field(ge=1, le=604800)]
_KINDS = "[has(self.weight), has(self.shadowPerCent), has(self.pause)].filter(kind, kind).size()"
_WEIGHTS = "self.steps.filter(step, has(step.weight)).map(step, step.weight)"
_SHARES = (
    "self.steps.filter(step, has(step.weight) || has(step.shadowPerCent)).map(step, has(step.weight) ? step.weight : 0)"
)


class Step(Model):
    """One step of a canary: a weight, a shadow, or a pause."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"{_KINDS} == 1 || ({_KINDS} == 0 && has(self.maxSeconds))",
                "a step is one of: weight, shadowPerCent, pause: Manual, or maxSeconds alone (it waits that long)",
            ),
            (
                "!has(self.weight) || self.weight < 100",
                "weight 100 is the promotion, which follows the last step: leave this step out",
            ),
            (
                "!has(self.pause) || !has(self.maxSeconds)",
                "pause: Manual waits for a person: leave maxSeconds out, or leave pause out to wait that long",
            ),
            (
                "!has(self.minRequests) || has(self.weight) || has(self.shadowPerCent)",
                "minRequests needs something to count: use it with weight or shadowPerCent",
            ),
        )
    )

    name: Name
    """What people call it: the annotation mooring.dev/promote names it."""
    weight: Annotated[int | None, Field(ge=1, le=100)] = None
    """Per cent of the requests that the canary answers, until it is shown to be no worse."""
    shadow_per_cent: Annotated[int | None, Field(ge=1, le=100)] = None
    """Per cent of the requests that the canary answers too: compared, never returned."""
    pause: Literal["Manual"] | None = None
    """Manual: until a person says so."""
    max_seconds: Seconds | None = None
    """With weight or shadow: undecided by then, `onInconclusive` says what happens (absent: 1800). Alone: it waits."""
    min_requests: Annotated[int | None, Field(ge=1, le=1000000000)] = None
    """Not passed before the canary has answered so many in this step."""


class Rollout(Model):
    """How a new version takes over."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "self.strategy == 'Canary' || !(has(self.steps) || has(self.analysis) || has(self.onInconclusive)"
                " || has(self.watchSecondsAfterPromotion) || has(self.holdbackPerCent))",
                "steps, analysis, onInconclusive, watchSecondsAfterPromotion and holdbackPerCent are of a canary: "
                "set strategy: Canary, or leave them out",
            ),
            (
                "!has(self.steps) || self.steps.size() > 0",
                "steps is empty: leave it out for weights 5, 25 and 50, or set strategy: Replace to change at once",
            ),
            (
                "!has(self.steps) || self.steps.all(step, self.steps.exists_one(other, other.name == step.name))",
                "steps need different names: people name them to promote",
            ),
            (
                f"!has(self.steps) || ({_SHARES}.isSorted() && {_WEIGHTS}.all(weight,"
                f" {_WEIGHTS}.exists_one(other, other == weight)))",
                "weights must rise from step to step, and shadow steps come before all weights, "
                "for example shadowPerCent: 100, then weight: 5, then weight: 50",
            ),
            (
                "!has(self.holdbackPerCent) || self.holdbackPerCent == 0 || !has(self.watchSecondsAfterPromotion)"
                " || self.watchSecondsAfterPromotion > 0",
                "holdbackPerCent lasts as long as watchSecondsAfterPromotion: set that above 0",
            ),
        )
    )

    strategy: Literal["Canary", "Replace"] = "Canary"
    """Canary: by steps, judged. Replace: at once when every replica is ready, without a failed request."""
    steps: Annotated[list[Step], Field(max_length=20)] | None = None
    """In this order, then the promotion. Absent: weights 5, 25 and 50."""
    analysis: Analysis | None = None
    """What is judged and how surely. Absent: errors, at 5%."""
    on_inconclusive: Literal["Pause", "Promote", "Abort"] | None = None
    """When a step is undecided at its end. Absent: Pause, until a person or the evidence decides."""
    watch_seconds_after_promotion: Annotated[int | None, Field(ge=0, le=604800)] = None
    """The replaced version keeps a replica this long, ready to return. Absent: 86400."""
    holdback_per_cent: Annotated[int | None, Field(ge=0, le=5)] = None
    """The replaced version keeps this share of the requests while watched, as a control. Absent: 0."""
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=86400)] = 600
    """A version that is not ready by then is withdrawn, and the old one goes on serving."""
    scale_down_delay_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    """A version that nobody is led to keeps running this long, so that nobody is dropped and a way back is quick."""


class GatewayReference(Model):
    """A Gateway of yours, whose `allowedRoutes` must allow a route from this namespace."""

    name: ObjectName
    """Of the Gateway."""
    namespace: ObjectName | None = None
    """Absent: this resource's own."""
    section_name: ObjectName | None = None
    """One of its listeners. Absent: all of them."""
    hostname: (
        Annotated[
            str,
            Field(
                pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                max_length=253,
                json_schema_extra=hint("write a host name in lowercase, for example income.example.com"),
            ),
        ]
        | None
    ) = None
    """For whom it answers. Absent: for the hosts of the listener."""


class Traffic(Model):
    """Who leads users to versions."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.stickyHeader) || (!has(self.gateway)"
                " && (!has(self.provider) || !(self.provider in ['Replicas', 'Gateway'])))",
                "stickyHeader needs a proxy of ours: use provider Auto or Envoy, without a gateway",
            ),
            (
                "!has(self.provider) || self.provider != 'Gateway' || has(self.gateway)",
                "provider Gateway needs `gateway`: write the name of yours",
            ),
            (
                "!has(self.gateway) || !has(self.provider) || self.provider in ['Auto', 'Gateway']",
                "`gateway` is for provider Gateway: leave one of the two out",
            ),
        )
    )

    provider: Literal["Auto", "Gateway", "Envoy", "Replicas"] = "Auto"
    """Auto: Gateway where one is named below, Envoy of our own where it is needed and can be, else Replicas: no proxy,
    shares by numbers of pods."""
    gateway: GatewayReference | None = None
    """A Gateway of yours that divides, by an HTTPRoute of ours."""
    sticky_header: (
        Annotated[
            str,
            Field(
                pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                max_length=64,
                json_schema_extra=hint("write the name of a header in lowercase, for example x-user-id"),
            ),
        ]
        | None
    ) = None
    """A caller, known by this header, who was led to the canary stays with it as its weight rises."""


class Autoscaling(Model):
    """An autoscaler that writes `replicas` through /scale."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.minReplicas <= self.maxReplicas", "minReplicas must not be above maxReplicas"),
        )
    )

    min_replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Never fewer."""
    max_replicas: Annotated[int, Field(ge=1, le=1000)]
    """Never more."""
    target_cpu_per_cent: Annotated[int, Field(ge=1, le=1000, alias="targetCPUPerCent")] = 70
    """Of the cpu that a replica requests, on average."""
