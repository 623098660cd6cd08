"""Status says what the steps can show, writes it seldom, and warns once of a step that would show nothing."""

from __future__ import annotations

from mooring.stats.judge import Forecast, Traffic
from tests.unit.reconcile.canary import canary, events, follow, foretell, judge, serving, settle, status
from tests.unit.reconcile.world import World

WEAK = Forecast("first", None, 90_123, 3_456, "step first: nothing can be shown")


def rolling() -> World:
    """Return a world in which income-v2 is at 5%, and what its steps can show is not known yet."""
    world = serving(canary(), versions=2)
    follow(world)
    assert "forecast" not in status(world)
    return world


def test_a_step_without_power_is_warned_of_once() -> None:
    world = rolling()
    foretell(world, WEAK, Forecast("half", 1, 2, 3, ""))
    assert events(world, "NoPower") == ["step first: nothing can be shown"]
    settle(world)
    assert events(world, "NoPower") == []
    world.pass_time(60)
    foretell(world, WEAK, Forecast("half", 1, 2, 3, "step half: neither"))
    assert events(world, "NoPower") == []


def test_a_forecast_is_in_round_numbers() -> None:
    world = rolling()
    foretell(world, WEAK)
    settle(world)
    (first,) = status(world)["forecast"]["steps"]
    assert first == {
        "step": "first",
        "fivefoldSeconds": 90_000,
        "noWorseSeconds": 3_500,
        "warning": "step first: nothing can be shown",
    }


def test_the_same_forecast_writes_nothing_and_another_one_waits_for_ten_seconds() -> None:
    world = rolling()
    foretell(world, WEAK)
    settle(world)
    before = status(world)["forecast"]
    world.pass_time(60)
    foretell(world, WEAK)
    settle(world)
    assert status(world)["forecast"] == before
    foretell(world, Forecast("first", 60, 60, 60, ""))
    settle(world)
    changed = status(world)["forecast"]
    assert changed["steps"] == [{"step": "first", "doubledSeconds": 60, "fivefoldSeconds": 60, "noWorseSeconds": 60}]
    foretell(world, WEAK)
    settle(world)
    assert status(world)["forecast"] == changed
    world.pass_time(10)
    settle(world)
    assert status(world)["forecast"]["steps"] == before["steps"]


def test_what_was_said_of_other_arms_or_an_earlier_try_is_not_of_this_one() -> None:
    world = rolling()
    foretell(world, WEAK, canary="income-v9-00000000")
    settle(world)
    assert "forecast" not in status(world)


def test_it_ends_with_the_rollout() -> None:
    world = rolling()
    foretell(world, WEAK)
    settle(world)
    judge(world, "Abort")
    follow(world)
    assert "forecast" not in status(world)


def test_a_forecast_names_its_traffic() -> None:
    world = rolling()
    foretell(world, WEAK, traffic=Traffic(620, 0.0125))
    settle(world)
    found = status(world)["forecast"]
    assert (found["requestsPerMinute"], found["failureRate"]) == (620, "0.0125")
