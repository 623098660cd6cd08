"""What a router says of a request counts, whatever becomes of the request and whichever protocol it comes by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import pytest

from mooring.serving.app import App, build
from mooring.serving.drain import Patience
from mooring.serving.grpc.server import GrpcServer, Service
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import ask
from tests.unit.serving.test_grpc import Call, caller, typed

INFER = "/v2/models/shop/infer"
TESTER = {"x_mooring_role": "canary", "x_mooring_override": "1"}


@dataclass
class Pod:
    app: App
    port: int
    call: Call

    def roles(self) -> set[str]:
        return set(self.app.journal.ledger.totals())


@pytest.fixture
async def pod() -> AsyncIterator[Pod]:
    app = build(order(), loaded(AgeBackend()), lambda: True)
    service = Service(order(), artifacts.manifest(), app.endpoint, lambda: True, app.journal.recorder.refused)
    server = GrpcServer(service, 20_000)
    await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Pod(app, await app.listener.start("127.0.0.1", 0), caller(channel))
    await server.drain(Patience(0.0, quiet=0.0, unfinished=0.0))
    app.listener.close()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (INFER, artifacts.body(), 200),
        ("/v1/models/shop:predict", {"instances": [artifacts.ROW]}, 200),
        ("/invocations", {"instances": [artifacts.ROW]}, 200),
        (INFER, {"inputs": []}, 400),
        (INFER, artifacts.body(age=[667]), 500),
    ],
)
async def test_a_tester_is_kept_out_of_every_count_that_is_judged(
    pod: Pod, path: str, body: object, status: int
) -> None:
    reply = await ask(pod.port, "POST", path, body, content_type="application/json", **TESTER)
    assert (reply.status, reply.headers["mooring-role"]) == (status, "tester")
    assert pod.roles() == {"tester"}


async def test_the_truth_of_a_testers_prediction_is_the_testers(pod: Pod) -> None:
    reply = await ask(pod.port, "POST", INFER, artifacts.body(), **TESTER)
    told = {"id": reply.headers["mooring-prediction-id"], "truth": 1}
    # Whoever tells it: the id says as whom the prediction was asked for.
    answer = await ask(pod.port, "POST", "/v2/models/shop/feedback", told, x_mooring_role="stable")
    assert answer.json()["accepted"] == 1
    assert pod.roles() == {"tester"}


@pytest.mark.parametrize(
    ("metadata", "role"),
    [
        ([], "stable"),
        ([("x-mooring-role", "canary")], "canary"),
        ([("x-mooring-role", "canary"), ("x-mooring-override", "1")], "tester"),
    ],
)
async def test_a_call_of_grpc_counts_for_the_role_in_its_metadata(
    pod: Pod, metadata: list[tuple[str, str]], role: str
) -> None:
    await pod.call("ModelInfer", typed(), metadata=metadata)
    assert pod.roles() == {role}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await pod.call("ModelInfer", typed(age=[667]), metadata=metadata)
    assert ("mooring-role", role) in tuple(refused.value.trailing_metadata())
    assert pod.roles() == {role}
