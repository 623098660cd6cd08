"""KServe's protocol, version 1: rows in, one prediction a row out, on the port of V2."""

from __future__ import annotations

import pytest

from tests.unit.serving.artifacts import ROW
from tests.unit.serving.conftest import Running
from tests.unit.serving.talk import ask

PREDICT = "/v1/models/shop:predict"
LISTED = list(ROW.values())


@pytest.mark.parametrize(
    "content",
    [
        {"instances": [LISTED, [60, *LISTED[1:]]]},
        {"inputs": [LISTED, [60, *LISTED[1:]]]},
        {"instances": [ROW, {**ROW, "age": 60.0, "not a feature": 1}]},
        {"signature_name": "serving_default", "instances": [{**ROW, "member": 1}, {**ROW, "age": 60, "member": 0}]},
        {"instances": [{name: [value] for name, value in {**ROW, "age": age}.items()} for age in (39, 60)]},
        {"instances": [{**{name: [value, value] for name, value in ROW.items()}, "age": [39, 60]}]},
        {"instances": [{name: {"7": value} for name, value in {**ROW, "age": age}.items()} for age in (39, 60)]},
        {
            "instances": [
                {
                    "color": {"a": "green", "b": "red"},
                    "income": {"a": 1.0, "b": 1.0},
                    "member": {"b": 1, "a": 1},
                    "age": {"b": 60, "a": 39},
                }
            ]
        },
        {"instances": [[ROW], [{**ROW, "age": 60}]]},
    ],
)
async def test_rows_by_place_or_by_name_are_answered_with_labels(app: Running, content: object) -> None:
    reply = await ask(app.port, "POST", PREDICT, content)
    assert (reply.status, reply.json()["predictions"]) == (200, [0, 1])
    assert reply.headers["mooring-version"] == "shop-v3"


async def test_the_model_is_listed_and_says_whether_it_is_ready(app: Running) -> None:
    assert (await ask(app.port, "GET", "/v1/models")).json() == {"models": ["shop"]}
    assert (await ask(app.port, "GET", "/v1/models/shop")).json() == {"name": "shop", "ready": True}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "the body has no instances"),
        ({"instances": [LISTED], "inputs": [LISTED]}, "instances and inputs; expected instances or inputs, once"),
        ([LISTED], "expected an object with instances"),
        ({"instances": []}, "expected a list of rows, each of 'age', 'income', 'member', 'color'"),
        ({"instances": LISTED}, "instances: row 0 is 39; expected the 4 of"),
        ({"instances": [LISTED[:3]]}, "row 0 has 3 values; expected the 4 of 'age', 'income', 'member', 'color'"),
        ({"instances": [ROW, LISTED]}, "row 1 is [39, 1200.5, True, 'green']; expected an object"),
        ({"instances": [{"age": 1, "income": 1, "member": True}]}, "input 'color': is missing in row 0"),
        ({"instances": [{**ROW, "color": "mauve"}]}, "input 'color': row 0 is 'mauve', a category that training never"),
        ({"instances": [ROW, {**ROW, "age": None}]}, "input 'age': row 1 is null"),
        ({"instances": [{**ROW, "age": "39"}]}, "input 'age': row 0 is '39'"),
        ({"instances": [{**ROW, "age": 39.5}]}, "input 'age': row 0 is 39.5, expected a whole number"),
        ({"instances": [{**ROW, "member": 2}]}, "input 'member': row 0 is 2, expected true, false, 0 or 1"),
        (b'{"instances": [[NaN, 1.0, true, "green"]]}', "input 'age': row 0 is nan"),
        (b"{", "the body is not JSON"),
        ({"instances": [{**ROW, "income": [1.0]}]}, "input 'age': is 39 in instance 0; expected a list, or values by"),
        ({"instances": [{**{name: [value] for name, value in ROW.items()}, "color": []}]}, "input 'color': is []"),
        ({"instances": [{**{name: [value] for name, value in ROW.items()}, "color": {"1": "red"}}]}, "is {'1': 'red'}"),
        ({"instances": [{"age": [1]}, LISTED]}, "instance 1 is [39, 1200.5, True, 'green']; expected columns by name"),
        ({"instances": [[ROW], ROW]}, "instances: instance 1 is {"),
        ({"instances": [{"age": [1], "income": [1.0], "member": [True]}]}, "input 'color': is missing in row 0"),
        (
            {"instances": [{**{name: [value] for name, value in ROW.items()}, "age": [[39]]}]},
            "input 'age': row 0 is [39]",
        ),
    ],
)
async def test_what_is_wrong_is_a_400_that_names_it(app: Running, content: object, said: str) -> None:
    reply = await ask(app.port, "POST", PREDICT, content)
    assert reply.status == 400
    assert said in reply.error


async def test_more_rows_than_the_server_takes_are_a_413(app: Running) -> None:
    assert (await ask(app.port, "POST", PREDICT, {"instances": [LISTED] * 101})).status == 413


async def test_another_model_is_a_404_and_another_method_a_405(app: Running) -> None:
    other = await ask(app.port, "POST", "/v1/models/other:predict", {"instances": [LISTED]})
    assert (other.status, "no model 'other' here" in other.error) == (404, True)
    assert (await ask(app.port, "GET", PREDICT)).status == 405
