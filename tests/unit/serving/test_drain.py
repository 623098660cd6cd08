from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mooring.serving.drain import Patience, drain
from mooring.serving.http import Heads, Limits, Listener, Request
from tests.unit.serving.talk import connected

GET = b"GET / HTTP/1.1\r\n\r\n"


class Slow:
    def __init__(self) -> None:
        self.asked: asyncio.Queue[Request] = asyncio.Queue()

    def __call__(self, request: Request) -> None:
        self.asked.put_nowait(request)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Listener, Slow, int]]:
    slow = Slow()
    listener = Listener(slow, Heads(), Limits())
    yield listener, slow, await listener.start("127.0.0.1", 0)
    listener.close()


async def test_without_connections_it_is_over_after_a_quiet_while(served: tuple[Listener, Slow, int]) -> None:
    async with asyncio.timeout(10):
        await drain(served[0], Patience(1000, quiet=0.01))


async def test_a_request_in_flight_is_answered_though_the_time_is_over(served: tuple[Listener, Slow, int]) -> None:
    listener, slow, port = served
    async with connected(port) as (reader, writer):
        writer.write(GET)
        request = await slow.asked.get()
        ending = asyncio.ensure_future(drain(listener, Patience(0.0, unfinished=1000)))
        done, _ = await asyncio.wait([ending], timeout=0.3)
        assert not done
        request.answer(Heads().get(), b"late")
        assert (await reader.read()).endswith(b"late")
        await ending


async def test_an_idle_connection_is_served_once_more_before_it_is_closed(served: tuple[Listener, Slow, int]) -> None:
    listener, slow, port = served
    async with connected(port) as (reader, writer):
        writer.write(GET)
        (await slow.asked.get()).answer(Heads().get(), b"one")
        assert await reader.readuntil(b"one")
        ending = asyncio.ensure_future(drain(listener, Patience(1000, quiet=0.01)))
        await asyncio.sleep(0)
        writer.write(GET)
        (await slow.asked.get()).answer(Heads().get(), b"two")
        answer = await reader.read()
        assert b"connection: close" in answer
        assert answer.endswith(b"two")
        writer.close()
        await ending


async def test_a_client_that_never_asks_again_does_not_hold_the_end_up(served: tuple[Listener, Slow, int]) -> None:
    listener, _, port = served
    async with connected(port) as (reader, _):
        await drain(listener, Patience(0.05))
        assert await reader.read() == b""
