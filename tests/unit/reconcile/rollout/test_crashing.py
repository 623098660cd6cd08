"""A canary whose pods end again and again under users' requests is withdrawn, unless the stable's end too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.reconcile.canary import arm_of, canary, follow, phase, serving, settle, status
from tests.unit.reconcile.world import World


def end(world: World, role: str, times: int, *, ago: float = 0) -> None:
    """Let the first pod of an arm have ended so often."""
    name = f"{arm_of(world, role)}-0"
    pod = world.objects[("Pod", "default", name)]
    at = (world.now - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": at}
    container = {"state": {"running": {}}, "lastState": {"terminated": ended}, "restartCount": times}
    world.put("Pod", name, status=pod["status"] | {"containerStatuses": [container]})
    settle(world)


@pytest.fixture
def world() -> World:
    world = serving(canary(), versions=2)
    follow(world)
    assert phase(world) == ("Analysing", "first")
    return world


def test_it_is_withdrawn_after_as_many_ends_as_failures_are_a_catastrophe(world: World) -> None:
    end(world, "canary", 4)
    assert phase(world) == ("Analysing", "first")
    end(world, "canary", 5)
    assert phase(world)[0] == "Aborting"
    assert status(world)["withdrawn"][0]["reason"].startswith("its pods ended 5 times, those of income-v1 never")


def test_what_ends_the_stable_version_too_is_not_the_canary(world: World) -> None:
    end(world, "stable", 1)
    end(world, "canary", 9)
    assert phase(world) == ("Analysing", "first")


def test_an_end_of_the_stable_version_from_before_excuses_nothing(world: World) -> None:
    end(world, "stable", 1, ago=86400)
    end(world, "canary", 5)
    assert phase(world)[0] == "Aborting"
