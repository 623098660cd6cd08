"""V2 over gRPC: the same checks and answers as over REST, asked with the messages of the public definition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from mooring.serving.app import build
from mooring.serving.drain import Patience
from mooring.serving.grpc.messages import SERVICE, message
from mooring.serving.grpc.server import GrpcServer, Service
from mooring.serving.keys import Keys
from tests.unit.serving import artifacts, process
from tests.unit.serving.artifacts import FEATURES, ROW
from tests.unit.serving.conftest import AgeBackend, Real, loaded, order

Call = Callable[..., Awaitable[Any]]
FIELDS = {"INT64": "int64_contents", "FP64": "fp64_contents", "BOOL": "bool_contents", "BYTES": "bytes_contents"}


def caller(channel: grpc.aio.Channel) -> Call:
    """Return calls that wait for a connection: a server that is full for a moment turns connections away."""

    async def call(name: str, asked: object = None, **options: object) -> Any:
        method = channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=lambda sent: sent if isinstance(sent, bytes) else sent.SerializeToString(),
            response_deserializer=message(f"{name}Response").FromString,
        )
        return await method(
            message(f"{name}Request")() if asked is None else asked, timeout=10, **({"wait_for_ready": True} | options)
        )

    return call


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    (tmp_path / "keys").write_text("one")
    app = build(order(maxBatchRows=100), loaded(AgeBackend()), lambda: True, Keys(tmp_path / "keys"))
    refused = app.journal.recorder.refused
    service = Service(order(maxBatchRows=100), artifacts.manifest(), app.endpoint, lambda: True, refused)
    server = GrpcServer(service, 20_000)
    await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        ask = caller(channel)
        yield lambda name, asked=None, **options: ask(
            name, asked, **{"metadata": [("authorization", "Bearer one")], **options}
        )
    await server.drain(Patience(0.0, quiet=0.0, unfinished=0.0))


def typed(rows: int = 1, **changed: list[object]) -> Any:
    """Return a request with its values in the fields of their types."""
    asked = message("ModelInferRequest")(model_name="shop", id="a-1")
    for feature in FEATURES:
        tensor = asked.inputs.add(name=feature.name, datatype=feature.datatype, shape=[rows])
        values = changed.get(feature.name, [ROW[feature.name]] * rows)
        text = feature.datatype == "BYTES"
        getattr(tensor.contents, FIELDS[feature.datatype]).extend([str(v).encode() for v in values] if text else values)
    return asked


def raw(rows: int = 1) -> Any:
    """Return a request with its values as raw bytes, as tritonclient sends them."""
    asked = message("ModelInferRequest")(model_name="shop", model_version="3")
    kinds = {"INT64": "<i8", "FP64": "<f8", "BOOL": "?"}
    for feature in FEATURES:
        asked.inputs.add(name=feature.name, datatype=feature.datatype, shape=[rows])
        if feature.datatype == "BYTES":
            text = str(ROW[feature.name]).encode()
            asked.raw_input_contents.append((len(text).to_bytes(4, "little") + text) * rows)
        else:
            asked.raw_input_contents.append(np.array([ROW[feature.name]] * rows, kinds[feature.datatype]).tobytes())
    return asked


async def test_typed_values_are_answered_with_typed_values(call: Call) -> None:
    answer = await call("ModelInfer", typed(2, age=[39, 60]))
    assert (answer.model_name, answer.model_version, answer.id) == ("shop", "shop-v3", "a-1")
    assert answer.parameters["prediction_id"].string_param
    label, probability = answer.outputs
    assert (label.name, list(label.shape), list(label.contents.int64_contents)) == ("label", [2], [0, 1])
    assert (list(probability.shape), list(probability.contents.fp64_contents)) == ([2, 2], [0.61, 0.39, 0.4, 0.6])


async def test_raw_values_are_answered_with_raw_values(call: Call) -> None:
    answer = await call("ModelInfer", raw(3))
    assert np.frombuffer(answer.raw_output_contents[0], "<i8").tolist() == [0, 0, 0]
    assert np.frombuffer(answer.raw_output_contents[1], "<f8").tolist() == [0.61, 0.39] * 3


async def test_health_and_metadata_are_those_of_rest_and_need_no_key(call: Call) -> None:
    shop = {"name": "shop", "version": "shop-v3"}
    assert (await call("ServerLive", metadata=[])).live
    assert (await call("ServerReady", metadata=[])).ready
    assert (await call("ServerMetadata", metadata=[])).name == "mooring"
    assert (await call("ModelReady", message("ModelReadyRequest")(**shop), metadata=[])).ready
    found = await call("ModelMetadata", message("ModelMetadataRequest")(**shop), metadata=[])
    assert [(t.name, t.datatype, list(t.shape)) for t in found.inputs] == [(f.name, f.datatype, [-1]) for f in FEATURES]
    assert [(t.name, list(t.shape)) for t in found.outputs] == [("label", [-1]), ("probability", [-1, 2])]


def wrong(change: Callable[[Any], object]) -> Any:
    asked = typed()
    change(asked)
    return asked


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (wrong(lambda m: setattr(m, "model_name", "other")), "NOT_FOUND", "no model 'other' here"),
        (wrong(lambda m: setattr(m, "model_version", "2")), "NOT_FOUND", "no version '2' here"),
        (wrong(lambda m: m.inputs.pop()), "INVALID_ARGUMENT", "missing input: 'color'"),
        (wrong(lambda m: m.raw_input_contents.append(b"x")), "INVALID_ARGUMENT", "1 raw_input_contents are sent for 4"),
        (wrong(lambda m: m.outputs.add(name="x")), "INVALID_ARGUMENT", "no output 'x'"),
        (wrong(lambda m: m.inputs[3].contents.bytes_contents.append(b"\xff")), "INVALID_ARGUMENT", "not UTF-8"),
        (wrong(lambda m: setattr(m.inputs[0], "datatype", "FP16")), "INVALID_ARGUMENT", "shape [1] holds 1 values"),
        (typed(color=["mauve"]), "INVALID_ARGUMENT", "'mauve', a category that training never saw"),
        (typed(age=[667]), "INTERNAL", "the pod's log says why"),
        (typed(101), "RESOURCE_EXHAUSTED", "101 rows are more than 100"),
        (b"\xff\xff", "INVALID_ARGUMENT", "no ModelInferRequest"),
    ],
)
async def test_what_is_wrong_has_the_code_and_the_words_of_rest(call: Call, asked: Any, code: str, said: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call("ModelInfer", asked)
    assert (caught.value.code().name, said in (caught.value.details() or "")) == (code, True), caught.value.details()


@pytest.mark.parametrize("name", ["ServerLive", "ModelReady", "ModelMetadata", "ModelInfer"])
async def test_bytes_that_are_no_message_are_the_callers_mistake(
    call: Call, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=f"INVALID_ARGUMENT(.|\n)*the message is no {name}Request"):
        await call(name, b"\xff\xff")
    assert not caplog.records


@pytest.mark.parametrize("metadata", [[], [("authorization", "Bearer two")]])
async def test_predictions_are_for_those_who_show_a_key(call: Call, metadata: list[tuple[str, str]]) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
        await call("ModelInfer", typed(), metadata=metadata)


async def test_an_answer_has_its_prediction_id(call: Call) -> None:
    headers = [("authorization", "Bearer one"), ("x-mooring-role", "canary")]
    one, other = [await call("ModelInfer", typed(), metadata=headers) for _ in range(2)]
    ids = {answer.parameters["prediction_id"].string_param for answer in (one, other)}
    assert {len(identity) for identity in ids} == {44}
    assert len(ids) == 2


async def test_calls_at_once_each_get_their_own_answer(call: Call) -> None:
    answers = await asyncio.gather(*(call("ModelInfer", typed(age=[age])) for age in range(18, 58)))
    assert [answer.outputs[1].contents.fp64_contents[1] for answer in answers] == [age / 100 for age in range(18, 58)]


async def test_a_process_answers_on_its_port_and_ends_at_once_when_told(real: Real, tmp_path: Path) -> None:
    more = {"MOORING_GRPC_PORT": "0", "MOORING_DRAIN_SECONDS": "0"}
    with process.server(real.folder.order(), real.store, tmp_path, **more) as server:
        port = server.wait_for("ready")["grpc_port"]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = await caller(channel)("ModelInfer", typed())
            assert len(answer.outputs) == 2
        server.process.terminate()
        assert server.exit_status() == 0
