"""What the steps of the present rollout can show, as status says it, and a warning where one would show nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mooring.api.rolloutstatus import Forecast, StepForecast
from mooring.reconcile.conditions import shorten
from mooring.reconcile.modeldeployment.rollout import Rollout
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.observed import Foretold
from mooring.reconcile.plan import Event
from mooring.stats.judge import Forecast as StepTold

_APART = timedelta(seconds=10)
"""A forecast is written at most so often."""


def look_ahead(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout with what its steps can show; the first time, with an event about those that have no power."""
    if rollout.canary is None or rollout.stable is None:
        return replace(rollout, forecast=None)
    before = None if rollout.fresh else rollout.forecast
    told = sight.forecast(rollout.stable, rollout.canary)
    if told is None or (before is not None and sight.now - before.at < _APART):
        return replace(rollout, forecast=before)
    found = _shown(told)
    if before is not None and found == before.model_copy(update={"at": found.at}):
        return replace(rollout, forecast=before)
    now = replace(rollout, forecast=found.model_copy(update={"at": sight.now}))
    warnings = [step.warning for step in found.steps if step.warning]
    if before is not None or not warnings:
        return now
    others = f" ({len(warnings) - 1} more of its steps too: status.forecast)" if len(warnings) > 1 else ""
    return now.tell(Event("Warning", "NoPower", shorten(f"{warnings[0]}{others}")))


def _shown(told: Foretold) -> Forecast:
    return Forecast(
        at=told.at,
        requests_per_minute=round(told.traffic.per_minute),
        failure_rate=f"{told.traffic.failure_rate:.6f}".rstrip("0").rstrip("."),
        steps=[_step(step) for step in told.steps],
    )


def _step(told: StepTold) -> StepForecast:
    return StepForecast(
        step=told.name,
        doubled_seconds=_coarse(told.doubled),
        fivefold_seconds=_coarse(told.fivefold),
        no_worse_seconds=_coarse(told.promoted),
        warning=shorten(told.warning) if told.warning else None,
    )


def _coarse(seconds: int | None) -> int | None:
    """Return two significant digits: the rest is not known."""
    return round(float(f"{seconds:.2g}")) if seconds is not None else None
