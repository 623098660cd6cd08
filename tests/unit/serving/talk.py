"""A plain client of bytes: what is sent and what comes back, nothing added."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

DEADLINE = 10.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> str:
        return str(self.json()["error"])


class _Wire:
    """As much of a socket as http.client reads from."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, *_: object) -> io.BufferedIOBase:
        return self._stream


class _Kept(io.BytesIO):
    def close(self) -> None:
        pass


def replies(raw: bytes, *methods: str) -> list[Reply]:
    """Return the replies in `raw` to requests of these methods (GET where not said)."""
    stream = _Kept(raw)
    found: list[Reply] = []
    while stream.tell() < len(raw):
        method = methods[len(found)] if len(found) < len(methods) else "GET"
        response = http.client.HTTPResponse(_Wire(stream), method=method)  # type: ignore[arg-type]
        response.begin()
        found.append(Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()))
    return found


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def send(port: int, *parts: bytes) -> bytes:
    """Send the parts in turn, say that nothing follows, and return all that comes back until the end."""
    async with connected(port) as (reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write_eof()
        return await reader.read()


async def ask(port: int, method: str, path: str, content: object = None, **headers: str) -> Reply:
    """Return the reply to one request."""
    raw = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(raw)}\r\n{lines}\r\n"
    return replies(await send(port, head.encode() + raw), method)[0]
