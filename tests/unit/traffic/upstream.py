"""Pods of an arm, as Envoy sees them: HTTP servers that say who they are and keep what they were told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Told:
    """One request as an upstream got it."""

    arm: str
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Upstream:
    """One pod of an arm, on a port of the loopback address."""

    arm: str
    port: int = 0
    told: list[Told] = field(default_factory=list)
    breaks: bool = False
    """Whether it closes the connection instead of answering, as a pod that dies does."""

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.told.append(Told(self.arm, request.method, request.path_qs, headers))
        if self.breaks and request.transport is not None:
            request.transport.close()
        return web.Response(text=self.arm, status=int(request.headers.get("x-status", "200")))


@contextmanager
def upstreams(*arms: str) -> Iterator[dict[str, Upstream]]:
    """Serve one pod of each arm from a thread of its own."""
    found = {arm: Upstream(arm) for arm in arms}
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        for upstream in found.values():
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", upstream.answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            upstream.port = runner.addresses[0][1]
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
