"""What is read the fast way is what the decoder itself reads from it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.artifact.manifest import Manifest
from mooring.ledger.packed import Packed
from mooring.serving.errors import Rejected
from mooring.serving.v2.decode import Asked, Decoder
from tests.unit.serving import artifacts
from tests.unit.serving.artifacts import body

MIXED = artifacts.manifest()
NUMBERS = MIXED.model_copy(update={"features": [f.model_copy(update={"name": n, "datatype": "FP64", "nullable": False})
                                                for n in "abc" for f in MIXED.features[1:2]]})  # fmt: skip
ODD = st.sampled_from(
    [None, True, 0, 1, 7, -2.5, 1e300, 2**53, 2**53 + 1, 10**400, "x", "green", [], [1], {}, {"a": 1}]
)
VALUE = st.one_of(st.floats(-100, 100), st.integers(-5, 100), ODD)
SHAPE = st.sampled_from([[1], [1, 1], [1, 3], [2, 3], [3, 1], [0, 3], [1.0], [True], [1.0, 3], [6], [], "ab", None, 1])
DATATYPE = st.sampled_from(["FP64", "FP32", "INT64", "BOOL", "BYTES", "FP16", "x", None])


def whole(decoder: Decoder, inputs: list[Any]) -> Packed:
    """Read without the fast way."""
    return Packed.of(decoder._kinds, decoder._any(inputs, None))


def agree(manifest: Manifest, inputs: list[Any]) -> bool:
    """Return whether the fast way took the inputs; it must have found what the decoder finds."""
    decoder = Decoder(manifest, max_rows=5)
    found = decoder._usual.tensors(inputs)
    if found is None:
        return False
    expected = whole(decoder, inputs)
    assert (found.numbers, list(found.texts), found.rows) == (expected.numbers, list(expected.texts), expected.rows)
    return True


@given(st.data())
def test_a_matrix_that_is_taken_is_what_the_decoder_reads(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 3))
    nested = data.draw(st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=rows, max_size=rows))
    flat = [value for row in nested for value in row]
    sent = data.draw(st.one_of(st.just(nested), st.just(flat), st.lists(VALUE | st.lists(VALUE), max_size=4)))
    shape = data.draw(st.one_of(st.just([rows, 3]), SHAPE))
    tensor = {"name": data.draw(st.sampled_from(["rows", "a", None])), "shape": shape, "data": sent}
    agree(NUMBERS, [tensor | {"datatype": data.draw(DATATYPE)}])


@given(st.data())
def test_a_row_that_is_taken_is_what_the_decoder_reads(data: st.DataObject) -> None:
    inputs: list[Any] = body()["inputs"]  # type: ignore[assignment]
    for tensor in inputs:
        if data.draw(st.booleans()):
            tensor["data"] = data.draw(st.lists(VALUE, max_size=2) | VALUE)
        if data.draw(st.booleans()):
            tensor[data.draw(st.sampled_from(["shape", "datatype", "name"]))] = data.draw(
                SHAPE | DATATYPE | st.just("age")
            )
    agree(MIXED, data.draw(st.permutations(inputs)))


def test_the_requests_of_documentations_are_taken() -> None:
    matrix = {"name": "rows", "shape": [2, 3], "datatype": "FP32", "data": [[0.5, 1, 2], [3, 4, 5.5]]}
    assert agree(NUMBERS, [matrix])
    assert agree(NUMBERS, [matrix | {"data": [0.5, 1, 2, 3, 4, 5.5], "parameters": {"content_type": "np"}}])
    assert agree(MIXED, body()["inputs"])  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, "1", None, [1], 1e39, 10**400])
def test_what_is_no_number_is_refused_with_its_column(value: object) -> None:
    matrix = {"name": "rows", "shape": [2, 3], "datatype": "FP64", "data": [[0.5, 1, 2], [3, value, 5.5]]}
    with pytest.raises(Rejected, match=r"b'|fit shape"):
        Decoder(NUMBERS, max_rows=5).decode(json.dumps({"inputs": [matrix]}).encode(), None)


def test_too_many_rows_are_refused_before_they_are_anything() -> None:
    matrix = {"name": "rows", "shape": [6, 3], "datatype": "FP64", "data": [[1, 2, 3]] * 6}
    with pytest.raises(Rejected, match="6 rows are more than 5"):
        Decoder(NUMBERS, max_rows=5).decode(orjson.dumps({"inputs": [matrix]}), None)


def test_rows_are_the_same_by_feature_and_joined() -> None:
    decoder = Decoder(MIXED, max_rows=5)
    parts: list[Asked] = [decoder.decode(json.dumps(body(rows)).encode(), None) for rows in (1, 2)]
    joined = Packed.join([part.columns for part in parts])
    assert [list(column) for column in joined] == [[39] * 3, [1200.5] * 3, [1] * 3, ["green"] * 3]
    assert joined.rows == 3
