"""What observers bring from outside the API: what proxies have in force, and what the judge made of the counts.

Plans do no I/O: an observer reads, and hands these to the next plan as data. Arms are named by their child Deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mooring.stats.judge import Decision, Forecast, Traffic


@dataclass(frozen=True)
class TrafficSeen:
    """What the proxies that lead users have in force."""

    at: datetime
    """When the reading began: what was asked for later is not in it."""
    applied: Mapping[str, int] | None
    """Per cent by arm, in force in every proxy; an arm that is not named has exactly none.

    None where any proxy did not answer, or runs another configuration than the newest one in the API.
    """
    shadow: Mapping[str, int] = field(default_factory=dict)
    """Per cent of the requests that are mirrored to an arm."""
    observed: Mapping[str, float] | None = None
    """Per cent as counted."""
    approximate: bool = False
    """The shares in force are the nearest that the provider can do."""
    found: frozenset[str] | None = None
    """The arms of which every proxy has found pods; None where it is not the proxies who find them."""
    late: frozenset[str] = frozenset()
    """The names of Envoy's pods that were told of the newest configuration, and still have another after seconds."""
    trouble: str | None = None
    """What keeps the newest configuration from being in force, as a sentence."""


@dataclass(frozen=True)
class Judgement:
    """What the judge says of two arms."""

    stable: str
    """The arm that is the measure."""
    canary: str
    """The arm that is judged."""
    since: datetime | None
    """Which step it is of, by `status.rollout.since`: the judge was told that a step began then."""
    decision: Decision
    """Abort and NoWorse are proven; Undecided never passes for either."""


@dataclass(frozen=True)
class Foretold:
    """What the steps of a rollout can show with the traffic that there is."""

    stable: str
    """The arm that is the measure."""
    canary: str
    """The arm that is judged."""
    at: datetime
    """When it was made out."""
    traffic: Traffic
    steps: tuple[Forecast, ...]


@dataclass(frozen=True)
class Observed:
    """Everything that observers know of one ModelDeployment."""

    traffic: TrafficSeen | None = None
    judgement: Judgement | None = None
    forecast: Foretold | None = None
