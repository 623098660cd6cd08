from __future__ import annotations

import json
import math

import pytest

from mooring.serving.errors import Rejected
from mooring.serving.v2.decode import Asked, Decoder
from tests.unit.serving import artifacts
from tests.unit.serving.artifacts import body

Request = dict[str, object]


def decode(content: object, *, raw: bytes = b"") -> Asked:
    return Decoder(artifacts.manifest(), max_rows=5).decode(raw or json.dumps(content).encode(), None)


def refusal(content: object, *, raw: bytes = b"", status: int = 400) -> str:
    with pytest.raises(Rejected) as refused:
        decode(content, raw=raw)
    assert refused.value.status == status
    return refused.value.message


def tensor(name: str, **changed: object) -> dict[str, object]:
    return {"name": name, "shape": [1], "datatype": "INT64", "data": [1], **changed}


def replaced(name: str, **changed: object) -> Request:
    """A valid request but for one tensor."""
    content = body()
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    return {"inputs": [{**sent, **changed} if sent["name"] == name else sent for sent in inputs]}


def numbers_only() -> Decoder:
    manifest = artifacts.manifest()
    return Decoder(manifest.model_copy(update={"features": manifest.features[:3]}), max_rows=5)


def test_one_tensor_a_feature_is_read_in_the_models_order() -> None:
    content = body(2)
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    inputs.reverse()
    asked = decode({**content, "id": "a", "parameters": {"x": 1}})
    assert (asked.id, asked.rows) == ("a", 2)
    assert [list(column) for column in asked.columns] == [[39, 39], [1200.5, 1200.5], [1, 1], ["green", "green"]]


@pytest.mark.parametrize(("shape", "data"), [([2], [1, 2]), ([2, 1], [1, 2]), ([2, 1], [[1], [2]])])
def test_a_column_may_be_nested_or_flat(shape: list[int], data: list[object]) -> None:
    content = body(2)
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    inputs[0] = tensor("age", shape=shape, data=data)
    assert list(decode(content).columns[0]) == [1, 2]


@pytest.mark.parametrize("data", [[1, 2.5, 0, 3, 4.5, 1], [[1, 2.5, 0], [3, 4.5, 1]]])
def test_one_tensor_may_hold_every_feature_row_by_row(data: list[object]) -> None:
    content = {"inputs": [{"name": "rows", "shape": [2, 3], "datatype": "FP64", "data": data}]}
    asked = numbers_only().decode(json.dumps(content).encode(), None)
    assert [list(column) for column in asked.columns] == [[1, 3], [2.5, 4.5], [0, 1]]


def test_one_tensor_of_numbers_cannot_hold_text() -> None:
    content = {"inputs": [{"name": "rows", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 1, 3]}]}
    assert refusal(content) == "input 'color': is sent as FP64, and a string is wanted: send it as BYTES"


def test_one_tensor_with_a_wrong_number_of_columns_is_told_the_features() -> None:
    content = {"inputs": [{"name": "rows", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}
    said = "input 'rows': has 2 columns; expected the 4 features 'age', 'income', 'member', 'color', in this order"
    assert refusal(content) == said


def test_null_is_nan_for_a_feature_that_may_be_missing() -> None:
    assert math.isnan(float(str(decode(body(income=[None])).columns[1][0])))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "the body is []; expected an object with inputs"),
        ({}, "inputs is None; expected a list with one tensor for each of 'age', 'income', 'member', 'color'"),
        ({"inputs": []}, "inputs is []; expected a list"),
        ({"inputs": [1]}, "inputs: 1 is no tensor"),
        ({"inputs": [{"name": ["age"]}]}, "a tensor's name is ['age']"),
        ({**body(), "id": 7}, "id is 7; expected a string"),
        ({"inputs": [tensor("aeg")]}, "input 'aeg': the model has no feature of this name; did you mean 'age'?"),
        ({"inputs": [tensor("zzz")]}, "'zzz': the model has no feature of this name; expected 'age', 'income'"),
        ({"inputs": [tensor("age"), tensor("age")]}, "input 'age': is sent twice"),
        ({"inputs": [tensor("age"), tensor("member")]}, "missing inputs: 'income', 'color'"),
        (replaced("age", datatype="INT"), "input 'age': datatype is 'INT'; expected one of BOOL, BYTES"),
        (replaced("age", datatype="FP64", data=[39.5]), "input 'age': row 0 is 39.5, expected a whole number"),
        (replaced("age", data=[39.0]), "input 'age': row 0 is 39.0, which is no INT64"),
        (replaced("age", shape=None), "input 'age': shape is None; expected [rows] or [rows, columns]"),
        (replaced("age", shape=[True]), "input 'age': shape is [True]"),
        (replaced("age", shape=[-1]), "input 'age': shape is [-1]"),
        (replaced("age", shape=[1, 1, 1]), "input 'age': shape is [1, 1, 1]"),
        (replaced("age", shape=[0], data=[]), "input 'age': shape is [0], which holds no rows"),
        (replaced("age", shape=[1], data=[1, 2]), "input 'age': shape [1] holds 1 values, and data 2"),
        (replaced("age", data=None), "input 'age': data is None; expected a list of 1 values"),
        (replaced("age", data="39"), "input 'age': data is '39'"),
        (replaced("color", shape=[2], data=["red", "red"]), "input 'color': shape is [2]; expected [1]"),
        (replaced("age", shape=[1, 2], data=[1, 2]), "input 'age': shape is [1, 2]; expected [1]"),
        (replaced("age", shape=[2, 1], data=[[1], [2, 3]]), "input 'age': row 1 of the nested data does not fit"),
        (replaced("age", shape=[1], data=[[1]]), "input 'age': row 0 is [1]"),
        (replaced("age", parameters={"shared_memory_region": "x"}), "shared_memory_region is not offered"),
        (replaced("age", parameters={"binary_data_size": 8}), "needs the header Inference-Header-Content-Length"),
        ({**body(), "outputs": [{"name": "lable"}]}, "the model has no output 'lable'; did you mean 'label'?"),
        ({**body(), "outputs": ["x"]}, "expected 'label', 'probability'"),
        ({**body(), "outputs": [{"name": "label"}] * 2}, "asked for twice"),
        ({**body(), "outputs": 3}, "outputs is 3"),
        (
            {**body(), "outputs": [{"name": "label", "parameters": {"classification": 2}}]},
            "classification is not offered",
        ),
        (body(color=["orange"]), "input 'color': row 0 is 'orange', a category that training never saw"),
    ],
)
def test_a_mistake_is_refused_with_the_input_and_what_was_expected(content: object, said: str) -> None:
    assert said in refusal(content)


def test_more_rows_than_allowed_are_refused_with_413() -> None:
    assert "6 rows are more than 5 (maxBatchRows)" in refusal(body(6), status=413)


@pytest.mark.parametrize("raw", [b"\xff", b"{", b"[" * 5000, b'{"inputs": 1e999}', b'{"a": NaN}'])
def test_what_is_not_json_is_refused_as_that(raw: bytes) -> None:
    assert refusal(None, raw=raw).startswith(("the body is not JSON", "inputs is"))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused_with_its_column(number: str) -> None:
    raw = json.dumps(replaced("age", datatype="FP64", data=["?"])).replace('"?"', number).encode()
    assert refusal(None, raw=raw).startswith("input 'age': row 0 is")


def test_nan_for_a_feature_that_may_be_missing_is_refused_with_a_hint_at_null() -> None:
    raw = json.dumps(replaced("income", data=["?"])).replace('"?"', "NaN").encode()
    assert "a missing value is written null" in refusal(None, raw=raw)
