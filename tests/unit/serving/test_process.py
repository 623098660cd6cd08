"""The process as Kubernetes sees it: probes, exit status, last words, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mooring.serving import lifecycle
from tests.unit.serving import artifacts, process, store
from tests.unit.serving.conftest import Real
from tests.unit.serving.talk import ask, connected

INFER = json.dumps(artifacts.body()).encode()
UNREACHABLE = "http://127.0.0.1:9"


def order(tmp_path: Path) -> str:
    return artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1").order()


async def test_probes_are_answered_while_the_store_is_waited_for_and_sigterm_ends_that(tmp_path: Path) -> None:
    with process.server(order(tmp_path), UNREACHABLE, tmp_path, MOORING_STORE_PATIENCE_SECONDS="0.1") as server:
        admin_port = int(str(server.wait_for("loading")["admin_port"]))
        server.wait_for("the artifact cannot be fetched yet")
        assert (await ask(admin_port, "GET", "/healthz")).status == 200
        ready = await ask(admin_port, "GET", "/readyz")
        assert (ready.status, ready.json()) == (503, {"ready": False, "phase": "Loading"})
        assert b"mooring_ready 0" in (await ask(admin_port, "GET", "/metrics")).body
        server.process.terminate()
        assert server.exit_status() == 0


def test_a_changed_artifact_ends_the_pod_with_both_digests_in_its_last_words(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1")
    golden = folder.path / "golden.json"
    golden.write_text(golden.read_text().replace("0.", "1.", 1))
    with store.bucket(tmp_path) as address, process.server(folder.order(), address, tmp_path) as server:
        assert server.exit_status() == 42
    assert server.last_words().startswith("DigestMismatch: ")
    assert folder.artifact.digest in server.last_words()


@pytest.mark.parametrize(
    ("store_seconds", "order", "status", "words"),
    [
        ("0", "", 42, "InvalidOrder: MOORING_SERVE_ORDER is not set"),
        ("0", '{"model": "shop"}', 42, "InvalidOrder: MOORING_SERVE_ORDER cannot be read: version"),
        ("x", "{}", 42, "InvalidOrder: MOORING_SERVE_ORDER"),
        ("0", None, 1, "StoreUnavailable: the store at 127.0.0.1:9 cannot be reached"),
    ],
)
def test_what_cannot_be_served_is_said_in_the_last_words(
    tmp_path: Path, store_seconds: str, order: str | None, status: int, words: str
) -> None:
    text = artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1").order() if order is None else order
    waits = {"MOORING_STORE_PATIENCE_SECONDS": "0.1", "MOORING_LOAD_SECONDS": store_seconds}
    with process.server(text, UNREACHABLE, tmp_path, **waits) as server:
        assert server.exit_status() == status
    assert server.last_words().startswith(words)


async def test_the_admin_port_counts_what_was_served(real: Real) -> None:
    await ask(real.port, "POST", "/v2/models/shop/infer", INFER)
    text = (await ask(real.admin_port, "GET", "/metrics")).body.decode()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(samples['mooring_requests_total{model="shop",version="shop-v3",role="stable",outcome="ok"}']) >= 1
    assert float(samples["process_resident_memory_bytes"]) > 1e6


async def test_a_second_sigterm_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(lifecycle.os, "_exit", ended.set_result)
    told = lifecycle._on_termination()
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await told.wait()
        signal.raise_signal(signal.SIGTERM)
        assert await ended == 143


@dataclass
class Service:
    """Where new connections go, as a Service would send them; and what became of the requests."""

    port: int
    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    over: bool = False

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *headers: bytes) -> bool:
        """Send one request, never again; return whether the connection may be used once more."""
        head = [b"POST /v2/models/shop/infer HTTP/1.1", b"content-length: %d" % len(INFER), *headers, b"", INFER]
        writer.write(b"\r\n".join([*head[:-1], b""]) + INFER)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(size))
        self.answered[body["model_version"]] += 1
        return b"connection: close" not in answer

    async def once(self) -> None:
        """Ask with a new connection each time."""
        while not self.over:
            async with connected(self.port) as (reader, writer):
                await self.ask(reader, writer, b"connection: close")

    async def kept(self, pause: float) -> None:
        """Ask with one connection until the server asks to close it."""
        while not self.over:
            async with connected(self.port) as (reader, writer):
                while not self.over and await self.ask(reader, writer):  # noqa: ASYNC110 (a pause between requests)
                    await asyncio.sleep(pause)

    async def run(self, client: asyncio.Task[None]) -> None:
        try:
            await client
        except Exception as error:
            self.lost.append(repr(error))

    async def until(self, version: str, more: int) -> None:
        """Wait until so many more requests were answered by a version, or one was lost."""
        enough = self.answered[version] + more
        async with asyncio.timeout(30):
            while self.answered[version] < enough and not self.lost:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_pod_that_ends_under_load_loses_no_request(real: Real, tmp_path: Path) -> None:
    changes = {"MOORING_DRAIN_SECONDS": "2.5"}
    with process.server(real.folder.order("shop-v2"), real.store, tmp_path, **changes) as old:
        port, admin_port = await asyncio.to_thread(old.ready)
        service = Service(port)
        clients = [
            service.once(),
            service.once(),
            service.kept(0),
            service.kept(0),
            service.kept(0.3),
            service.kept(0.7),
        ]
        tasks = [asyncio.ensure_future(service.run(asyncio.ensure_future(client))) for client in clients]
        await service.until("shop-v2", 50)
        old.process.terminate()
        await asyncio.to_thread(old.wait_for, "draining")
        assert (await ask(admin_port, "GET", "/readyz")).status == 503
        await service.until("shop-v2", 30)  # those who route have not heard of it yet
        service.port = real.port
        await service.until("shop-v3", 50)
        assert await asyncio.to_thread(old.exit_status) == 0
        service.over = True
        await asyncio.gather(*tasks)
    assert service.lost == []
