"""A canary goes step by step: shadow, weights, pauses, promotion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reconcile.canary import (
    annotate,
    arm_of,
    arms,
    canary,
    follow,
    judge,
    phase,
    pods,
    proxies,
    serving,
    settle,
    split,
    status,
)
from tests.unit.reconcile.scenes import add_version, condition, start_pods
from tests.unit.reconcile.world import World


def proven(world: World) -> None:
    """Let the step in force be shown to be no worse, and whatever follows by itself happen."""
    judge(world, "NoWorse")
    follow(world)


def test_the_first_version_of_all_takes_no_steps() -> None:
    world = serving(canary())
    assert (phase(world), split(world)) == (("Stable", None), {"income-v1": 100})


def test_it_goes_from_step_to_step_while_it_is_shown_to_be_no_worse() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    assert (phase(world), split(world)) == (("Analysing", "first"), {"income-v1": 95, "income-v2": 5})
    proven(world)
    assert (phase(world), split(world)) == (("Analysing", "half"), {"income-v1": 50, "income-v2": 50})
    proven(world)
    assert (phase(world), split(world)) == (("Stable", None), {"income-v2": 100})
    assert status(world)["stable"]["version"] == "income-v2"
    assert [entry["outcome"] for entry in status(world)["history"]] == ["Promoted", "Promoted"]


def test_users_are_served_as_asked_all_the_time() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"
    assert condition(world, "ModelDeployment", "income", "Reconciling")["status"] == "True"
    assert condition(world, "ModelDeployment", "income", "Progressing")["reason"] == "Analysing"


def test_the_default_steps_are_5_25_and_50() -> None:
    world = serving(canary() | {"rollout": {"strategy": "Canary"}}, versions=2)
    weights = []
    for _ in range(3):
        follow(world)
        weights.append(split(world)["income-v2"])
        judge(world, "NoWorse")
    follow(world)
    assert (weights, status(world)["stable"]["version"]) == ([5, 25, 50], "income-v2")


def test_promotion_moves_a_pointer_and_restarts_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    proven(world)
    before = {item["metadata"]["name"]: item["metadata"]["uid"] for item in arms(world)}
    templates = [item["spec"]["template"] for item in arms(world)]
    proven(world)
    assert status(world)["stable"]["version"] == "income-v2"
    assert {i["metadata"]["name"]: i["metadata"]["uid"] for i in arms(world)} == before
    assert [item["spec"]["template"] for item in arms(world)] == templates


def test_a_shadow_is_asked_and_never_answers() -> None:
    shadow = {"name": "shadow", "shadowPerCent": 50, "maxSeconds": 600}
    world = serving(canary(shadow, {"name": "first", "weight": 5}), versions=2)
    follow(world)
    assert (phase(world), split(world)) == (("Shadowing", "shadow"), {"income-v1": 100})
    assert status(world)["traffic"]["shadow"] == 50
    assert pods(world) == {"income-v1": 4, "income-v2": 2}, "the shadow has pods for what it is asked"
    peers = world.objects[("Service", "default", "income-stable")]["spec"]
    assert (peers["clusterIP"], peers["selector"]) == ("None", {"mooring.dev/arm": arm_of(world, "stable")})
    assert "income-stable.default.svc" in {entry.get("value") for entry in environment(world, arm_of(world, "canary"))}
    proven(world)
    assert (phase(world), split(world)["income-v2"]) == (("Analysing", "first"), 5)
    assert status(world)["traffic"]["shadow"] == 0


def test_a_manual_pause_waits_for_a_person() -> None:
    world = serving(canary({"name": "first", "weight": 5}, {"name": "sign-off", "pause": "Manual"}), versions=2)
    follow(world)
    proven(world)
    assert (phase(world), split(world)["income-v2"]) == (("Paused", "sign-off"), 5)
    world.pass_time(1_000_000)
    follow(world)
    assert phase(world) == ("Paused", "sign-off")
    said = condition(world, "ModelDeployment", "income", "Progressing")["message"]
    assert "mooring.dev/promote=income-v2/sign-off" in said
    annotate(world, "promote", "income-v2/sign-off")
    follow(world)
    assert status(world)["stable"]["version"] == "income-v2"


def test_a_timed_pause_waits_its_time_whoever_looks() -> None:
    world = serving(canary({"name": "soak", "maxSeconds": 600}, {"name": "first", "weight": 5}), versions=2)
    follow(world)
    assert phase(world) == ("Paused", "soak")
    plan = world.plan("ModelDeployment", "income")
    assert plan is not None
    assert plan.requeue_after is not None
    world.pass_time(600)  # and nobody looked: the operator was away
    follow(world)
    assert phase(world) == ("Analysing", "first")


@pytest.mark.parametrize(
    ("wanted", "after"),
    [("Pause", ("Paused", "first")), ("Promote", ("Analysing", "half")), ("Abort", ("RolledBack", None))],
)
def test_a_step_that_is_not_decided_in_time_does_what_the_user_wants(wanted: str, after: tuple[str, Any]) -> None:
    world = serving(canary(onInconclusive=wanted), versions=2)
    follow(world)
    world.pass_time(901)
    judge(world, "Undecided", reason="errors: 12 requests say little")
    follow(world)
    assert phase(world) == after
    if wanted == "Abort":
        assert "12 requests say little" in status(world)["withdrawn"][0]["reason"]


def test_evidence_that_comes_late_still_ends_a_pause_that_was_inconclusive() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    world.pass_time(901)
    follow(world)
    assert phase(world) == ("Paused", "first")
    proven(world)
    assert phase(world) == ("Analysing", "half")


def test_no_data_is_not_good_news() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    world.pass_time(800)
    follow(world)
    assert phase(world) == ("Analysing", "first")


def test_evidence_of_another_step_or_of_long_ago_shows_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "NoWorse")
    world.pass_time(121)
    settle(world)
    assert phase(world) == ("Analysing", "first")
    judge(world, "NoWorse")
    settle(world)
    assert phase(world) == ("Starting", "half")
    start_pods(world)
    follow(world, 2)
    assert phase(world) == ("Analysing", "half"), "what was shown at 5% does not end the step at 50%"


def test_a_person_may_promote_a_step_that_is_judged_and_only_the_one_named() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    annotate(world, "promote", "income-v2/half")
    settle(world)
    assert phase(world) == ("Analysing", "first")
    annotate(world, "promote", "income-v2/first")
    follow(world)
    assert phase(world) == ("Analysing", "half")


def test_edited_steps_go_on_at_the_step_of_the_same_name() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    proven(world)
    steps = [{"name": "early", "weight": 1}, {"name": "half", "weight": 40, "maxSeconds": 60}]
    world.put("ModelDeployment", "income", spec=canary(*steps))
    follow(world)
    assert (phase(world), split(world)["income-v2"]) == (("Analysing", "half"), 40)
    world.put("ModelDeployment", "income", spec=canary({"name": "other", "weight": 7}))
    follow(world)
    assert (phase(world), split(world)["income-v2"]) == (("Analysing", "other"), 7)


def test_a_suspended_rollout_stays_where_it_is() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    world.put("ModelDeployment", "income", spec=canary() | {"suspend": True})
    proven(world)
    add_version(world, 3)
    follow(world)
    assert (phase(world), split(world)["income-v2"]) == (("Analysing", "first"), 5)
    assert condition(world, "ModelDeployment", "income", "Progressing")["reason"] == "Suspended"
    judge(world, "Abort")
    follow(world)
    assert split(world) == {"income-v1": 100}, "what is bad goes all the same"


def test_a_new_operator_asks_nothing_anew() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    world.brought.clear()
    world.writes.clear()
    settle(world)
    proxies(world)
    settle(world)
    assert [item for item in world.writes if not item.startswith("status")] == []
    assert phase(world) == ("Analysing", "first")


def test_evidence_is_written_at_most_every_ten_seconds() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "Undecided")
    settle(world)
    world.writes.clear()
    world.pass_time(5)
    judge(world, "Undecided")
    settle(world)
    assert world.writes == []
    world.pass_time(6)
    judge(world, "Undecided")
    settle(world)
    assert world.writes == ["status ModelDeployment income"]
    assert status(world)["evidence"][0]["check"] == "errors"
    assert status(world)["decision"] == {"worse": "0.3", "abortAt": "20", "leastNoWorse": "25", "promoteAt": "20"}


def environment(world: World, arm: str) -> list[dict[str, str]]:
    """Return the environment of an arm's server."""
    template = world.objects[("Deployment", "default", arm)]["spec"]["template"]
    found: list[dict[str, str]] = template["spec"]["containers"][0]["env"]
    return found


def test_what_was_decided_by_is_in_status_though_nothing_is_left_of_the_canary() -> None:
    world = serving(canary({"name": "shadow", "shadowPerCent": 100}), versions=2)
    follow(world)
    assert phase(world) == ("Shadowing", "shadow")
    judge(world, "Abort")
    settle(world)
    assert "canary" not in status(world) or status(world)["canary"] is None
    assert [item["verdict"] for item in status(world)["evidence"]] == ["Abort"]
