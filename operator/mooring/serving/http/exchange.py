"""One request and its answer, and the heads of answers, rendered ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import orjson

from mooring.serving.errors import Rejected

JSON = "application/json"


class Head:
    """Status line and headers up to the value of content-length, for each fate of the connection."""

    __slots__ = ("close", "keep", "keep_http10", "status")

    def __init__(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        start = f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}"
        self.status = int(status)
        self.keep = f"{start}content-length: ".encode("latin-1")
        self.keep_http10 = f"{start}connection: keep-alive\r\ncontent-length: ".encode("latin-1")
        self.close = f"{start}connection: close\r\ncontent-length: ".encode("latin-1")


class Heads:
    """The heads of one listener, each made once, all with its common headers."""

    def __init__(self, common: Mapping[str, str] | None = None) -> None:
        self._common = dict(common or {})
        self._made: dict[tuple[HTTPStatus, str], Head] = {}

    def get(self, status: HTTPStatus = HTTPStatus.OK, content_type: str = JSON) -> Head:
        """Return the head for a kind of answer."""
        key = (status, content_type)
        head = self._made.get(key)
        if head is None:
            head = self._made[key] = self.make(status, {"content-type": content_type})
        return head

    def make(self, status: HTTPStatus, headers: Mapping[str, str]) -> Head:
        """Return a head with headers that no other answer has."""
        return Head(status, {**headers, **self._common})

    def error(self, problem: Rejected) -> tuple[Head, bytes]:
        """Return head and body of an error's answer."""
        body = orjson.dumps({"error": problem.message})
        if problem.headers:
            return self.make(problem.status, {"content-type": JSON, **problem.headers}), body
        return self.get(problem.status), body


_NONE: Mapping[bytes, bytes] = {}


class Peer(Protocol):
    """Who is told that a request has its answer."""

    address: bytes
    """Where the client is, without its port."""

    def answered(self) -> None:
        """Write what can be written now."""


class Request:
    """A complete request. A handler calls `answer` exactly once, now or in a later turn of the loop."""

    __slots__ = (
        "_body", "_peer", "authorization", "body", "content_type",
        "extra", "head", "headers", "http10", "json_size", "keep_alive", "method", "path",
    )  # fmt: skip

    def __init__(self, peer: Peer, method: bytes, path: bytes, body: bytes | bytearray) -> None:
        self.method = method
        self.path = path
        """As sent: escaped, with its query."""
        self.body = body
        self.json_size: bytes | None = None
        """The header Inference-Header-Content-Length."""
        self.content_type = b""
        self.authorization = b""
        self.headers: Mapping[bytes, bytes] = _NONE
        """Those of `reader.KEPT_HEADERS` that were sent, by their names in small letters."""
        self.extra = b""
        """Whole header lines that only this answer has."""
        self.keep_alive = True
        self.http10 = False
        self._peer = peer
        self.head: Head | None = None
        """Of the answer; None: there is none yet, and `render` cannot be called."""
        self._body = b""

    def answer(self, head: Head, body: bytes) -> None:
        """Give the answer."""
        self.head = head
        self._body = body
        self._peer.answered()

    @property
    def address(self) -> bytes:
        """Where the client is, without its port."""
        return self._peer.address

    def render(self, *, close: bool) -> bytes:
        """Return the bytes of the answer; `close` says that the connection ends with it."""
        head = self.head
        assert head is not None  # noqa: S101 (for the type checker; callers ask before)
        start = head.close if close else head.keep_http10 if self.http10 else head.keep
        body = self._body
        return b"%b%d\r\n%b\r\n%b" % (start, len(body), self.extra, b"" if self.method == b"HEAD" else body)


Handler = Callable[[Request], None]
"""Answers a request, or raises Rejected."""
