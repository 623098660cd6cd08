"""Ledgers read over the wire: from a real server process, and from pods that do not answer as they should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from mooring.control.observe.pods import Address, PodReader, UnreadableError
from mooring.ledger.interval import Interval, Stream
from mooring.ledger.layout import Layout
from mooring.ledger.wire import MEDIA_TYPE, encode, encode_interval
from tests.unit.serving import artifacts, process, store

LAYOUT = Layout((), bins=1, classes=1)
POD = "shop-v3-0123abcd-" + "x" * 60


def document(pod: str) -> bytes:
    stream = Stream("shop", "shop-v3", pod, "life")
    frame = encode_interval(Interval(1, 0, 5000))
    return encode(stream, LAYOUT, [frame], oldest=1, upcoming=2, final=False)


@asynccontextmanager
async def pod(body: bytes, *, status: int = 200, kind: str = MEDIA_TYPE) -> AsyncIterator[Address]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type=kind)

    app = web.Application()
    app.router.add_get("/mooring/ledger", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield Address(POD, "127.0.0.1", runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.fixture
async def reader() -> AsyncIterator[PodReader]:
    found = PodReader()
    yield found
    await found.close()


async def test_a_real_servers_intervals_are_read_after_the_number_that_is_known(
    reader: PodReader, tmp_path: Path
) -> None:
    folder = artifacts.write(tmp_path / "bucket" / "shop" / "1", "s3://models/shop/1")
    with (
        store.bucket(tmp_path / "bucket") as address,
        process.server(folder.order(), address, tmp_path, HOSTNAME="pod-1") as server,
    ):
        _, admin_port = server.ready()
        here = Address("pod-1", "127.0.0.1", admin_port)
        async with asyncio.timeout(20):
            while not (first := await reader.ledger(here, 0)).intervals:  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.1)
        assert first.stream.version == "shop-v3"
        last = first.intervals[-1].seq
        assert all(interval.seq > last for interval in (await reader.ledger(here, last)).intervals)


async def test_a_pods_hostname_is_its_name_cut_by_kubernetes(reader: PodReader) -> None:
    async with pod(document(POD[:63])) as address:
        assert (await reader.ledger(address, 0)).next == 2


@pytest.mark.parametrize(
    ("body", "more", "said"),
    [
        (b"", {"status": 503}, "answered 503"),
        (b"{}", {"kind": "application/json"}, "no ledger of version 1"),
        (b"garbage", {}, "no ledger of version 1"),
        (document("another"), {}, "answers as another"),
        (document(POD[:63])[:-1], {}, "cut off or damaged"),
    ],
)
async def test_what_is_no_ledger_of_the_pod_is_refused_with_the_reason(
    reader: PodReader, body: bytes, more: dict[str, str], said: str
) -> None:
    async with pod(body, **more) as address:  # type: ignore[arg-type]
        with pytest.raises(UnreadableError, match=said):
            await reader.ledger(address, 0)


async def test_an_answer_without_end_is_not_read_to_its_end(reader: PodReader) -> None:
    async with pod(b"x" * (17 << 20)) as address:
        with pytest.raises(UnreadableError, match="more than"):
            await reader.ledger(address, 0)


async def test_nobody_there_is_a_reason_too(reader: PodReader) -> None:
    with pytest.raises(UnreadableError, match=r"127\.0\.0\.1:9"):
        await reader.ledger(Address("pod", "127.0.0.1", 9), 0)
