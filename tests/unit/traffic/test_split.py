"""What may be asked of any provider."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.traffic.counts import ArmCounts, InForce, Reading, agreed
from mooring.reconcile.traffic.envoy import Envoy, is_in_force, version, version_of
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


def test_a_split_is_in_force_when_its_routes_are_and_all_its_arms_are_known() -> None:
    split = Split("one", "two", 30)
    seen = InForce(version(split), split.shares, frozenset({"one", "two"}))
    assert is_in_force(split, seen)
    assert not is_in_force(split, None)
    assert not is_in_force(Split("one", "two", 31), seen)
    assert not is_in_force(Split("one", "two", 30, idle=("three",)), seen)


def test_proxies_agree_when_all_have_what_is_wanted() -> None:
    one = Reading(1, InForce("v2", {"one": 100}, frozenset({"one", "two"})))
    two = Reading(1, InForce("v2", {"one": 100}, frozenset({"one"})))
    late = Reading(1, InForce("v1", {"two": 100}, frozenset({"one", "two"})))
    both = agreed([one, two], "v2")
    assert both is not None
    assert both.arms == {"one"}
    assert agreed([one, late], "v2") is None
    assert agreed([one, None], "v2") is None
    assert agreed([], "v2") is None


def test_a_config_map_says_which_routes_it_holds() -> None:
    split = Split("one", "two", 30)
    (config_map, *_) = Envoy("envoy:1").objects(deployment(), split)
    assert version_of(config_map.manifest) == version(split)
    assert version_of({"data": {}}) is None


def test_what_a_restarted_proxy_counted_before_is_not_known() -> None:
    before = Reading(100, None, {"one": ArmCounts(50)})
    assert Reading(110, None, {"one": ArmCounts(70)}).since(before) == {"one": ArmCounts(20)}
    assert Reading(5, None, {"one": ArmCounts(70)}).since(before) is None
    assert Reading(110, None, {"one": ArmCounts(7)}).since(before) is None
