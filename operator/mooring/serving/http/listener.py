"""A listening port and its connections: how many there are, how long they may take, how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mooring.serving.errors import Rejected
from mooring.serving.http.connection import Connection
from mooring.serving.http.exchange import Handler, Heads, Request
from mooring.serving.http.limits import Limits
from mooring.serving.http.reader import Arriving

Refused = Callable[[Request, Rejected], None]
"""Is told of every request that is refused, also of those that never were one: their method is empty."""


class Listener:
    """Serves one handler on one port."""

    def __init__(
        self, handler: Handler, heads: Heads, limits: Limits, refused: Refused = lambda request, problem: None
    ) -> None:
        self.handler = handler
        self.heads = heads
        self.limits = limits
        self.refused = refused
        self.connections: set[Connection] = set()
        self.accepted = 0
        self.unread = 0
        """Bytes of answers that clients leave unread."""
        self.last_accepted = 0.0
        """By the loop's clock."""
        self.arriving = Arriving()
        self.draining = False
        """Every answer that leaves its connection idle asks the client to close it."""
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (another than asked for if that was 0)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        self._sweep = loop.call_later(1.0, self._tick, loop)
        return int(self._server.sockets[0].getsockname()[1])

    def admit(self, connection: Connection) -> None:
        """Count a new connection."""
        self.accepted += 1
        self.last_accepted = asyncio.get_running_loop().time()
        self.connections.add(connection)

    @property
    def busy(self) -> bool:
        """Whether a request is being received or answered."""
        return any(connection.busy for connection in self.connections)

    def stop_listening(self) -> None:
        """Take no more connections; those there are go on."""
        if self._server is not None:
            self._server.close()

    def close(self) -> None:
        """Stop listening and close every connection, once what was written to it is sent."""
        self.stop_listening()
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self.connections):
            connection.close()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        # One sweep a second instead of a timer per request: timers would cost more than the requests.
        for connection in tuple(self.connections):
            connection.age()
        self._sweep = loop.call_later(1.0, self._tick, loop)
