"""What may be asked of any provider."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.traffic.counts import ArmCounts, InForce, Reading, agree
from mooring.reconcile.traffic.envoy import Envoy, version_of
from mooring.reconcile.traffic.envoy.files import version
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.objects import deployment


@given(st.integers(0, 100))
def test_shares_add_up_and_nothing_is_not_a_share(weight: int) -> None:
    shares = Split("one", "two", weight).shares
    assert sum(shares.values()) == 100
    assert shares.get("two", 0) == weight
    assert 0 not in shares.values()


@pytest.mark.parametrize(
    "parts",
    [
        {"weight": 101, "canary": "two"},
        {"weight": 5},
        {"shadow_percent": 5},
        {"canary": "two", "weight": 5, "shadow_percent": 5},
        {"canary": "one"},
        {"canary": "two", "idle": ("two",)},
        {"sticky": "X-User"},
        {"salt": "a/b"},
    ],
)
def test_contradictions_are_bugs(parts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Split("one", **parts)


def test_an_arm_that_is_not_known_yet_is_introduced_first() -> None:
    wanted = Split("one", "two", 30)
    assert wanted.among({"one"}) == Split("one", "two", 0)
    assert wanted.among({"one", "two"}) == wanted


def reading(version: str, *arms: str) -> Reading:
    return Reading(1, InForce(version, {"one": 100}, frozenset(arms)))


def test_proxies_agree_when_all_have_what_is_wanted() -> None:
    both = agree({"a": reading("v2", "one", "two"), "b": reading("v2", "one")}, "v2", ["one"]).in_force
    assert both is not None
    assert both.arms == {"one"}


@pytest.mark.parametrize(
    ("readings", "said", "late"),
    [
        ({}, "there is no proxy yet", ()),
        ({"a": None}, "a does not say", ()),
        ({"a": Reading(1, None)}, "a does not say", ()),
        ({"a": reading("v2", "one"), "b": reading("v1", "one")}, "b has not taken", ("b",)),
        ({"a": reading("v2", "one"), "b": reading("v2")}, "the pods of one are ready", ()),
    ],
)
def test_otherwise_it_is_said_what_is_missing(
    readings: dict[str, Reading | None], said: str, late: tuple[str, ...]
) -> None:
    found = agree(readings, "v2", ["one"])
    assert (found.in_force, found.late) == (None, late)
    assert found.trouble is not None
    assert said in found.trouble


def test_a_config_map_says_which_routes_it_holds() -> None:
    split = Split("one", "two", 30)
    envoy = Envoy("envoy:1")
    (config_map, *_) = envoy.objects(deployment(), split)
    assert version_of(config_map.manifest) == version(split, envoy.place)
    assert version_of({"data": {}}) is None


def test_what_a_restarted_proxy_counted_before_is_not_known() -> None:
    before = Reading(100, None, {"one": ArmCounts(50)})
    assert Reading(110, None, {"one": ArmCounts(70)}).since(before) == {"one": ArmCounts(20)}
    assert Reading(5, None, {"one": ArmCounts(70)}).since(before) is None
    assert Reading(110, None, {"one": ArmCounts(7)}).since(before) is None
