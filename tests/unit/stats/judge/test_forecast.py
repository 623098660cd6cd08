"""Forecasts beside what happened."""

from __future__ import annotations

from statistics import median

import pytest

from mooring.stats.judge import ForecastStep, Judge, JudgeState, Settings, Tolerance, Traffic, forecast
from tests.unit.stats.judge.traffic import minutes

SETTINGS = Settings(errors=Tolerance(1.5, 0.01), catastrophe=None)
JUDGE = Judge(SETTINGS)


def seconds_until(verdict: str, *, rate: float, canary: float, runs: int = 21) -> float:
    """Return how long it took, in the median, for traffic of 6000 requests a minute with a quarter on the canary."""
    found = []
    for seed in range(runs):
        state, seconds = JudgeState(), -20.0
        for one in minutes(seed, requests=1000, weight=0.25, stable=rate, canary=canary):
            state = JUDGE.fold(state, one)  # a minute of the traffic is ten seconds of this
            seconds += 10
            if JUDGE.decide(state, shadow=False).verdict == verdict:
                break
        found.append(seconds)
    return median(found)


@pytest.mark.parametrize(
    ("rate", "verdict", "odds"), [(0.01, "Abort", 2.0), (0.01, "NoWorse", 1.0), (0.002, "NoWorse", 1.0)]
)
def test_a_forecast_is_right_to_about_a_third(rate: float, verdict: str, odds: float) -> None:
    said = forecast(Traffic(6000, rate), [ForecastStep("first", 0.25)], SETTINGS)[0]
    told = said.doubled if verdict == "Abort" else said.promoted
    assert told is not None
    happened = seconds_until(verdict, rate=rate, canary=odds * rate / (1 - rate + odds * rate))
    assert 0.65 * happened - 10 <= told <= 1.5 * happened + 60


def test_a_step_without_power_says_what_it_would_need() -> None:
    (said,) = forecast(Traffic(10, 0.01), [ForecastStep("first", 0.05, max_seconds=900)], SETTINGS)
    assert "step first: with 10 requests a minute, of which the canary has 5%, seeing five times" in said.warning
    assert "the step ends after 15 min" in said.warning


def test_a_step_with_power_is_not_warned_of() -> None:
    (said,) = forecast(Traffic(60_000, 0.001), [ForecastStep("half", 0.5, max_seconds=900)], SETTINGS)
    assert said.warning == ""


def test_more_traffic_and_more_weight_are_sooner() -> None:
    slow, fast = forecast(Traffic(600, 0.01), [ForecastStep("a", 0.05), ForecastStep("b", 0.25)], SETTINGS)
    assert slow.fivefold is not None
    assert fast.fivefold is not None
    assert fast.fivefold < slow.fivefold
    (busy,) = forecast(Traffic(6000, 0.01), [ForecastStep("a", 0.05)], SETTINGS)
    assert busy.fivefold == pytest.approx(slow.fivefold / 10, rel=0.05)


def test_without_failures_only_the_promotion_is_forecast() -> None:
    (said,) = forecast(Traffic(600, 0.0), [ForecastStep("first", 0.05)], SETTINGS)
    assert (said.doubled, said.fivefold, said.warning) == (None, None, "")
    assert said.promoted is not None
    assert 12 * 60 < said.promoted < 16 * 60


def test_no_traffic_shows_nothing() -> None:
    (said,) = forecast(Traffic(0, 0.01), [ForecastStep("first", 0.05)], SETTINGS)
    assert (said.doubled, said.promoted) == (None, None)
    assert "more than a week" in said.warning
