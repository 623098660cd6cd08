"""The HTTPRoute, and what a Gateway says of it."""

from __future__ import annotations

from typing import Any

import pytest

from mooring.reconcile.traffic.gateway import Gateway, Parent, standing
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.objects import deployment

PUBLIC = Parent("public", "ingress", "https", "income.example.com")


def route(split: Split, ready: dict[str, int] | None = None, parent: Parent = PUBLIC) -> dict[str, Any]:
    (apply,) = Gateway(parent, ready).objects(deployment(), split)
    return dict(apply.manifest)


def weights(found: dict[str, Any]) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in found["spec"]["rules"][0]["backendRefs"]}


def test_the_route_is_on_the_named_listener_and_for_the_named_host() -> None:
    spec = route(Split("one"))["spec"]
    assert spec["hostnames"] == ["income.example.com"]
    (parent,) = spec["parentRefs"]
    assert (parent["namespace"], parent["name"], parent["sectionName"]) == ("ingress", "public", "https")
    bare = route(Split("one"), parent=Parent("public"))["spec"]
    assert "hostnames" not in bare
    assert bare["parentRefs"][0]["namespace"] == "default"


def test_none_and_all_are_exact() -> None:
    assert weights(route(Split("one", "two", 0))) == {"one": 100}
    assert weights(route(Split("one", "two", 100))) == {"two": 100}
    assert weights(route(Split("one", "two", 30))) == {"two": 30, "one": 70}


def test_an_arm_without_ready_pods_is_left_out_unless_there_is_no_other() -> None:
    split = Split("one", "two", 30)
    assert weights(route(split, {"one": 2, "two": 0})) == {"one": 70}
    assert weights(route(split, {"one": 0, "two": 2})) == {"two": 30}
    assert weights(route(split, {"one": 0, "two": 0})) == {"two": 30, "one": 70}


def test_the_rule_for_everybody_has_its_place_and_says_nothing_of_one_backend() -> None:
    for split in (Split("one"), Split("one", "two", 0), Split("one", "two", 30), Split("two", "one", 0)):
        first = route(split)["spec"]["rules"][0]
        assert "headers" not in first["matches"][0]
        assert not any("filters" in backend for backend in first["backendRefs"])
        removed = first["filters"][0]["requestHeaderModifier"]["remove"]
        assert {"x-mooring-role", "x-mooring-override", "x-mooring-forwarded"} <= set(removed)


def test_testers_are_marked() -> None:
    _, stable, canary = route(Split("one", "two", 30))["spec"]["rules"]
    for rule, arm, role in ((stable, "one", "stable"), (canary, "two", "canary")):
        assert [backend["name"] for backend in rule["backendRefs"]] == [arm]
        marks = rule["filters"][0]["requestHeaderModifier"]["set"]
        assert {"name": "x-mooring-override", "value": role} in marks


def answered(generation: int, *conditions: dict[str, Any], parent: dict[str, Any] | None = None) -> dict[str, Any]:
    found = route(Split("one"))
    reference = parent or found["spec"]["parentRefs"][0]
    found["metadata"]["generation"] = generation
    return found | {"status": {"parents": [{"parentRef": reference, "conditions": list(conditions)}]}}


def condition(kind: str, status: str = "True", generation: int = 3, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, **more}


def test_a_route_counts_once_the_gateway_took_over_its_present_generation() -> None:
    accepted, resolved = condition("Accepted"), condition("ResolvedRefs")
    assert standing(answered(3, accepted, resolved))[0] == "Accepted"
    assert standing(answered(4, accepted, resolved))[0] == "Waiting"
    assert standing(answered(3, accepted))[0] == "Waiting"
    assert standing(None)[0] == "Waiting"
    assert standing(answered(3, accepted, resolved, parent={"name": "other"}))[0] == "Waiting"


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_what_the_gateway_objects_to_is_said(kind: str) -> None:
    conditions = {"Accepted": condition("Accepted"), "ResolvedRefs": condition("ResolvedRefs")}
    conditions[kind] = condition(kind, "False", reason="NotAllowedByListeners", message="no such namespace")
    verdict, said = standing(answered(3, *conditions.values()))
    assert verdict == "Refused"
    assert said == "NotAllowedByListeners: no such namespace"
