from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from mooring.serving.http import Heads, Limits, Listener, Request
from tests.unit.serving.talk import connected, replies, send

LIMITS = Limits(body_bytes=1000, bodies_bytes=1500, head_bytes=2000, headers=20, connections=3, pipelined=4)


@dataclass
class Echo:
    """Answers a request with its method, path and body; those to /later when it is told."""

    heads: Heads = field(default_factory=Heads)
    waiting: list[Request] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        self.seen.append(request)
        if request.path == b"/later":
            self.waiting.append(request)
        elif request.path == b"/fails":
            raise RuntimeError("a bug")
        else:
            self.answer(request)

    def answer(self, request: Request) -> None:
        request.answer(self.heads.get(), b"%s %s %d" % (request.method, request.path, len(request.body)))


@dataclass
class Served:
    listener: Listener
    echo: Echo
    port: int


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    echo = Echo()
    listener = Listener(echo, Heads(), LIMITS)
    yield Served(listener, echo, await listener.start("127.0.0.1", 0))
    listener.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "host: x", *headers, "", ""]).encode()


def post(path: str, content: bytes, *headers: str) -> bytes:
    return (
        "\r\n".join([f"POST {path} HTTP/1.1", f"content-length: {len(content)}", *headers, "", ""]).encode() + content
    )


async def test_requests_of_one_connection_are_answered_one_after_the_other(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        for path in ("/a", "/b"):
            writer.write(get(path))
            assert replies(await reader.readuntil(path.encode() + b" 0"))[0].body == f"GET {path} 0".encode()


async def test_pipelined_requests_are_answered_in_their_order_however_long_the_first_takes(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(get("/later") + get("/b") + get("/later") + get("/d"))
        await until(lambda: len(served.echo.waiting) == 2)
        for request in reversed(served.echo.waiting):
            served.echo.answer(request)
        writer.write_eof()
        bodies = [reply.body for reply in replies(await reader.read())]
    assert bodies == [b"GET /later 0", b"GET /b 0", b"GET /later 0", b"GET /d 0"]


async def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    raw = await send(served.port, *(bytes([byte]) for byte in post("/a", b"xyz")))
    assert replies(raw)[0].body == b"POST /a 3"


async def test_a_head_is_not_charged_with_what_came_before_it(served: Served) -> None:
    size = LIMITS.head_bytes
    first, rest = post("/a", b"x" * 900) * (3 * size // 900) + b"GET /b HTTP/1.1\r\nx: ", b"y\r\n\r\n"
    found = replies(await send(served.port, first, rest))
    assert {reply.status for reply in found} == {200}
    assert found[-1].body == b"GET /b 0"


async def test_a_trailer_is_no_header(served: Served) -> None:
    chunked = b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\nx-mooring-role: canary\r\n\r\n1\r\na\r\n0\r\n"
    await send(served.port, chunked + b"authorization: Bearer x\r\nx-mooring-override: 1\r\n\r\n")
    (request,) = served.echo.seen
    assert (request.authorization, request.headers) == (b"", {b"x-mooring-role": b"canary"})


async def test_chunked_bodies_are_put_together(served: Served) -> None:
    raw = await send(
        served.port, b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    )
    assert replies(raw)[0].body == b"POST /a 5"


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(b"POST /a HTTP/1.1\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert (await reader.readuntil(b"POST /a 2")).startswith(b"HTTP/1.1 200 OK")


async def test_head_is_answered_like_get_without_the_body(served: Served) -> None:
    raw = await send(served.port, get("/a").replace(b"GET", b"HEAD") + get("/b"))
    first, second = replies(raw, "HEAD", "GET")
    assert (first.headers["content-length"], first.body) == ("9", b"")
    assert second.body == b"GET /b 0"


async def test_http_1_0_closes_unless_asked_to_keep(served: Served) -> None:
    once = replies(await send(served.port, get("/a", version="1.0")))[0]
    kept = replies(await send(served.port, get("/a", "connection: keep-alive", version="1.0")))[0]
    assert (once.headers["connection"], kept.headers["connection"]) == ("close", "keep-alive")


async def test_an_upgrade_that_is_not_offered_is_passed_over(served: Served) -> None:
    raw = await send(served.port, get("/a", "connection: upgrade", "upgrade: h2c") + get("/b"))
    assert [reply.body for reply in replies(raw)] == [b"GET /a 0", b"GET /b 0"]


@pytest.mark.parametrize(
    "raw",
    [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
     b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
     b"POST / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n",
     b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
     b"POST / HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)  # fmt: skip
async def test_what_is_not_http_is_answered_400_and_closed(served: Served, raw: bytes) -> None:
    reply = replies(await send(served.port, raw))[0]
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    assert reply.error.startswith("malformed HTTP request")


async def test_a_malformed_request_does_not_cost_the_answers_before_it(served: Served) -> None:
    found = replies(await send(served.port, get("/a") + b"nonsense\r\n\r\n"))
    assert [reply.status for reply in found] == [200, 400]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (get("/a", "x: " + "y" * 3000), 431),
        (get("/a", *["x: y"] * 30), 431),
        (b"GET /a HTTP/1.1\r\nx: " + b"y" * 9000, 431),
        (get("/" + "a" * 3000), 414),
        (b"POST /a HTTP/1.1\r\ncontent-length: 1001\r\n\r\n", 413),
        (b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n400\r\n" + b"x" * 1024 + b"\r\n", 413),
        (post("/a", b"x", "content-encoding: gzip"), 415),
    ],
)
async def test_too_much_is_refused_before_it_is_read_and_the_connection_closed(
    served: Served, raw: bytes, status: int
) -> None:
    reply = replies(await send(served.port, raw))[0]
    assert (reply.status, reply.headers["connection"]) == (status, "close")


async def test_a_client_that_goes_on_sending_a_refused_body_still_reads_the_refusal(served: Served) -> None:
    raw = await send(served.port, b"POST /a HTTP/1.1\r\ncontent-length: 500000\r\n\r\n", *[b"x" * 50_000] * 10)
    assert replies(raw)[0].status == 413


async def test_bodies_that_arrive_at_once_are_bounded_together(served: Served) -> None:
    half = b"POST /a HTTP/1.1\r\ncontent-length: 1000\r\n\r\n" + b"x" * 900
    async with connected(served.port) as (_, writer):
        writer.write(half)
        await until(lambda: served.listener.arriving.bytes == 900)
        assert replies(await send(served.port, half))[0].status == 503
    await until(lambda: served.listener.arriving.bytes == 0)


async def test_more_connections_than_allowed_are_turned_away_with_503(served: Served) -> None:
    async with connected(served.port), connected(served.port), connected(served.port):
        await until(lambda: len(served.listener.connections) == 3)
        reply = replies(await send(served.port))[0]
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")


async def test_a_failing_handler_costs_one_answer_and_shows_nothing_of_itself(served: Served) -> None:
    first, second = replies(await send(served.port, get("/fails") + get("/b")))
    assert (first.status, second.status) == (500, 200)
    assert b"bug" not in first.body


def grow_old(served: Served, seconds: int) -> None:
    for _ in range(seconds):
        for connection in tuple(served.listener.connections):
            connection.age()


@pytest.mark.parametrize(
    ("part", "seconds"), [(b"GET /a HT", 16), (b"POST /a HTTP/1.1\r\ncontent-length: 9\r\n\r\nx", 31)]
)
async def test_a_request_that_does_not_arrive_is_answered_408(served: Served, part: bytes, seconds: int) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(part)
        await until(lambda: served.listener.busy)
        grow_old(served, seconds)
        assert replies(await reader.read())[0].status == 408


async def test_an_idle_connection_is_closed_in_the_end_and_one_that_waits_for_its_answer_is_not(served: Served) -> None:
    async with connected(served.port) as (idle, _), connected(served.port) as (waits, writer):
        writer.write(get("/later"))
        await until(lambda: len(served.echo.waiting) == 1 and len(served.listener.connections) == 2)
        grow_old(served, LIMITS.idle_seconds + 1)
        assert await idle.read() == b""
        served.echo.answer(served.echo.waiting[0])
        assert await waits.readuntil(b"later 0")


async def test_a_client_that_leaves_its_answers_unread_is_read_no_further(served: Served) -> None:
    async with connected(served.port) as (_, writer):
        writer.write(get("/later") * 200)
        await until(lambda: len(served.echo.waiting) == 200)
        writer.write(get("/later"))
        connection = next(iter(served.listener.connections))
        connection.pause_writing()
        grow_old(served, LIMITS.stalled_seconds + 1)
        await until(lambda: not served.listener.connections)
        assert len(served.echo.waiting) == 200


async def test_a_draining_listener_answers_and_asks_for_the_connection_to_be_closed(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(get("/a"))
        first = replies(await reader.readuntil(b"/a 0"))[0]
        served.listener.draining = True
        writer.write(get("/b"))
        second = replies(await reader.read())[0]
    assert ("connection" in first.headers, second.headers["connection"]) == (False, "close")


async def test_a_draining_listener_answers_all_that_was_pipelined_before_it_closes(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(get("/later") + get("/b"))
        await until(lambda: len(served.echo.waiting) == 1)
        served.listener.draining = True
        served.echo.answer(served.echo.waiting[0])
        found = replies(await reader.read())
    assert [reply.headers.get("connection") for reply in found] == [None, "close"]
