"""The law of order, in both directions: capacity leads a weight up, a weight leads capacity down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.modeldeployment.capacity import allowed, pods_for
from tests.unit.reconcile.canary import (
    annotate,
    arm_of,
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
from tests.unit.reconcile.scenes import add_version, bring_up, condition, start_pods
from tests.unit.reconcile.world import World

WHOLE = st.integers(0, 100)
PODS = st.integers(0, 30)


@given(WHOLE, WHOLE, PODS, PODS, st.integers(1, 30))
def test_no_share_exceeds_what_ready_pods_carry(target: int, current: int, ready: int, others: int, n: int) -> None:
    share = allowed(target, current, ready=ready, others=others, replicas=n)
    assert 0 <= share <= 100
    assert share * min(n, max(1, ready + others)) <= 100 * ready
    assert share <= max(target, current)
    if ready >= n and others >= n:
        assert share == target, "with pods for everything on both sides, nothing holds it"


@given(WHOLE, WHOLE, PODS, PODS, st.integers(1, 30))
def test_a_share_falls_as_fast_as_the_others_take_it(
    current: int, target: int, ready: int, others: int, n: int
) -> None:
    target = min(target, current)
    share = allowed(target, current, ready=ready, others=others, replicas=n)
    needed = min(n, max(1, ready + others))
    if share > target:
        assert (100 - share + 1) * needed > 100 * others, "one point less would be too much for the others"
    if others >= needed and ready > 0:
        assert share == min(target, 100 * ready // needed)


@given(st.integers(1, 100), st.integers(0, 1000))
def test_pods_for_a_share_carry_it(share: int, replicas: int) -> None:
    assert min(replicas, 1) <= pods_for(share, replicas) <= replicas
    assert pods_for(share, replicas) * 100 >= share * replicas


def test_a_weight_rises_when_every_proxy_has_found_the_pods_and_not_when_they_are_ready() -> None:
    world = serving(canary(), versions=2)
    settle(world)
    start_pods(world)
    proxies(world, found=frozenset({arm_of(world, "stable")}))
    settle(world)
    assert split(world) == {"income-v1": 100}
    proxies(world, found=frozenset({arm_of(world, "stable"), arm_of(world, "canary")}))
    settle(world)
    assert split(world) == {"income-v1": 95, "income-v2": 5}


def test_a_weight_rises_when_all_pods_for_it_are_ready() -> None:
    world = serving(canary(), versions=2)
    settle(world)
    assert split(world) == {"income-v1": 100}
    bring_up(world, arm_of(world, "canary"))
    settle(world)
    assert split(world) == {"income-v1": 100}, "proxies have not said yet that they know it"
    proxies(world)
    settle(world)
    assert split(world) == {"income-v1": 95, "income-v2": 5}
    assert phase(world) == ("Starting", "first"), "asked for, not in force"
    proxies(world)
    settle(world)
    assert phase(world) == ("Analysing", "first")


def test_the_stable_version_keeps_all_its_pods_until_it_is_replaced() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "NoWorse")
    follow(world)
    assert pods(world) == {"income-v1": 4, "income-v2": 2}
    judge(world, "NoWorse")
    settle(world)
    assert (pods(world), split(world)) == ({"income-v1": 4, "income-v2": 4}, {"income-v1": 50, "income-v2": 50})


def test_a_canary_without_ready_pods_gets_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    bring_up(world, arm_of(world, "canary"), ready=False)
    settle(world)
    assert split(world) == {"income-v1": 100}
    bring_up(world, arm_of(world, "canary"))
    follow(world)
    assert (split(world)["income-v2"], phase(world)) == (5, ("Analysing", "first"))


def test_an_abort_waits_for_nobody_when_the_stable_version_can_carry_all() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "Abort")
    settle(world)
    assert (split(world), phase(world)) == ({"income-v1": 100}, ("Aborting", "first"))
    assert pods(world) == {"income-v1": 4, "income-v2": 2}, "its weight is not confirmed to be nothing"
    proxies(world)
    settle(world)
    assert phase(world) == ("RolledBack", None)
    world.pass_time(29)
    settle(world)
    assert pods(world) == {"income-v1": 4, "income-v2": 2}
    world.pass_time(2)
    settle(world)
    assert pods(world) == {"income-v1": 4}


def test_an_abort_falls_no_faster_than_the_stable_version_can_take() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "NoWorse")
    follow(world)
    half_of(world, arm_of(world, "stable"))
    annotate(world, "abort", "income-v2")
    settle(world)
    assert split(world) == {"income-v1": 50, "income-v2": 50}
    bring_up(world, arm_of(world, "stable"))
    proxies(world)
    settle(world)
    assert split(world) == {"income-v1": 100}


def half_of(world: World, arm: str) -> None:
    """Let half of an arm's pods be ready."""
    child = world.objects[("Deployment", "default", arm)]
    count = child["spec"]["replicas"]
    generation = child["metadata"]["generation"]
    ready = {"observedGeneration": generation, "updatedReplicas": count, "readyReplicas": count // 2}
    world.put("Deployment", arm, status=ready)


def test_nothing_is_taken_away_while_proxies_say_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "Abort")
    settle(world)
    proxies(world, silent=True)
    world.pass_time(10_000)
    settle(world)
    assert (pods(world), phase(world)[0]) == ({"income-v1": 4, "income-v2": 2}, "Aborting")
    proxies(world)
    settle(world)
    world.pass_time(31)
    settle(world)
    assert pods(world) == {"income-v1": 4}


def test_proxies_that_do_not_follow_are_not_the_versions_fault() -> None:
    world = serving(canary(), versions=2)
    settle(world)
    bring_up(world, arm_of(world, "canary"))
    proxies(world)
    settle(world)
    proxies(world, silent=True, trouble="envoy-0 runs an older configuration")
    world.pass_time(10_000)
    settle(world)
    assert "withdrawn" not in status(world) or status(world)["withdrawn"] == []
    said = condition(world, "ModelDeployment", "income", "Progressing")["message"]
    assert "envoy-0 runs an older configuration" in said


def test_what_was_read_before_a_change_confirms_nothing() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    stale = dict(world.brought)
    judge(world, "Abort")
    settle(world)
    world.brought = stale
    settle(world)
    assert phase(world)[0] == "Aborting"


def test_a_newer_version_replaces_the_canary_and_the_stable_stays() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    add_version(world, 3)
    settle(world)
    assert (status(world)["canary"]["version"], split(world)) == ("income-v3", {"income-v1": 100})
    assert set(pods(world)) == {"income-v1", "income-v2", "income-v3"}
    bring_up(world, arm_of(world, "canary"))
    settle(world)
    assert split(world) == {"income-v1": 100}, "v2 is not confirmed to have nothing, so v3 gets nothing yet"
    follow(world)
    assert split(world) == {"income-v1": 95, "income-v3": 5}
    world.pass_time(31)
    follow(world)
    assert set(pods(world)) == {"income-v1", "income-v3"}
    assert status(world)["history"][0]["outcome"] == "Superseded"
    assert not status(world).get("withdrawn"), "it was not shown to be bad"


def test_a_broken_stable_version_does_not_block_its_replacement() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    bring_up(world, arm_of(world, "stable"), ready=False)
    settle(world)
    world.pass_time(31)
    settle(world)
    assert pods(world)["income-v2"] == 4
    for _ in range(3):
        bring_up(world, arm_of(world, "canary") or arm_of(world, "stable"))
        proxies(world)
        world.pass_time(1)
        settle(world)
    assert (split(world), status(world)["stable"]["version"]) == ({"income-v2": 100}, "income-v2")
    assert "does not answer" in status(world)["history"][0]["reason"]


def test_a_stable_version_that_is_back_soon_is_not_replaced_in_a_hurry() -> None:
    world = serving(canary(), versions=2)
    follow(world)
    bring_up(world, arm_of(world, "stable"), ready=False)
    settle(world)
    world.pass_time(10)
    bring_up(world, arm_of(world, "stable"))
    follow(world)
    assert (phase(world), split(world)["income-v2"]) == (("Analysing", "first"), 5)


def test_a_version_that_never_starts_leaves_everybody_where_they_were() -> None:
    world = serving(canary(), versions=2)
    settle(world)
    bring_up(world, arm_of(world, "canary"), ready=False, message="DigestMismatch: the files were changed")
    world.pass_time(601)
    proxies(world)
    settle(world)
    assert (split(world), pods(world)) == ({"income-v1": 100}, {"income-v1": 4})
    assert "DigestMismatch" in condition(world, "ModelDeployment", "income", "RolledBack")["message"]


@pytest.mark.parametrize(("replicas", "canaries"), [(10, 5), (2, 1), (4, 2)])
def test_scaling_in_the_middle_restarts_nothing_and_keeps_the_law(replicas: int, canaries: int) -> None:
    world = serving(canary(), versions=2)
    follow(world)
    judge(world, "NoWorse")
    follow(world)
    world.put("ModelDeployment", "income", spec=canary() | {"replicas": replicas})
    settle(world)
    shares = split(world)
    assert shares["income-v2"] <= 50
    follow(world)
    assert pods(world) == {"income-v1": replicas, "income-v2": max(canaries, 2)}
    assert split(world) == {"income-v1": 50, "income-v2": 50}
    assert phase(world) == ("Analysing", "half")


def test_with_nobody_served_nothing_is_shown() -> None:
    world = serving(canary() | {"replicas": 0}, versions=2)
    follow(world)
    world.pass_time(10_000)
    follow(world)
    assert (phase(world), status(world)["stable"]["version"]) == (("Waiting", "first"), "income-v1")
    world.put("ModelDeployment", "income", spec=canary())
    follow(world)
    assert phase(world) == ("Analysing", "first")


def test_an_autoscaler_does_not_take_a_canarys_share_for_idleness() -> None:
    scaled = canary() | {"autoscaling": {"minReplicas": 2, "maxReplicas": 9}}
    world = serving(scaled)
    found = world.objects[("HorizontalPodAutoscaler", "default", "income")]
    assert found["spec"]["scaleTargetRef"]["kind"] == "ModelDeployment"
    assert found["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Max"
    add_version(world, 2)
    follow(world)
    found = world.objects[("HorizontalPodAutoscaler", "default", "income")]
    assert found["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    assert pods(world) == {"income-v1": 4, "income-v2": 4}
    world.put("ModelDeployment", "income", spec=canary())
    follow(world)
    assert ("HorizontalPodAutoscaler", "default", "income") not in world.objects


def test_what_replaces_at_once_needs_no_proxy() -> None:
    world = serving(canary())
    assert world.get("ConfigMap", "default", "income-envoy") is not None
    replace_at_once = {"model": "income", "replicas": 4, "rollout": {"strategy": "Replace"}}
    world.put("ModelDeployment", "income", spec=replace_at_once)
    settle(world)
    assert world.get("ConfigMap", "default", "income-envoy") is not None, "the Service is seen to lead to Envoy"
    follow(world)
    assert world.get("ConfigMap", "default", "income-envoy") is None
    assert world.get("Deployment", "default", "income-envoy") is None
