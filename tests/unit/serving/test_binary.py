from __future__ import annotations

import json
import struct

import pytest

from tests.unit.serving.artifacts import FEATURES, body
from tests.unit.serving.conftest import Running
from tests.unit.serving.talk import Reply, ask

RAW = {"age": struct.pack("<q", 39), "income": struct.pack("<d", 1.5), "member": b"\1", "color": b"\3\0\0\0red"}


def sent(raw: dict[str, bytes], **sizes: object) -> tuple[bytes, bytes]:
    """A request's JSON and what follows it."""
    inputs = [
        {"name": feature.name, "shape": [1], "datatype": feature.datatype,
         "parameters": {"binary_data_size": sizes.get(feature.name, len(raw[feature.name]))}}
        for feature in FEATURES
    ]  # fmt: skip
    return json.dumps({"inputs": inputs}).encode(), b"".join(raw[feature.name] for feature in FEATURES)


async def infer(app: Running, text: bytes, data: bytes, size: str = "") -> Reply:
    headers = {"inference_header_content_length": size or str(len(text))}
    return await ask(app.port, "POST", "/v2/models/shop/infer", text + data, **headers)


async def test_binary_inputs_are_read_in_their_order(app: Running) -> None:
    assert (await infer(app, *sent(RAW))).status == 200


async def test_a_binary_output_follows_the_json(app: Running) -> None:
    content = {**body(), "outputs": [{"name": "probability", "parameters": {"binary_data": True}}, {"name": "label"}]}
    reply = await ask(app.port, "POST", "/v2/models/shop/infer", content)
    size = int(reply.headers["inference-header-content-length"])
    outputs = json.loads(reply.body[:size])["outputs"]
    assert outputs[0]["parameters"] == {"binary_data_size": 16}
    assert outputs[1]["data"] == [0]
    assert struct.unpack("<2d", reply.body[size:]) == pytest.approx((0.61, 0.39))


@pytest.mark.parametrize(
    ("raw", "sizes", "said"),
    [
        ({**RAW, "age": b"\0" * 7}, {}, "input 'age': 7 bytes are no multiple of the 8 of one INT64"),
        ({**RAW, "age": b"\0" * 16}, {}, "input 'age': shape holds 1 values, and the binary data 2"),
        (RAW, {"color": 100}, "input 'color': binary_data_size is 100, and 7 bytes of data are left"),
        (RAW, {"age": -1}, "input 'age': binary_data_size is -1"),
        (RAW, {"age": "8"}, "input 'age': binary_data_size is '8'"),
        ({**RAW, "color": b"\4\0\0\0red"}, {}, "input 'color': the binary strings are cut off"),
        ({**RAW, "color": b"\3\0"}, {}, "input 'color': the binary strings are cut off"),
        ({**RAW, "color": b"\1\0\0\0\xff"}, {}, "input 'color': row 0 is not UTF-8 text"),
        ({**RAW, "color": b"\1\0\0\0x"}, {}, "a category that training never saw"),
        ({**RAW, "income": struct.pack("<d", float("inf"))}, {}, "input 'income': row 0 is inf"),
    ],
)
async def test_binary_data_that_does_not_fit_is_refused_with_its_input(
    app: Running, raw: dict[str, bytes], sizes: dict[str, object], said: str
) -> None:
    reply = await infer(app, *sent(raw, **sizes))
    assert reply.status == 400
    assert said in reply.error


async def test_data_that_no_input_claims_is_refused(app: Running) -> None:
    text, data = sent(RAW)
    assert "1 bytes of binary data belong to no input" in (await infer(app, text, data + b"x")).error


@pytest.mark.parametrize("size", ["x", "-1", "99999"])
async def test_a_wrong_length_of_the_json_is_refused(app: Running, size: str) -> None:
    assert "Inference-Header-Content-Length is" in (await infer(app, *sent(RAW), size=size)).error


async def test_nan_in_binary_data_is_missing_where_that_is_allowed(app: Running) -> None:
    assert (await infer(app, *sent({**RAW, "income": struct.pack("<d", float("nan"))}))).status == 200
