"""A cell is refused in a file exactly where serving would refuse it in a request."""

from __future__ import annotations

import math

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mooring.artifact.manifest import Feature
from mooring.batch.check import check
from mooring.serving.errors import Rejected
from mooring.serving.v2.column import Column

NUMBERS = st.one_of(
    st.none(), st.just(math.nan), st.floats(), st.sampled_from([0.0, 1.0, 39.5, 2.0**53, 2.0**53 + 2, 3.5e38, math.inf])
)


def refused_by_serving(feature: Feature, value: object, declared: str) -> bool:
    try:
        Column(feature).convert([value], declared)
    except Rejected:
        return True
    return False


@given(st.sampled_from(["FP64", "INT64", "BOOL"]), st.booleans(), st.lists(NUMBERS, min_size=1, max_size=9))
def test_numbers(datatype: str, nullable: bool, values: list[float | None]) -> None:
    feature = Feature.model_validate({"name": "x", "datatype": datatype, "nullable": nullable})
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.float64())], ["x"])
    checked = check([feature], batch, parse=False)
    wanted = [
        not nullable if value is None or math.isnan(value) else refused_by_serving(feature, value, "FP64")
        for value in values
    ]
    assert list(checked.bad.get("x", [False] * len(values))) == wanted


@given(
    st.booleans(), st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from("ab")), min_size=1, max_size=9)
)
def test_texts(nullable: bool, values: list[str | None]) -> None:
    feature = Feature(name="x", datatype="BYTES", nullable=nullable, categories=["a", "b"])
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.string())], ["x"])
    checked = check([feature], batch, parse=False)
    assert list(checked.columns[0]) == values
    wanted = [refused_by_serving(feature, value, "BYTES") for value in values]
    assert list(checked.bad.get("x", [False] * len(values))) == wanted


@given(st.lists(st.one_of(st.none(), st.sampled_from(["1", "0", "true", "False", "x", "1_0", "2", ""])), min_size=1))
def test_booleans_of_csv(values: list[str | None]) -> None:
    feature = Feature(name="x", datatype="BOOL", nullable=True)
    checked = check([feature], pa.RecordBatch.from_arrays([pa.array(values, pa.string())], ["x"]), parse=True)
    known = {"1": 1.0, "0": 0.0, "true": 1.0, "False": 0.0, None: math.nan}
    for value, found, wrong in zip(
        values, checked.columns[0], checked.bad.get("x", [False] * len(values)), strict=True
    ):
        assert wrong == (value not in known)
        assert wrong or found == known[value] or (math.isnan(found) and value is None)
