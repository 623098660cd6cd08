"""Without a proxy: shares by numbers of pods, near in between and exact at the ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.modeldeployment.capacity import nearest
from tests.unit.reconcile.canary import canary, follow, judge, phase, pods, serving, split, status
from tests.unit.reconcile.scenes import add_version, condition
from tests.unit.reconcile.world import World

ALL = {"mooring.dev/owner-kind": "ModelDeployment", "mooring.dev/owner": "income"}


def rolling(*steps: dict[str, object]) -> World:
    """Return a world in which income-v2 is at its first step."""
    world = serving(canary(*steps) | {"traffic": {"provider": "Replicas"}}, versions=2)
    follow(world, 6)
    return world


def selector(world: World) -> dict[str, str]:
    found: dict[str, str] = world.objects[("Service", "default", "income")]["spec"]["selector"]
    return found


@given(st.integers(1, 99), st.integers(1, 50))
def test_no_other_number_of_pods_is_nearer(share: int, replicas: int) -> None:
    pods = nearest(share, replicas)
    error = abs(100 * pods / (replicas + pods) - share)
    assert 1 <= pods <= replicas
    assert all(error <= abs(100 * other / (replicas + other) - share) for other in range(1, replicas + 1))


def test_the_service_leads_to_both_versions() -> None:
    world = rolling()
    assert (phase(world), pods(world)) == (("Analysing", "first"), {"income-v1": 4, "income-v2": 1})
    assert selector(world) == ALL
    traffic = status(world)["traffic"]
    assert (traffic["provider"], traffic["desired"], traffic["approximate"]) == ("Replicas", 5, True)
    assert traffic["applied"] == 20, "one pod of five"


def test_all_and_nothing_are_exact() -> None:
    world = rolling({"name": "first", "weight": 20})
    judge(world, "NoWorse")
    follow(world, 8)
    assert (status(world)["stable"]["version"], split(world)) == ("income-v2", {"income-v2": 100})
    assert list(selector(world)) == ["mooring.dev/arm"]
    assert selector(world)["mooring.dev/arm"].startswith("income-v2-")


def test_an_abort_leads_everybody_back_before_pods_go() -> None:
    world = rolling()
    judge(world, "Abort")
    world.settle("ModelDeployment", "income")
    assert list(selector(world)) == ["mooring.dev/arm"]
    assert pods(world) == {"income-v1": 4, "income-v2": 1}
    follow(world)
    world.pass_time(31)
    follow(world)
    assert pods(world) == {"income-v1": 4}


def test_a_shadow_needs_a_proxy() -> None:
    world = serving(canary({"name": "shadow", "shadowPerCent": 50}))
    world.config = world.config.model_copy(update={"envoy_image": None})
    add_version(world, 2)
    follow(world)
    assert condition(world, "ModelDeployment", "income", "Stalled")["reason"] == "ProviderUnavailable"
    assert "canary" not in status(world)
