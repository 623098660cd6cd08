"""What counts as already there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.control.subset import contains, digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        ({"a": 1, "added": 2}, {"a": 1}),
        ({"cpu": "500m"}, {"cpu": "0.5"}),
        ({"cpu": "1"}, {"cpu": 1}),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}),
        ([{"name": "injected"}, {"name": "main", "image": "x"}], [{"name": "main"}]),
        ([{"containerPort": 80, "protocol": "TCP"}], [{"containerPort": 80}]),
        ([{"mountPath": "/a", "name": "v"}, {"mountPath": "/b", "name": "v"}], [{"mountPath": "/b", "name": "v"}]),
        ({}, {"unset": None, "empty": {}, "none": []}),
        (["serve", "--port", "80"], ["serve", "--port", "80"]),
    ],
)
def test_it_is_there(live: Any, desired: Any) -> None:
    assert contains(live, desired)


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        ({}, {"a": 1}),
        ({"a": 2}, {"a": 1}),
        (None, {"a": 1}),
        ({"replicas": 1}, {"replicas": 0}),
        ({"suspend": 1}, {"suspend": True}),
        ({"memory": "1Gi"}, {"memory": "1G"}),
        ([{"name": "main", "image": "y"}], [{"name": "main", "image": "x"}]),
        ([{"name": "other"}], [{"name": "main"}]),
        (["serve", "--port", "81"], ["serve", "--port", "80"]),
        (["serve", "more"], ["serve"]),
        ("text", "other"),
    ],
)
def test_it_is_not_there(live: Any, desired: Any) -> None:
    assert not contains(live, desired)


@given(JSON)
def test_everything_contains_itself(value: Any) -> None:
    assert contains(value, value)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=3), JSON)
def test_what_others_add_changes_nothing(value: dict[str, Any], added: Any) -> None:
    assert contains({**value, "added by others": added}, value)


def test_the_digest_does_not_depend_on_order() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
