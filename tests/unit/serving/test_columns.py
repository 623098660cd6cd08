from __future__ import annotations

import math

import pytest

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Feature
from mooring.serving.errors import Rejected
from mooring.serving.v2.column import Column


def column(datatype: Datatype, *, nullable: bool = False, categories: list[str] | None = None) -> Column:
    return Column(Feature(name="x", datatype=datatype, nullable=nullable, categories=categories))


@pytest.mark.parametrize(
    ("feature", "declared", "sent", "read"),
    [
        ("FP64", "FP64", [1.5, 2], [1.5, 2]),
        ("FP64", "FP32", [1.5], [1.5]),
        ("FP64", "INT64", [7], [7]),
        ("FP64", "UINT8", [255], [255]),
        ("FP64", "INT8", [-128], [-128]),
        ("FP64", "BOOL", [True], [1]),
        ("INT64", "INT64", [2**53, -(2**53)], [2.0**53, -(2.0**53)]),
        ("INT64", "FP64", [39.0], [39]),
        ("INT64", "BOOL", [False], [0]),
        ("BOOL", "BOOL", [True, False], [1, 0]),
        ("BOOL", "INT64", [1, 0], [1, 0]),
        ("BYTES", "BYTES", ["a", ""], ["a", ""]),
    ],
)
def test_values_are_taken_wherever_nothing_is_lost(
    feature: Datatype, declared: str, sent: list[object], read: list[object]
) -> None:
    assert list(column(feature).convert(sent, declared)) == read


@pytest.mark.parametrize(
    ("feature", "declared", "sent", "said"),
    [
        ("FP64", "BYTES", ["1"], "send numbers as FP64 or INT64"),
        ("FP64", "FP64", [1, "2"], "row 1 is '2'"),
        ("FP64", "FP64", [True], "row 0 is True"),
        ("FP64", "FP64", [[1.0]], "row 0 is [1.0]"),
        ("FP64", "FP64", [1e39], "row 0 is 1e+39"),
        ("FP64", "FP64", [math.inf], "expected a finite number"),
        ("FP64", "FP64", [0.0, math.nan], "row 1 is nan, expected a finite number"),
        ("FP64", "FP16", [70000.0], "outside of FP16"),
        ("FP64", "INT64", [1.0], "row 0 is 1.0, which is no INT64"),
        ("FP64", "INT8", [128], "outside of INT8"),
        ("FP64", "UINT16", [-1], "outside of UINT16"),
        ("INT64", "INT64", [2**53 + 1], "±2^53"),
        ("INT64", "FP64", [39.5], "row 0 is 39.5, expected a whole number"),
        ("BOOL", "INT64", [2], "expected true, false, 0 or 1"),
        ("BYTES", "INT64", [1], "send it as BYTES"),
        ("BYTES", "BYTES", ["a", 1], "row 1 is 1, expected a string"),
        ("INT64", "INT64", [None], "row 0 is null, and training saw no missing value here; expected a whole number"),
        ("BYTES", "BYTES", [None], "expected a string"),
    ],
)
def test_values_that_would_be_changed_are_refused_with_column_and_row(
    feature: Datatype, declared: str, sent: list[object], said: str
) -> None:
    with pytest.raises(Rejected, match=r"^input 'x': ") as refused:
        column(feature).convert(sent, declared)
    assert said in refused.value.message
    assert refused.value.status == 400


def test_null_is_missing_where_training_saw_missing_values() -> None:
    number, text = column("INT64", nullable=True), column("BYTES", nullable=True, categories=["a"])
    assert math.isnan(float(str(number.convert([None], "INT64")[0])))
    assert list(text.convert([None, "a"], "BYTES")) == [None, "a"]


def test_an_unknown_category_is_refused_with_the_nearest_known() -> None:
    with pytest.raises(Rejected, match=r"row 1 is 'gren', a category that training never saw; did you mean 'green'?"):
        column("BYTES", categories=["blue", "green"]).convert(["blue", "gren"], "BYTES")


def test_a_category_like_no_other_is_refused_with_what_there_is() -> None:
    with pytest.raises(Rejected, match=r"expected one of 'c0', 'c1', 'c10', .* and 22 more"):
        column("BYTES", categories=[f"c{index}" for index in range(30)]).convert(["zzzzzz"], "BYTES")


def test_any_text_is_taken_where_training_listed_no_categories() -> None:
    assert list(column("BYTES").convert(["anything"], "BYTES")) == ["anything"]
