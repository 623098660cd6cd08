"""What the steps of a rollout can show with the traffic that there is: in round numbers, kept while they hold."""

from __future__ import annotations

from datetime import datetime
from math import sqrt

from mooring.api.modeldeployment import ModelDeployment
from mooring.ledger.interval import INTERVAL_SECONDS
from mooring.reconcile.judging.watch import RECENT, Watch
from mooring.reconcile.modeldeployment.evidence import judge_settings
from mooring.reconcile.modeldeployment.steps import seconds_of, steps_of
from mooring.reconcile.observed import Foretold
from mooring.stats.judge import Decision, ForecastStep, Traffic, forecast

_MINUTES = RECENT * INTERVAL_SECONDS / 60
_CHANCE = 3
"""Standard deviations within which a count of a minute is the same traffic."""


def foretell(
    before: Foretold | None, watch: Watch, decision: Decision, deployment: ModelDeployment, now: datetime
) -> Foretold | None:
    """Return the forecast for the steps with a weight, the same as before while traffic and steps are about the same.

    None before a minute of traffic is known, for a version that is already promoted, and where shares are numbers of
    pods (they are others than the steps say).
    """
    traffic_status = deployment.status.traffic
    if deployment.status.canary is None or traffic_status is None or traffic_status.provider == "Replicas":
        return None
    traffic = _traffic(watch, decision) or (before.traffic if before is not None else None)
    if traffic is None:
        return None
    if before is not None and _is_about(before.traffic, traffic):
        traffic = before.traffic
    found = forecast(traffic, _steps(deployment), judge_settings(deployment.spec))
    if before is not None and (before.traffic, before.steps) == (traffic, found):
        return before
    return Foretold(*watch.arms, now, traffic, found) if found else None


def _traffic(watch: Watch, decision: Decision) -> Traffic | None:
    """Return a whole minute's requests, and the stable's failures of all that was judged so far, in round numbers."""
    if len(watch.recent) < RECENT:
        return None
    requests = sum(map(sum, watch.recent)) / _MINUTES
    errors = next((item for item in decision.checks if item.check == "errors"), None)
    judged = errors.requests.stable if errors is not None else 0
    rate = errors.failures.stable / judged if errors is not None and judged else 0.0
    return Traffic(float(f"{requests:.2g}"), float(f"{rate:.1g}"))


def _is_about(before: Traffic, now: Traffic) -> bool:
    """Tell whether chance, or a change that alters no plan, makes the difference."""
    spare = max(before.per_minute / 3, _CHANCE * sqrt(before.per_minute + 1))
    return abs(now.per_minute - before.per_minute) <= spare and (
        before.failure_rate / 2 <= now.failure_rate <= before.failure_rate * 2
    )


def _steps(deployment: ModelDeployment) -> tuple[ForecastStep, ...]:
    steps = steps_of(deployment.spec)
    return tuple(ForecastStep(step.name, step.weight / 100, seconds_of(step)) for step in steps if step.weight)
