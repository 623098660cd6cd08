"""The end of a pod that answers gRPC: calls in flight are waited for, and clients with kept connections lose none."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from mooring.serving.app import build
from mooring.serving.backends import Column, Output
from mooring.serving.drain import Patience
from mooring.serving.grpc.server import GrpcServer, Service
from tests.unit.serving import artifacts, process
from tests.unit.serving.conftest import AgeBackend, Real, loaded, order
from tests.unit.serving.talk import ask
from tests.unit.serving.test_grpc import caller, typed


class Held(AgeBackend):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let = threading.Event(), threading.Event()

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        self.asked.set()
        assert self.let.wait(20)
        return super().predict(columns)


async def test_a_call_in_flight_is_answered_though_the_time_is_over() -> None:
    backend = Held()
    app = build(order(), loaded(backend, seconds=1.0), lambda: True)
    refused = app.journal.recorder.refused
    server = GrpcServer(Service(order(), artifacts.manifest(), app.endpoint, lambda: True, refused), 20_000)
    await server.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        asking = asyncio.ensure_future(caller(channel)("ModelInfer", typed()))
        assert await asyncio.to_thread(backend.asked.wait, 20)
        ending = asyncio.ensure_future(server.drain(Patience(0.0, quiet=0.0, unfinished=20.0)))
        done, _ = await asyncio.wait([ending], timeout=0.3)
        assert not done
        backend.let.set()
        assert len((await asking).outputs) == 2
        await ending
    app.listener.close()


@dataclass
class Crossing:
    """A Service as the kernel makes one of it: a new connection goes where it leads now, and stays there."""

    leads_to: int
    port: int = 0
    connections: Counter[int] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections[self.leads_to] += 1
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.leads_to)
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def crossing(leads_to: int) -> AsyncIterator[Crossing]:
    found = Crossing(leads_to)
    server = await asyncio.start_server(found.carry, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@dataclass
class Client:
    """One connection for all its calls, as clients of gRPC have; what fails is asked no second time."""

    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    over: bool = False

    async def ask(self, call: Any) -> None:
        while not self.over:
            try:
                answer = await call("ModelInfer", typed())
                self.answered[answer.model_version] += 1
            except grpc.aio.AioRpcError as error:
                self.lost.append(f"{error.code().name}: {error.details()}")

    async def until(self, version: str, more: int) -> None:
        enough = self.answered[version] + more
        async with asyncio.timeout(30):
            while self.answered[version] < enough and not self.lost:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_pod_that_ends_under_load_loses_no_call(real: Real, tmp_path: Path) -> None:
    settings = {"MOORING_GRPC_PORT": "0", "MOORING_DRAIN_SECONDS": "2"}
    with (
        process.server(real.folder.order("shop-v2"), real.store, tmp_path, **settings) as old,
        process.server(real.folder.order("shop-v3"), real.store, tmp_path, **settings) as new,
    ):
        first, second = [await asyncio.to_thread(server.wait_for, "ready") for server in (old, new)]
        client = Client()
        async with (
            crossing(int(str(first["grpc_port"]))) as service,
            grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel,
        ):
            tasks = [asyncio.ensure_future(client.ask(caller(channel))) for _ in range(4)]
            await client.until("shop-v2", 100)
            old.process.terminate()
            await asyncio.to_thread(old.wait_for, "draining")
            assert (await ask(int(str(first["admin_port"])), "GET", "/readyz")).status == 503
            assert not (await caller(channel)("ServerReady")).ready
            await client.until("shop-v2", 50)  # those who route have not heard of it yet
            service.leads_to = int(str(second["grpc_port"]))
            await client.until("shop-v3", 100)
            assert await asyncio.to_thread(old.exit_status) == 0
            client.over = True
            await asyncio.gather(*tasks)
    assert client.lost == []


async def test_a_connection_is_asked_to_end_and_no_call_is_lost_by_it() -> None:
    app = build(order(), loaded(AgeBackend()), lambda: True)
    service = Service(order(), artifacts.manifest(), app.endpoint, lambda: True, app.journal.recorder.refused)
    server = GrpcServer(service, 20_000, connection_seconds=0.2)
    await server.start("127.0.0.1", 0)
    client = Client()
    async with (
        crossing(server.port) as way,
        grpc.aio.insecure_channel(f"127.0.0.1:{way.port}") as channel,
        asyncio.timeout(20),
    ):
        task = asyncio.ensure_future(client.ask(caller(channel)))
        while way.connections[server.port] < 4 and not client.lost:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        client.over = True
        await task
    await server.drain(Patience(0.0, quiet=0.0, unfinished=1.0))
    app.listener.close()
    assert client.lost == []
    assert client.answered["shop-v3"] > 10


async def test_a_call_under_way_keeps_a_pod_from_ending_early_and_nobody_else_does() -> None:
    app = build(order(), loaded(AgeBackend()), lambda: True)
    service = Service(order(), artifacts.manifest(), app.endpoint, lambda: True, app.journal.recorder.refused)
    server = GrpcServer(service, 20_000)
    await server.start("127.0.0.1", 0)
    ending = asyncio.ensure_future(server.drain(Patience(1000.0, quiet=0.2)))
    with server.calls:
        done, _ = await asyncio.wait([ending], timeout=0.4)
        assert not done
    with server.calls:
        pass
    async with asyncio.timeout(20):
        await ending
    assert asyncio.get_running_loop().time() >= server.calls.last + 0.2
    app.listener.close()
