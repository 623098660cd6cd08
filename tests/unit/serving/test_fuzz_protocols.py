"""Whatever is sent in any protocol: an answer that is not our failure, and a server that goes on."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.serving.app import build
from mooring.serving.errors import Rejected
from mooring.serving.grpc.codec import Addressed, GrpcDecoder
from mooring.serving.grpc.messages import message
from mooring.serving.v2.decode import Decoder
from tests.unit.serving import artifacts
from tests.unit.serving.artifacts import ROW
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import replies, send

ALLOWED = {200, 400, 413}

names = st.sampled_from([*ROW, "id", "columns", "data", "index", "0"])
scalars = st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.sampled_from(["green", "", "39", "NaN"])
anything = st.recursive(
    scalars | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
row_lists = st.tuples(*(st.just(value) | scalars for value in ROW.values())).map(list)
row_objects = st.fixed_dictionaries({name: st.just(value) | scalars for name, value in ROW.items()})
rows = st.lists(row_lists | row_objects | anything, max_size=4)
columns = st.fixed_dictionaries({name: st.lists(scalars, max_size=3) | anything for name in ROW})
split = st.fixed_dictionaries({}, optional={"columns": st.permutations([*ROW]) | anything, "data": rows | anything})
keys = ("instances", "inputs", "dataframe_records", "dataframe_split", "params")
tables = st.dictionaries(st.sampled_from(keys), rows | columns | split | anything, max_size=2)
lines = st.lists(
    st.lists(st.sampled_from([*ROW, "39", "1.5", "green", "true", "", '"', "1_0", "∞"]), max_size=5), max_size=4
)
texts = lines.map(lambda found: "\n".join(",".join(line) for line in found).encode()) | st.binary(max_size=60)


def post(path: str, content: bytes, content_type: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


VALID = post("/v1/models/shop:predict", json.dumps({"instances": [ROW]}).encode())


async def exchange(raw: bytes) -> bytes:
    app = build(order(maxBatchRows=3, maxBodyBytes=5000), loaded(AgeBackend()), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    try:
        return await send(port, raw)
    finally:
        app.listener.close()


def answered(raw: bytes) -> None:
    first, second = replies(asyncio.run(exchange(raw + VALID)))
    assert first.status in ALLOWED
    assert first.status != 200 or first.json()["predictions"]
    assert first.status == 200 or first.error
    assert second.status == 200


@pytest.mark.parametrize("path", ["/v1/models/shop:predict", "/invocations"])
def test_any_table_is_answered_without_our_failure_and_the_connection_goes_on(path: str) -> None:
    @given(content=tables | anything)
    @settings(max_examples=120, deadline=None)
    def each(content: object) -> None:
        answered(post(path, json.dumps(content).encode()))

    each()


@given(content=texts)
@settings(max_examples=120, deadline=None)
def test_any_csv_is_answered_without_our_failure_and_the_connection_goes_on(content: bytes) -> None:
    answered(post("/invocations", content, "text/csv"))


tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*ROW, "x"]),
        "datatype": st.sampled_from(["INT64", "FP64", "BOOL", "BYTES", "FP16", "UINT8", "?"]),
        "shape": st.lists(st.integers(-1, 3), max_size=3),
        "contents": st.fixed_dictionaries(
            {},
            optional={
                "int64_contents": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
                "fp64_contents": st.lists(st.floats(), max_size=3),
                "bytes_contents": st.lists(st.binary(max_size=3), max_size=3),
                "bool_contents": st.lists(st.booleans(), max_size=3),
            },
        ),
    }
)
asked = st.fixed_dictionaries(
    {"model_name": st.just("shop"), "inputs": st.lists(tensors, max_size=5)},
    optional={
        "raw_input_contents": st.lists(st.binary(max_size=9), max_size=5),
        "outputs": st.lists(st.fixed_dictionaries({"name": st.sampled_from(["label", "x"])}), max_size=2),
    },
)


@given(content=asked.map(lambda fields: message("ModelInferRequest")(**fields).SerializeToString()) | st.binary())
@settings(max_examples=300, deadline=None)
def test_any_grpc_message_is_read_or_refused(content: bytes) -> None:
    assert read(content) in ALLOWED | {404}


def read(content: bytes) -> int:
    """Return the status of what a decoder makes of a message."""
    decoder = GrpcDecoder(Decoder(artifacts.manifest(), 3), Addressed("shop", "shop-v3"))
    try:
        return 200 if 0 < decoder.decode(content, None).rows <= 3 else 500
    except Rejected as problem:
        return problem.status
