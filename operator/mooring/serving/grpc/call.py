"""A call as the endpoint that all protocols share sees it."""

from __future__ import annotations

import asyncio
from typing import Any

from mooring.serving.http import Head, Request
from mooring.serving.http.reader import KEPT_HEADERS

Context = Any
"""grpc.aio's ServicerContext, which has no types."""


class _Caller:
    """A call has no connection of ours that would wait for its answer."""

    def __init__(self, peer: str) -> None:
        self.address = peer.rpartition(":")[0].encode()

    def answered(self) -> None:
        """Do nothing: the call waits for its outcome."""


class Call(Request):
    """A call as a request: its answer is a future."""

    __slots__ = ("outcome",)

    def __init__(self, body: bytes, context: Context) -> None:
        super().__init__(_Caller(context.peer()), b"POST", b"", body)
        self.outcome: asyncio.Future[tuple[Head, bytes]] = asyncio.get_running_loop().create_future()
        kept = {}
        for name, value in context.invocation_metadata() or ():
            if name == "authorization":
                self.authorization = value.encode("latin-1", "replace")
            elif name.encode() in KEPT_HEADERS:
                kept[name.encode()] = value.encode("latin-1", "replace")
        self.headers = kept

    def told(self) -> tuple[tuple[str, str], ...]:
        """Return what an answer over HTTP has in headers of its own, as metadata: its role, its prediction's id."""
        lines = (line.partition(": ") for line in self.extra.decode("latin-1").splitlines())
        return tuple((name, value) for name, _, value in lines)

    def answer(self, head: Head, body: bytes) -> None:
        """Settle the call, if it still waits."""
        if not self.outcome.done():
            self.outcome.set_result((head, body))
