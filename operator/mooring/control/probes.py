"""One small HTTP server: is the process alive, is it ready, and its metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from mooring.control.metrics import Metrics

Complaints = Callable[[], Iterable[str]]
"""Returns what is wrong now, a sentence each; nothing means well."""
Handler = Callable[[web.Request], Awaitable[web.Response]]


class ProbeServer:
    """Serves /healthz, /readyz and /metrics. That it answers at all shows that the event loop turns."""

    def __init__(self, metrics: Metrics, *, alive: Complaints, ready: Complaints) -> None:
        app = web.Application()
        app.router.add_get("/healthz", _probe(alive))
        app.router.add_get("/readyz", _probe(ready))
        app.router.add_get("/metrics", _metrics(metrics))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (which the system chooses when `port` is 0)."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._runner.cleanup()


def _probe(complaints: Complaints) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        wrong = list(complaints())
        return web.Response(status=503 if wrong else 200, text="\n".join(wrong or ["ok"]) + "\n")

    return answer


def _metrics(metrics: Metrics) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), content_type="text/plain", charset="utf-8")

    return answer
