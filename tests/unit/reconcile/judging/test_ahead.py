"""A forecast is told once a minute of traffic is known, and stays the same as long as the traffic is about the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.judging.ahead import foretell
from mooring.reconcile.judging.watch import RECENT, Watch
from mooring.reconcile.observed import Foretold
from mooring.stats.judge import Count, Decision, Evidence
from tests.unit.reconcile.canary import canary, follow, serving

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WATCH = Watch("k", ("a", "b"), None)  # type: ignore[arg-type]  # a forecast looks at counts only


def deployment(*steps: dict[str, Any], provider: str = "Envoy") -> ModelDeployment:
    """Return a deployment whose canary is on its way."""
    world = serving(canary(*steps), versions=2)
    follow(world)
    found = ModelDeployment.model_validate(world.objects[("ModelDeployment", "default", "income")])
    assert found.status.traffic is not None
    told = found.status.traffic.model_copy(update={"provider": provider})
    return found.model_copy(update={"status": found.status.model_copy(update={"traffic": told})})


def decision(requests: int = 5000, failures: int = 50) -> Decision:
    check = Evidence("errors", Count(requests, 50), Count(failures, 0), 0.3, 2.0, True, "Undecided", "")
    return Decision("Undecided", "", 0.3, 20.0, 2.0, 20.0, (check,), 60, 50, 0, 0)


def told(
    each: int, before: Foretold | None = None, *, slots: int = RECENT, found: Decision | None = None, later: int = 0
) -> Foretold | None:
    watch = replace(WATCH, recent=((each, 0),) * slots)
    return foretell(before, watch, found or decision(), deployment(), NOW + timedelta(seconds=later))


def test_before_a_minute_is_known_nothing_is_said() -> None:
    assert told(50, slots=RECENT - 1) is None


def test_every_step_with_a_weight_has_its_times() -> None:
    found = told(50)
    assert found is not None
    assert (found.traffic.per_minute, found.traffic.failure_rate) == (600, 0.01)
    first, half = found.steps
    assert (first.name, half.name) == ("first", "half")
    assert half.promoted is not None
    assert first.promoted is None or first.promoted > half.promoted


def test_traffic_that_is_about_the_same_says_nothing_new() -> None:
    before = told(50)
    assert told(55, before, later=60, found=decision(failures=70)) is before
    assert told(0, before, slots=0, later=60) is before


def test_other_traffic_is_another_forecast() -> None:
    before = told(50)
    after = told(500, before, later=60)
    assert before is not None
    assert after is not None
    assert after.at == NOW + timedelta(seconds=60)
    assert (after.steps[0].fivefold or 0) < (before.steps[0].fivefold or 0)
    assert told(50, before, later=60, found=decision(failures=500)) != before


def test_shares_that_are_numbers_of_pods_are_not_forecast() -> None:
    watch = replace(WATCH, recent=((50, 0),) * RECENT)
    assert foretell(None, watch, decision(), deployment(provider="Replicas"), NOW) is None


def test_steps_without_a_weight_are_not_forecast() -> None:
    watch = replace(WATCH, recent=((50, 0),) * RECENT)
    steps = [{"name": "soak", "maxSeconds": 60}, {"name": "some", "weight": 20}]
    found = foretell(None, watch, decision(), deployment(*steps), NOW)
    assert found is not None
    assert [step.name for step in found.steps] == ["some"]
