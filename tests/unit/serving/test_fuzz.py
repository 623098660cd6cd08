"""Whatever is sent: an answer that is not our failure, an end, and a server that goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.serving.app import build
from tests.unit.serving.artifacts import body
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import replies, send

PATH = b"/v2/models/shop/infer"
ALLOWED = {200, 400, 404, 405, 408, 413, 414, 415, 431}


def request(content: bytes, *headers: bytes) -> bytes:
    head = [b"POST " + PATH + b" HTTP/1.1", b"host: x", b"content-length: %d" % len(content), *headers]
    return b"\r\n".join([*head, b"", b""]) + content


VALID = request(json.dumps(body()).encode())


async def exchange(*parts: bytes) -> bytes:
    app = build(order(maxBatchRows=10, maxBodyBytes=5000), loaded(AgeBackend()), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    try:
        return await send(port, *parts)
    finally:
        app.listener.close()


words = st.sampled_from(
    ["inputs", "outputs", "name", "shape", "datatype", "data", "id", "parameters", "age", "color", "label", "FP64",
     "BYTES", "binary_data", "binary_data_size", "green"]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, object]:
    """A valid request with a few of its parts replaced by anything."""
    content: dict[str, object] = {**body(draw(st.integers(1, 3))), "id": "x", "outputs": [{"name": "label"}]}
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    for _ in range(draw(st.integers(1, 3))):
        target = draw(st.sampled_from([content, *(tensor for tensor in inputs if isinstance(tensor, dict))]))
        target[draw(st.sampled_from(sorted(target)))] = draw(values)
    return content


@given(content=spoilt() | values, size=st.none() | st.integers(-1, 400))
@settings(max_examples=150, deadline=None)
def test_any_json_is_answered_without_our_failure_and_the_connection_goes_on(content: object, size: int | None) -> None:
    headers = [] if size is None else [b"inference-header-content-length: %d" % size]
    first, second = replies(asyncio.run(exchange(request(json.dumps(content).encode(), *headers) + VALID)))
    assert first.status in ALLOWED
    assert first.status == 200 or first.error
    assert second.status == 200


pieces = st.binary(max_size=6) | st.sampled_from([b"\r\n", b"\r\n\r\n", b": "])


@st.composite
def garbled(draw: st.DrawFn) -> Sequence[bytes]:
    """Valid requests with bytes put in and taken out, in pieces."""
    raw = bytearray(VALID * draw(st.integers(1, 2)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 6))] = draw(
            st.binary(max_size=6) | st.sampled_from([b"\r\n", b"\r\n\r\n", b": "])
        )
    cut = draw(st.integers(0, len(raw)))
    return bytes(raw[:cut]), bytes(raw[cut:])


@given(parts=garbled() | st.tuples(st.binary(max_size=200)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_answered_without_our_failure_and_come_to_an_end(parts: Sequence[bytes]) -> None:
    assert {reply.status for reply in replies(asyncio.run(exchange(*parts)))} <= ALLOWED
