"""What is refused before the model is asked is counted too, as the mistake of whose request it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from mooring.ledger.readable import by_field
from mooring.serving.app import App, build
from mooring.serving.drain import Patience
from mooring.serving.grpc.messages import message
from mooring.serving.grpc.server import GrpcServer, Service
from mooring.serving.keys import Keys
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import Reply, ask, connected, replies, send
from tests.unit.serving.test_grpc import caller, typed
from tests.unit.serving.test_http import until

INFER = "/v2/models/shop/infer"
KEY = {"authorization": "Bearer one"}


@dataclass
class Pod:
    app: App
    port: int

    async def infer(self, **headers: str) -> Reply:
        return await ask(self.port, "POST", INFER, artifacts.body(), **KEY, **headers)

    def requests(self, role: str = "stable") -> object:
        ledger = self.app.journal.ledger
        totals = ledger.totals()
        return by_field(totals[role], ledger.layout)["requests"] if role in totals else {}

    def caller_mistakes(self, role: str = "stable") -> int:
        requests = self.requests(role)
        return int(requests["caller"]) if isinstance(requests, dict) and requests else 0


@pytest.fixture
async def pod(tmp_path: Path) -> AsyncIterator[Pod]:
    (tmp_path / "keys").write_text("one")
    app = build(
        order(maxBatchRows=100, maxBodyBytes=20_000), loaded(AgeBackend()), lambda: True, Keys(tmp_path / "keys")
    )
    yield Pod(app, await app.listener.start("127.0.0.1", 0))
    app.listener.close()


LINES = b" HTTP/1.1\r\nx-mooring-role: canary\r\n"
REFUSED = {
    404: b"POST /v2/models/other/infer" + LINES + b"\r\n",
    405: b"GET " + INFER.encode() + LINES + b"\r\n",
    401: b"POST " + INFER.encode() + LINES + b"content-length: 2\r\n\r\n{}",
    413: b"POST / " + LINES[1:] + b"content-length: 20001\r\n\r\n",
    415: b"POST /" + LINES + b"content-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
    431: b"GET /" + LINES + b"x: " + b"y" * 20_000 + b"\r\n\r\n",
    400: b"POST /" + LINES + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("status", REFUSED)
async def test_a_request_that_is_refused_early_is_its_callers_mistake_under_its_role(pod: Pod, status: int) -> None:
    (reply,) = replies(await send(pod.port, REFUSED[status]), "POST")
    assert (reply.status, reply.headers["mooring-role"], reply.headers["mooring-version"]) == (
        status,
        "canary",
        "shop-v3",
    )
    assert pod.requests("canary") == {"ok": 0, "caller": 1, "model": 0, "overload": 0}
    assert set(pod.app.journal.ledger.totals()) == {"canary"}


async def test_a_mistake_that_the_decoder_finds_is_counted_once(pod: Pod) -> None:
    assert (await ask(pod.port, "POST", INFER, b"{", **KEY)).status == 400
    assert pod.requests() == {"ok": 0, "caller": 1, "model": 0, "overload": 0}


async def test_what_cannot_be_read_counts_for_the_role_that_was_served_last(pod: Pod) -> None:
    await send(pod.port, b"nonsense\r\n\r\n")
    assert pod.caller_mistakes("stable") == 1
    await pod.infer(x_mooring_role="canary")
    await send(pod.port, b"nonsense\r\n\r\n")
    assert (pod.caller_mistakes("stable"), pod.caller_mistakes("canary")) == (1, 1)


async def test_a_request_that_does_not_arrive_in_time_is_counted(pod: Pod) -> None:
    async with connected(pod.port) as (reader, writer):
        writer.write(b"POST " + INFER.encode() + LINES + b"content-length: 9\r\n\r\nx")
        await until(lambda: pod.app.listener.busy)
        for connection in tuple(pod.app.listener.connections):
            for _ in range(pod.app.listener.limits.body_seconds + 1):
                connection.age()
        assert replies(await reader.read())[0].status == 408
    assert pod.caller_mistakes("canary") == 1


async def test_a_bug_of_ours_is_counted_as_one(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("mooring.serving.batch.Batcher.submit", fails)
    assert (await pod.infer()).status == 500
    assert pod.requests() == {"ok": 0, "caller": 0, "model": 1, "overload": 0}


async def test_feedback_that_cannot_be_read_is_refused_feedback_and_no_prediction(pod: Pod) -> None:
    assert (await ask(pod.port, "POST", "/v2/models/shop/feedback", b"[]", **KEY)).status == 400
    ledger = pod.app.journal.ledger
    assert by_field(ledger.totals()["stable"], ledger.layout)["feedback"] == [0, 0, 1]
    assert pod.caller_mistakes() == 0


async def test_the_same_is_counted_over_grpc(pod: Pod) -> None:
    app = pod.app
    service = Service(order(), artifacts.manifest(), app.endpoint, lambda: True, app.journal.recorder.refused)
    server = GrpcServer(service, 20_000)
    await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call = caller(channel)
        role = [("x-mooring-role", "canary")]
        key = [*role, ("authorization", "Bearer one")]
        other = message("ModelReadyRequest")(name="other")
        for name, asked, metadata in (
            ("ModelInfer", typed(), role),
            ("ModelInfer", b"\xff", key),
            ("ModelReady", other, role),
        ):
            with pytest.raises(grpc.aio.AioRpcError):
                await call(name, asked, metadata=metadata)
    await server.drain(Patience(0.0, quiet=0.0, unfinished=0.0))
    assert pod.requests("canary") == {"ok": 0, "caller": 3, "model": 0, "overload": 0}


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("path", [INFER, "/v1/models/shop:predict", "/invocations"])
async def test_each_answer_has_an_id_whose_truth_can_be_told_however_many_rows_it_has(
    pod: Pod, path: str, rows: int
) -> None:
    content = artifacts.body(rows) if path == INFER else {"instances": [artifacts.ROW] * rows}
    reply = await ask(pod.port, "POST", path, content, **KEY)
    answer = reply.json()
    found = answer["parameters"]["prediction_id"] if path == INFER else answer["prediction_id"]  # type: ignore[index]
    assert reply.headers.get("mooring-prediction-id", found) == found
    told = await ask(pod.port, "POST", "/v2/models/shop/feedback", {"id": found, "row": rows - 1, "truth": 1}, **KEY)
    assert told.json()["accepted"] == 1


async def test_a_callers_own_id_is_given_back_whole_however_long_it_is(pod: Pod) -> None:
    own = json.dumps({**artifacts.body(), "id": "ü" * 5000}, ensure_ascii=False).encode()
    assert (await ask(pod.port, "POST", INFER, own, **KEY)).json()["id"] == "ü" * 5000
