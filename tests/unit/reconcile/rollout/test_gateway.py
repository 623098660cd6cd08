"""A rollout that a user's own Gateway divides."""

from __future__ import annotations

from typing import Any

from tests.unit.reconcile.canary import STEPS, follow, serving, settle, split, status
from tests.unit.reconcile.world import World

GATEWAY = {"name": "public", "namespace": "ingress", "sectionName": "https", "hostname": "income.example.com"}


def spec(**traffic: Any) -> dict[str, Any]:
    rollout = {"strategy": "Canary", "steps": STEPS}
    return {"model": "income", "replicas": 4, "traffic": traffic, "rollout": rollout}


def routes(world: World) -> list[dict[str, Any]]:
    return list(world.all("HTTPRoute", "default"))


def weights(world: World) -> dict[str, int]:
    (route,) = routes(world)
    backends = route["spec"]["rules"][0]["backendRefs"]
    return {"income-" + backend["name"].split("-")[1]: backend["weight"] for backend in backends}


def test_a_named_gateway_divides_by_a_route_of_ours() -> None:
    world = serving(spec(gateway=GATEWAY))
    (route,) = routes(world)
    assert route["spec"]["parentRefs"][0]["sectionName"] == "https"
    assert weights(world) == {"income-v1": 100}
    assert status(world)["traffic"]["provider"] == "Gateway"
    assert not world.objects.get(("Deployment", "default", "income-envoy"))


def test_its_weights_follow_the_steps() -> None:
    world = serving(spec(gateway=GATEWAY), versions=2)
    follow(world)
    assert split(world) == weights(world) == {"income-v1": 95, "income-v2": 5}


def test_the_route_goes_when_another_way_is_chosen() -> None:
    world = serving(spec(gateway=GATEWAY))
    world.put("ModelDeployment", "income", spec=spec(provider="Envoy"))
    follow(world)
    settle(world)
    assert routes(world) == []
