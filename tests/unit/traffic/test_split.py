"""What may be asked of any provider."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.traffic.counts import ArmCounts, InForce, Reading
from mooring.reconcile.traffic.envoy import is_in_force, version
from mooring.reconcile.traffic.split import Split


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


def test_what_a_restarted_proxy_counted_before_is_not_known() -> None:
    before = Reading(100, None, {"one": ArmCounts(50)})
    assert Reading(110, None, {"one": ArmCounts(70)}).since(before) == {"one": ArmCounts(20)}
    assert Reading(5, None, {"one": ArmCounts(70)}).since(before) is None
    assert Reading(110, None, {"one": ArmCounts(7)}).since(before) is None
