"""MLflow's scoring server: each of its forms of a table, on the port of V2."""

from __future__ import annotations

import pytest

import mooring
from tests.unit.serving.artifacts import ROW
from tests.unit.serving.conftest import Running
from tests.unit.serving.talk import ask

LISTED = list(ROW.values())
OLDER = [60, *LISTED[1:]]
COLUMNS = {name: [value, value] for name, value in ROW.items()}


@pytest.mark.parametrize(
    "content",
    [
        {"dataframe_split": {"columns": list(ROW), "data": [LISTED, OLDER]}},
        {"dataframe_split": {"index": [0, 1], "columns": ["id", *ROW], "data": [["x", *LISTED], ["y", *OLDER]]}},
        {"dataframe_split": {"columns": list(ROW)[::-1], "data": [LISTED[::-1], OLDER[::-1]]}},
        {"dataframe_split": {"data": [LISTED, OLDER]}},
        {"dataframe_records": [ROW, {**ROW, "age": 60}], "params": {"temperature": 0}},
        {"instances": [LISTED, OLDER]},
        {"instances": [ROW, {**ROW, "age": 60}]},
        {"inputs": [LISTED, OLDER]},
        {"inputs": {**COLUMNS, "age": [39, 60]}},
        {"inputs": {**COLUMNS, "age": [[39], [60]], "income": [None, 1]}},
    ],
)
async def test_each_form_of_a_table_is_answered_with_labels(app: Running, content: object) -> None:
    reply = await ask(app.port, "POST", "/invocations", content, content_type="application/json")
    assert (reply.status, reply.json()["predictions"]) == (200, [0, 1])


@pytest.mark.parametrize(
    "text",
    [
        "age,income,member,color\n39,1200.5,true,green\n60,,False,red\n",
        '\ufeffid,color,age,income,member\r\n7,"green",39,NaN,1\r\n8,red,60.0,1e3,0\r\n',
    ],
)
async def test_csv_is_read_by_its_names(app: Running, text: str) -> None:
    reply = await ask(app.port, "POST", "/invocations", text.encode(), content_type="text/csv; charset=utf-8")
    assert (reply.status, reply.json()["predictions"]) == (200, [0, 1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "expected exactly one of dataframe_split, dataframe_records, instances, inputs"),
        ({"inputs": [LISTED], "instances": [LISTED]}, "the body has instances and inputs; expected exactly one of"),
        ([ROW], "expected an object with one of"),
        ({"dataframe_split": [LISTED]}, "expected an object with columns and data"),
        ({"dataframe_split": {"columns": list(ROW), "data": [LISTED[:2]]}}, "row 0 has 2 values; expected the 4 of"),
        ({"dataframe_split": {"columns": ["age", "age"], "data": [[1, 2]]}}, "expected each name once"),
        ({"dataframe_split": {"columns": list(ROW)[:3], "data": [LISTED[:3]]}}, "missing column: 'color'"),
        ({"dataframe_records": [LISTED]}, "expected a list of objects"),
        ({"dataframe_records": [{**ROW, "color": None}]}, "input 'color': row 0 is null"),
        ({"inputs": {**COLUMNS, "age": [1]}}, "input 'income': has 2 rows, and 'age' has 1"),
        ({"inputs": {**COLUMNS, "age": 1}}, "input 'age': is 1; expected a list of values"),
        ({"inputs": 3}, "inputs is 3; expected a list of rows"),
    ],
)
async def test_what_is_wrong_is_a_400_that_names_it(app: Running, content: object, said: str) -> None:
    reply = await ask(app.port, "POST", "/invocations", content)
    assert reply.status == 400
    assert said in reply.error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the CSV has no rows"),
        (b"age,income,member,color\n", "the CSV has no rows"),
        (b"age,income,member,color\n39,1\n", "row 0 of the CSV has 2 values, and 4 names"),
        (b"age,income,member,color\nold,1,1,red\n", "input 'age': the CSV has 'old'; expected a number"),
        (b"age,income,member,color\n39,1,1,\n", "input 'color': row 0 is null"),
        (b"\xff\xfe", "the body is not CSV in UTF-8"),
        (b'age,"in\n', "the body is not CSV"),
    ],
)
async def test_what_is_wrong_in_csv_is_named_too(app: Running, text: bytes, said: str) -> None:
    reply = await ask(app.port, "POST", "/invocations", text, content_type="text/csv")
    assert reply.status == 400
    assert said in reply.error


async def test_health_and_version_are_told(app: Running) -> None:
    assert [(await ask(app.port, "GET", path)).status for path in ("/ping", "/health")] == [200, 200]
    assert (await ask(app.port, "GET", "/version")).body.decode() == mooring.__version__
