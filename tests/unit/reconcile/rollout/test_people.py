"""People act by annotations that name what they act on; each acts once."""

from __future__ import annotations

import pytest

from tests.unit.reconcile.canary import (
    annotate,
    arms,
    canary,
    events,
    follow,
    judge,
    phase,
    pods,
    serving,
    settle,
    split,
    status,
)
from tests.unit.reconcile.scenes import add_version, condition
from tests.unit.reconcile.world import World

SHORT = {"scaleDownDelaySeconds": 5}


def promoted(watch: int = 86400, **rules: object) -> World:
    """Return a world in which income-v2 was promoted over income-v1."""
    world = serving(canary({"name": "first", "weight": 5}, watchSecondsAfterPromotion=watch, **rules), versions=2)
    follow(world)
    judge(world, "NoWorse")
    follow(world)
    assert status(world)["stable"]["version"] == "income-v2"
    return world


def test_an_aborted_version_is_not_tried_again() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "abort", "income-v2")
    follow(world)
    assert (split(world), status(world)["withdrawn"][0]["version"]) == ({"income-v1": 100}, "income-v2")
    world.pass_time(100_000)
    follow(world)
    assert status(world)["rollout"]["phase"] == "RolledBack"
    assert "canary" not in status(world)
    world.put("ModelDeployment", "income", spec=canary({"name": "gentle", "weight": 1}))
    follow(world)
    assert "canary" not in status(world), "edited steps do not bring it back"


def test_an_abort_of_something_else_does_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "abort", "income-v7")
    assert events(world, "NothingToDo") != []
    settle(world)
    assert (phase(world), events(world, "NothingToDo")) == (("Analysing", "first"), [])


def test_a_retry_tries_once_more_from_the_first_step() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "abort", "income-v2")
    follow(world)
    annotate(world, "retry", "income-v2/again")
    follow(world)
    assert phase(world) == ("Analysing", "first"), "the abort that is still written there is an old one"
    judge(world, "Abort")
    follow(world)
    assert phase(world)[0] == "RolledBack", "a retry acts once"


def test_what_was_approved_before_an_abort_is_not_approved_after_a_retry() -> None:
    sign_off = {"name": "sign-off", "pause": "Manual"}
    world = serving(canary({"name": "first", "weight": 5}, sign_off), versions=2)
    follow(world)
    annotate(world, "promote", "income-v2/sign-off")
    judge(world, "Abort")
    follow(world)
    annotate(world, "retry", "income-v2/again")
    follow(world)
    judge(world, "NoWorse")
    follow(world)
    assert phase(world) == ("Paused", "sign-off")


def test_an_edited_template_of_an_aborted_version_is_tried() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "abort", "income-v2")
    follow(world)
    world.put("ModelDeployment", "income", spec=canary() | {"resources": {"limits": {"memory": "1Gi"}}})
    follow(world)
    assert status(world)["canary"]["version"] == "income-v2"


def test_after_a_promotion_the_version_before_stays_ready_to_return() -> None:
    world = promoted()
    assert status(world)["previous"]["version"] == "income-v1"
    assert pods(world) == {"income-v1": 4, "income-v2": 4}
    world.pass_time(31)
    settle(world)
    assert pods(world) == {"income-v1": 1, "income-v2": 4}
    world.pass_time(86400)
    follow(world)
    world.pass_time(31)
    follow(world)
    assert pods(world) == {"income-v2": 4}


def test_a_rollback_returns_to_what_still_runs_at_once() -> None:
    world = promoted()
    running = {item["metadata"]["uid"] for item in arms(world)}
    annotate(world, "rollback", "income-v2")
    settle(world)
    assert split(world) == {"income-v1": 100}
    follow(world)
    assert (status(world)["stable"]["version"], phase(world)[0]) == ("income-v1", "RolledBack")
    assert {item["metadata"]["uid"] for item in arms(world)} == running
    assert [entry["version"] for entry in status(world)["withdrawn"]] == ["income-v2"]
    assert condition(world, "ModelDeployment", "income", "RolledBack")["status"] == "True"
    world.pass_time(31)
    follow(world)
    assert pods(world) == {"income-v1": 4}


def test_a_rollback_waits_for_the_pods_of_what_no_longer_runs() -> None:
    world = promoted(watch=0)
    world.pass_time(31)
    follow(world)
    assert pods(world) == {"income-v2": 4}
    annotate(world, "rollback", "income-v2")
    settle(world)
    assert split(world) == {"income-v2": 100}
    follow(world)
    assert (split(world), status(world)["stable"]["version"]) == ({"income-v1": 100}, "income-v1")


def test_a_newer_version_waits_until_a_rollback_is_done() -> None:
    world = promoted()
    annotate(world, "rollback", "income-v2")
    add_version(world, 3)
    settle(world)
    assert status(world)["canary"]["version"] == "income-v1"
    follow(world, 8)
    assert (status(world)["stable"]["version"], status(world)["canary"]["version"]) == ("income-v1", "income-v3")


def test_there_is_nothing_to_return_to_from_the_first_version() -> None:
    world = serving(canary())
    annotate(world, "rollback", "income-v1")
    assert events(world, "NothingToReturnTo") != []
    follow(world)
    assert (status(world)["stable"]["version"], status(world).get("withdrawn", [])) == ("income-v1", [])


def test_evidence_that_comes_late_takes_a_promotion_back() -> None:
    world = promoted()
    judge(world, "Abort", of=("previous", "stable"), reason="quality: 0.71 of 0.84")
    follow(world)
    assert status(world)["stable"]["version"] == "income-v1"
    assert "0.71 of 0.84" in status(world)["withdrawn"][0]["reason"]


def test_a_held_back_share_stays_while_it_is_watched() -> None:
    world = promoted(holdbackPerCent=5)
    assert (split(world), status(world)["traffic"]["holdback"]) == ({"income-v1": 5, "income-v2": 95}, 5)
    world.pass_time(86400)
    follow(world)
    assert split(world) == {"income-v2": 100}
    world.pass_time(31)
    follow(world)
    assert pods(world) == {"income-v2": 4}


def test_a_retry_calls_a_rollback_off() -> None:
    world = promoted(watch=0)
    world.pass_time(31)
    follow(world)
    annotate(world, "rollback", "income-v2")
    settle(world)
    annotate(world, "retry", "income-v2/sorry")
    follow(world)
    assert (status(world)["stable"]["version"], split(world)) == ("income-v2", {"income-v2": 100})


@pytest.mark.parametrize("value", ["", "/", "income-v2", "x" * 10_000, "income-v2/half/…"])
def test_nonsense_promotes_nothing(value: str) -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "promote", value)
    follow(world)
    assert phase(world) == ("Analysing", "first")


def test_one_deployments_failure_withdraws_nothing_elsewhere() -> None:
    world = serving(canary(), versions=2)
    world.put("ModelDeployment", "other", spec=canary())
    follow(world)
    annotate(world, "abort", "income-v2")
    follow(world)
    world.settle("ModelDeployment", "other")
    other = world.objects[("ModelDeployment", "default", "other")]["status"]
    assert other["canary"]["version"] == "income-v2", "the newest, though it was withdrawn elsewhere"
