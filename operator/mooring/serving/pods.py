"""Other pods: their addresses behind a headless Service, and one request to one of them."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

_log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 10.0
SECONDS = 2.0
"""How long a pod is waited for."""


class Pods:
    """The addresses of a headless Service, looked up again now and then."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._addresses: tuple[str, ...] = ()
        self._looked_at = float("-inf")

    async def addresses(self) -> tuple[str, ...]:
        """Return them, sorted; where they cannot be looked up, those of the last time."""
        if time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            await self._look()
        return self._addresses

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS):
                found = await loop.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            _log.warning("the pods of %s cannot be looked up: %s", self._host, error)
            return
        self._addresses = tuple(sorted({str(address[4][0]) for address in found}))


async def exchange(address: str, port: int, request: bytes, most: int) -> tuple[int, bytes]:
    """Return status and body of a pod's answer to a request that ends its connection; raises OSError without one."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection(address, port)
        try:
            writer.write(request)
            raw = b""
            while part := await reader.read(1 << 16):
                raw += part
                if len(raw) > most:
                    raise ConnectionError("a pod's answer does not end")
        finally:
            writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head[9:12].isdigit():
        raise ConnectionError("a pod's answer is cut off")
    return int(head[9:12]), body
