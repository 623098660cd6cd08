"""Callers over gRPC that are slow, half gone, greedy or no gRPC at all: each is bounded, and others are served."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import grpc
import pytest

from mooring.serving.app import App, build
from mooring.serving.drain import Patience
from mooring.serving.grpc.limits import CallLimits
from mooring.serving.grpc.messages import SERVICE
from mooring.serving.grpc.server import GrpcServer, Service
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import connected
from tests.unit.serving.test_grpc import Call, caller, typed
from tests.unit.serving.test_http import until

LIMITS = CallLimits(calls=8, streams=4, connections=6, message_seconds=0.3, handshake_seconds=1)
MAGIC = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, END_HEADERS, END_STREAM = 4, 1, 4, 1


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def head(name: str) -> bytes:
    """Return the headers of a call, uncompressed."""
    pairs = {":method": "POST", ":scheme": "http", ":path": f"/{SERVICE}/{name}", ":authority": "x",
             "content-type": "application/grpc", "te": "trailers"}  # fmt: skip
    return b"".join(b"\x00%c%b%c%b" % (len(k), k.encode(), len(v), v.encode()) for k, v in pairs.items())


def begun(calls: int, flags: int = 0, name: str = "ModelInfer") -> bytes:
    """Return calls of which nothing but the headers is sent."""
    opened = [frame(HEADERS, END_HEADERS | flags, 2 * number + 1, head(name)) for number in range(calls)]
    return MAGIC + frame(SETTINGS, 0, 0) + b"".join(opened)


@dataclass
class Pod:
    app: App
    port: int

    @property
    def mistakes(self) -> int:
        ledger = self.app.journal.ledger
        totals = ledger.totals()
        return sum(totals["stable"][ledger.layout.slices["callers"]][1::4]) if "stable" in totals else 0


@pytest.fixture
async def pod() -> AsyncIterator[Pod]:
    app = build(order(), loaded(AgeBackend()), lambda: True)
    refused = app.journal.recorder.refused
    service = Service(order(), artifacts.manifest(), app.endpoint, lambda: True, refused, LIMITS)
    server = GrpcServer(service, 20_000)
    await server.start("127.0.0.1", 0)
    yield Pod(app, server.port)
    await server.drain(Patience(0.0, quiet=0.0, unfinished=0.0))


@pytest.fixture
async def call(pod: Pod) -> AsyncIterator[Call]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{pod.port}") as channel:
        yield caller(channel)


@contextmanager
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert "Traceback" not in capfd.readouterr().err


async def test_calls_whose_message_never_comes_leave_room_for_others_and_are_ended(pod: Pod, call: Call) -> None:
    async with connected(pod.port) as (_, writer):
        writer.write(begun(100))
        assert len((await call("ModelInfer", typed())).outputs) == 2
        await until(lambda: pod.mistakes >= LIMITS.streams)


async def test_a_call_without_a_message_is_refused(pod: Pod, call: Call) -> None:
    async with connected(pod.port) as (_, writer):
        writer.write(begun(3, END_STREAM))
        await until(lambda: pod.mistakes == 3)
    assert (await call("ServerLive")).live


async def test_callers_who_are_gone_leave_nothing_behind(
    pod: Pod, call: Call, capfd: pytest.CaptureFixture[str]
) -> None:
    with quiet(capfd):
        for _ in range(20):
            async with connected(pod.port) as (_, writer):
                writer.write(begun(3))
                await writer.drain()
        for _ in range(20):
            asking = asyncio.ensure_future(call("ModelInfer", typed()))
            await asyncio.sleep(0)
            asking.cancel()
            with suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await asking
        assert len((await call("ModelInfer", typed())).outputs) == 2


@pytest.mark.parametrize("first", [b"", MAGIC, MAGIC + frame(SETTINGS, 0, 0)])
async def test_bytes_that_are_no_calls_end_their_connection_and_no_other(pod: Pod, call: Call, first: bytes) -> None:
    at = random.Random(0)
    for _ in range(30):
        async with connected(pod.port) as (reader, writer):
            writer.write(first + at.randbytes(at.randrange(10, 200)))
            writer.write_eof()
            with suppress(ConnectionError):
                await reader.read()
    assert len((await call("ModelInfer", typed())).outputs) == 2


async def test_a_silent_connection_is_ended(pod: Pod) -> None:
    async with connected(pod.port) as (reader, _):
        while await reader.read(1 << 16):
            pass


async def test_more_connections_than_there_may_be_are_turned_away(pod: Pod, call: Call) -> None:
    assert (await call("ServerLive")).live
    opened = [await asyncio.open_connection("127.0.0.1", pod.port) for _ in range(LIMITS.connections - 1)]
    async with connected(pod.port) as (reader, writer):
        writer.write(begun(1, name="ServerLive"))
        with suppress(ConnectionError):
            assert await reader.read() == b""
    assert (await call("ServerLive")).live
    for _, writer in opened:
        writer.close()


async def test_a_message_beyond_the_limit_and_endless_metadata_are_refused_by_name(call: Call) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="RESOURCE_EXHAUSTED"):
        await call("ModelInfer", b"x" * 30_000)
    with pytest.raises(grpc.aio.AioRpcError, match="RESOURCE_EXHAUSTED"):
        await call("ModelInfer", typed(), metadata=[("x-mooring-caller", "y" * 40_000)])
    assert len((await call("ModelInfer", typed())).outputs) == 2
