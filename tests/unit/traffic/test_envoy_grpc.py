"""gRPC through the real Envoy: divided, shadowed and counted as HTTP is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest

from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.conftest import CANARY, STABLE
from tests.unit.traffic.proxy import Proxy, eventually, free_port, proxy

METHOD = "/inference.GRPCInferenceService/ModelInfer"
ANSWERS = "/inference.GRPCInferenceService/ModelReady"
Told = list[tuple[str, str, dict[str, str]]]


@pytest.fixture
async def servers() -> AsyncIterator[tuple[dict[str, int], Told]]:
    """A gRPC server for each arm; the list is of (arm, method, metadata) of every call."""
    told: Told = []
    running, ports = [], {}
    for arm in (STABLE, CANARY):
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((_Arm(arm, told),))
        ports[arm] = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        running.append(server)
    yield ports, told
    for server in running:
        await server.stop(None)


class _Arm(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc is not annotated
    def __init__(self, arm: str, told: Told) -> None:
        self.arm, self.told = arm, told

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        metadata = {str(key): str(value) for key, value in details.invocation_metadata}
        self.told.append((self.arm, details.method, metadata))

        async def answer(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
            return self.arm.encode()

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def envoy(servers: tuple[dict[str, int], Told], tmp_path: Path) -> Iterator[Proxy]:
    dead = {STABLE: free_port(), CANARY: free_port()}
    with proxy(tmp_path / "envoy", dead, Split(STABLE, CANARY), servers[0]) as running:
        yield running


async def ask(envoy: Proxy, count: int, method: str = METHOD, **metadata: str) -> list[str]:
    headers = tuple((name.replace("_", "-"), value) for name, value in metadata.items())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{envoy.places.grpc}") as channel:
        call = channel.unary_unary(method)
        return [(await call(b"", metadata=headers, timeout=10)).decode() for _ in range(count)]


async def test_calls_are_divided_shadowed_and_counted(envoy: Proxy, servers: tuple[dict[str, int], Told]) -> None:
    told = servers[1]
    await asyncio.to_thread(envoy.apply, Split(STABLE, CANARY, 50))
    answered = Counter(await ask(envoy, 200))
    assert set(answered) == {STABLE, CANARY}
    assert {(arm, metadata["x-mooring-role"]) for arm, _, metadata in told} == {(STABLE, "stable"), (CANARY, "canary")}
    counts = (await asyncio.to_thread(envoy.reading)).counts
    assert {arm: count.requests for arm, count in counts.items()} == answered
    assert await ask(envoy, 1, x_mooring_role="canary") == [CANARY]

    await asyncio.to_thread(envoy.apply, Split(STABLE, CANARY, shadow_percent=100))
    told.clear()
    assert set(await ask(envoy, 20)) == {STABLE}
    assert set(await ask(envoy, 20, ANSWERS)) == {STABLE}
    await asyncio.to_thread(eventually, lambda: len(told) == 60)
    shadowed = [(method, metadata["x-mooring-role"]) for arm, method, metadata in told if arm == CANARY]
    assert shadowed == [(METHOD, "shadow")] * 20


async def test_an_arm_without_grpc_is_not_asked_so(envoy: Proxy) -> None:
    envoy.grpc_ports = {STABLE: envoy.grpc_ports[STABLE]}
    await asyncio.to_thread(envoy.apply, Split(STABLE, CANARY, 90))
    assert set(await ask(envoy, 20)) == {STABLE}
