"""Clients that are slow, silent, greedy or half gone, by real sockets on the real process' loop: each is bounded."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import uvloop

from mooring.serving.http import Heads, Limits, Listener, Request
from tests.unit.serving.talk import connected, replies
from tests.unit.serving.test_http import until

LIMITS = Limits(
    body_bytes=1 << 20,
    bodies_bytes=1 << 20,
    connections=4,
    pipelined=8,
    unread_bytes=16 << 20,
    head_seconds=1,
    body_seconds=1,
    silent_seconds=1,
    stalled_seconds=1,
    linger_seconds=1,
)
GET = b"GET / HTTP/1.1\r\n\r\n"
PAGE = b"x" * 8000
DEADLINE = 20.0


@dataclass
class Server:
    port: int
    listener: Listener
    asked: list[bytes] = field(default_factory=list)

    async def is_well(self) -> None:
        """Wait until nothing is left of earlier clients, and one more is answered."""
        await until(lambda: not self.listener.connections)
        assert (self.listener.unread, self.listener.arriving.bytes) == (0, 0)
        async with connected(self.port) as (reader, writer):
            writer.write(GET)
            assert (await reader.readuntil(PAGE)).startswith(b"HTTP/1.1 200")


def serve(scenario: Callable[[Server], Awaitable[None]]) -> None:
    async def run() -> None:
        heads, asked = Heads(), []

        def answer(request: Request) -> None:
            asked.append(request.path)
            request.answer(heads.get(), PAGE)

        listener = Listener(answer, heads, LIMITS)
        server = Server(await listener.start("127.0.0.1", 0), listener, asked)
        async with asyncio.timeout(DEADLINE):
            await scenario(server)
            await server.is_well()
        listener.close()

    uvloop.run(run())


@pytest.mark.parametrize(
    "begin",
    [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"POST / HTTP/1.1\r\ncontent-length: 99999\r\n\r\n",
     b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5000\r\n"],
)  # fmt: skip
def test_a_request_that_trickles_in_is_ended_though_its_client_never_pauses(begin: bytes) -> None:
    async def scenario(server: Server) -> None:
        async with connected(server.port) as (reader, writer):
            writer.write(begin)
            answer = asyncio.ensure_future(reader.read())
            with suppress(ConnectionError):
                while not answer.done():
                    writer.write(b"y")
                    await asyncio.wait([answer], timeout=0.02)
            assert replies(await answer)[0].status == 408

    serve(scenario)


@pytest.mark.parametrize("said", [b"", b"\r\n" * 5])
def test_a_client_that_says_nothing_is_left(said: bytes) -> None:
    async def scenario(server: Server) -> None:
        async with connected(server.port) as (reader, writer):
            writer.write(said)
            assert await reader.read() == b""

    serve(scenario)


def unread_client(port: int) -> socket.socket:
    """Return a connected socket with room for next to nothing, which is never read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


async def flood(client: socket.socket, *, rounds: int = 50) -> None:
    """Send requests for as long as they are taken."""
    with suppress(BlockingIOError, ConnectionError):
        for _ in range(rounds):
            client.send(GET * 10_000)
            await asyncio.sleep(0.01)


def test_a_client_that_never_reads_is_not_answered_without_bound_and_ended() -> None:
    async def scenario(server: Server) -> None:
        with unread_client(server.port) as client:
            await flood(client)
            await until(lambda: server.listener.unread > 0)
            assert server.listener.unread < LIMITS.unread_bytes
            await until(lambda: not server.listener.connections)
            # Twice at most: before its buffer was seen to be full, and what then was still in it.
            assert len(server.asked) <= 2 * 16 * 1024 // len(GET)

    serve(scenario)


def test_what_all_clients_leave_unread_is_bounded_together() -> None:
    async def scenario(server: Server) -> None:
        clients = [unread_client(server.port) for _ in range(LIMITS.connections)]
        await asyncio.gather(*map(flood, clients))
        assert 0 < server.listener.unread <= LIMITS.unread_bytes
        assert len(server.listener.connections) < LIMITS.connections
        for client in clients:
            client.close()

    serve(scenario)


def test_a_flood_of_pipelined_requests_is_answered_whole_to_a_client_that_reads() -> None:
    async def scenario(server: Server) -> None:
        count = 3000
        async with connected(server.port) as (reader, writer):
            writer.write(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(count)))
            writer.write_eof()
            raw = await reader.read()
        assert raw.count(b"HTTP/1.1 200 OK") == count
        assert server.asked == [b"/%d" % number for number in range(count)]

    serve(scenario)


@pytest.mark.parametrize(
    ("said", "answers"), [(GET * 2, 2), (GET + b"GET / HT", 1), (b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx", 0)]
)
def test_a_client_that_is_done_sending_gets_its_answers_and_the_end(said: bytes, answers: int) -> None:
    async def scenario(server: Server) -> None:
        async with connected(server.port) as (reader, writer):
            writer.write(said)
            writer.write_eof()
            assert (await reader.read()).count(b"HTTP/1.1 200 OK") == answers

    serve(scenario)


@pytest.mark.parametrize("said", [GET * 500, b"POST / HTTP/1.1\r\ncontent-length: 99999\r\n\r\n" + b"x" * 50_000])
def test_a_client_that_is_gone_at_once_leaves_nothing_behind(said: bytes) -> None:
    async def scenario(server: Server) -> None:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, no farewell
                client.sendall(said)
            await asyncio.sleep(0)

    serve(scenario)


def test_more_connections_than_there_may_be_are_told_so_and_many_more_are_cut_off() -> None:
    async def scenario(server: Server) -> None:
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
        await until(lambda: server.listener.accepted == 40)
        assert len(server.listener.connections) <= 2 * LIMITS.connections + 1
        said = [await asyncio.to_thread(said_to, client) for client in clients]
        assert sum(b"HTTP/1.1 503" in one for one in said) == LIMITS.connections
        for client in clients:
            client.close()

    serve(scenario)


def said_to(client: socket.socket) -> bytes:
    client.settimeout(DEADLINE)
    with suppress(ConnectionError):
        return client.recv(4096)
    return b""
