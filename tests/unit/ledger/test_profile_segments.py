"""Profiles whose segments do not fit the rest of them are refused, whoever wrote them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.ledger.profile import Profile

Change = Callable[[dict[str, Any]], object]


def segment(column: str, value: object) -> dict[str, Any]:
    return {
        "column": column,
        "value": value,
        "rows": 5,
        "numbers": [{"counts": [2, 2], "missing": 1}],
        "categories": [{"counts": [3, 1], "other": 0, "missing": 1}],
        "holdoutRows": 3,
        "predictions": {
            "counts": [1, 2],
            "classes": [1, 2],
            "outcomes": [[1, 0], [0, 2]],
            "strata": [1, 0, 0, 2],
            "losses": [0, 0, 0, 1],
        },
    }


def profile() -> dict[str, Any]:
    whole = segment("", "")
    return {
        "rows": 9,
        "numbers": [{"name": "age", "edges": [30.0], "counts": [4, 4], "missing": 1, "low": 1.0, "high": 90.0}],
        "categories": [{"name": "sex", "categories": ["1", "2"], "counts": [5, 4], "other": 0, "missing": 0}],
        "holdoutRows": 6,
        "predictions": {**whole["predictions"], "of": "probability", "edges": [0.5], "positive": 1},
        "segments": [segment("sex", "1"), segment("sex", "2"), segment("age", 30.0)],
    }


def test_what_training_writes_is_read() -> None:
    found = Profile.model_validate(profile())
    assert [one.name for one in found.segments or ()] == ["sex=1", "sex=2", "age=30"]
    for one in found.segments or ():
        assert found.within(one).rows == 5


def at(*path: object) -> Callable[[object], Change]:
    def to(value: object) -> Change:
        def change(sent: dict[str, Any]) -> None:
            where: Any = sent["segments"]
            for step in path[:-1]:
                where = where[step]
            where[path[-1]] = value

        return change

    return to


DAMAGED: dict[str, tuple[Change, str]] = {
    "too few bins of a number": (at(0, "numbers", 0, "counts")([1]), "another number of cells"),
    "too many categories": (at(0, "categories", 0, "counts")([1, 2, 3]), "another number of cells"),
    "no number": (at(1, "numbers")([]), "another number of features"),
    "one text more": (
        lambda sent: sent["segments"][0]["categories"].append(segment("", "")["categories"][0]),
        "number",
    ),
    "too few bins of the answer": (at(0, "predictions", "counts")([1]), "another number of cells"),
    "no strata": (at(0, "predictions", "strata")(None), "another number of cells"),
    "losses of another length": (at(0, "predictions", "losses")([0]), "another number of cells"),
    "outcomes of another width": (at(0, "predictions", "outcomes")([[1], [2]]), "another number of cells"),
    "outcomes of another height": (at(0, "predictions", "outcomes")([[1, 0]]), "another number of cells"),
    "a negative count": (at(0, "numbers", 0, "missing")(-1), "negative count"),
    "a number of a text": (at(0, "value")(1.0), "are not texts"),
    "a text of a number": (at(2, "value")("30"), "are not numbers"),
    "no number at all": (at(2, "value")(float("nan")), "are not numbers"),
    "no feature": (at(2, "column")("wage"), "which is no feature"),
    "a value twice": (at(1, "value")("1"), "not different and ascending"),
    "values in another order": (at(0, "value")("3"), "not different and ascending"),
    "a column in two places": (lambda sent: sent["segments"].append(segment("sex", "3")), "do not follow each other"),
    "thirteen values": (
        lambda sent: sent.update(segments=[segment("age", float(value)) for value in range(13)]),
        "at most 4 columns and 12 values",
    ),
    "too many combinations": (
        lambda sent: sent.update(
            segments=[segment(name, kind(value)) for name, kind in (("age", float), ("sex", str)) for value in range(8)]
        ),
        "more than 64 ways",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), DAMAGED.values(), ids=DAMAGED)
def test_what_does_not_fit_is_refused_with_the_reason(change: Change, sentence: str) -> None:
    sent = profile()
    change(sent)
    with pytest.raises(ValueError, match=sentence):
        Profile.model_validate(sent)


def test_more_columns_than_there_may_be_are_refused() -> None:
    sent = profile()
    names = ["a", "b", "c", "d", "e"]
    sent["numbers"] = [{**sent["numbers"][0], "name": name} for name in names]
    sent["segments"] = [segment(name, 1.0) for name in names]
    with pytest.raises(ValueError, match="at most 4 columns"):
        Profile.model_validate(sent)


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the path of everything in it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inside for found in places(each, (*path, key)))]


_SENT = profile()
_JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=3), st.just([]), st.just({}),
    st.sampled_from([_SENT["segments"], _SENT["segments"][0], [1, 2], [[1, 2]]]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_it_is_refused_or_its_segments_can_be_counted_by(data: st.DataObject) -> None:
    sent = copy.deepcopy(_SENT)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([one for one in places(sent["segments"]) if one] or [(0,)]))
        where: Any = sent["segments"]
        for step in path[:-1]:
            where = where[step]
        junk = copy.deepcopy(data.draw(_JUNK))
        if isinstance(where, dict | list) and where:
            where[path[-1]] = junk
    try:
        found = Profile.model_validate(sent)
    except ValueError:
        return
    for one in found.segments or ():
        inside = found.within(one)
        assert [len(number.counts) for number in inside.numbers] == [2]
        assert len(inside.predictions.strata or ()) == 4
