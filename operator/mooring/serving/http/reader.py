"""Bytes to requests: httptools' callbacks, with every part bounded."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Protocol

import httptools

from mooring.serving.errors import Rejected, bad_input, overloaded, too_large
from mooring.serving.http.exchange import Peer, Request
from mooring.serving.http.limits import Limits

KEPT_HEADERS = frozenset(
    (
        b"traceparent",
        b"x-forwarded-for",
        b"x-mooring-caller",
        b"x-mooring-forwarded",
        b"x-mooring-override",
        b"x-mooring-role",
        b"x-request-id",
    )
)
"""What a handler finds in `Request.headers`."""
_READ_HEADERS = frozenset(map(len, KEPT_HEADERS)) | frozenset(
    map(len, ("expect", "upgrade", "content-type", "authorization", "content-length", "content-encoding"))
)
_JSON_SIZE = b"inference-header-content-length"


class Stage(Enum):
    """Where a reader stands between two requests."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ENDED = "ended"
    """Nothing more is read: the connection's last request has come, or one that cannot be understood."""


_HEAD = Stage.HEAD  # an enum's members are looked up at some price, and these are for every header


class Arriving:
    """How many bytes of bodies all connections of a listener hold that are not complete yet."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Owner(Peer, Protocol):
    """The connection of a reader."""

    def handle(self, request: Request) -> None:
        """Answer a request, now or later; does not raise."""

    def proceed(self) -> None:
        """Tell the client to send the body of the request that has begun."""


class RequestReader:
    """Parses one connection's requests. `feed` raises Rejected for what cannot be read, and nothing is read after."""

    def __init__(self, owner: Owner, limits: Limits, arriving: Arriving) -> None:
        self.stage = Stage.IDLE
        self.age = 0
        """Seconds in this stage, counted by the listener's sweep: no clock is read per request."""
        self.cut_off: Mapping[bytes, bytes] = {}
        """The kept headers of the request that was being read when the end came."""
        self._owner = owner
        self._limits = limits
        self._arriving = arriving
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._path = b""
        self._body: bytes | bytearray = b""
        self._size = 0
        self._declared = 0
        self._head_bytes = 0
        self._just_ended = False
        self._unfinished = 0
        self._headers = 0
        self._expects = False
        self._upgrade = False
        self._json_size: bytes | None = None
        self._content_type = b""
        self._authorization = b""
        self._kept: dict[bytes, bytes] | None = None

    def feed(self, data: bytes | memoryview) -> None:
        """Parse what came; calls `handle` for each whole request, `proceed` for each that waits to send its body."""
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            if self.stage is not Stage.ENDED:
                self.end()
                raise _problem(error) from error
        if self.stage is Stage.HEAD:
            # A head in many pieces: the parser keeps an unfinished line to itself, so it is counted here; not a piece
            # that ended the request before it.
            self._unfinished += 0 if self._just_ended else len(data)
            self._just_ended = False
            if self._unfinished > 2 * self._limits.head_bytes:
                self.end()
                raise _head_too_large(self._limits)

    def _parse(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # No other protocol is spoken here; HTTP allows to answer as if it had not been asked for.
            self._parser = httptools.HttpRequestParser(self)
            if self.stage is not Stage.ENDED and (rest := data[upgrade.args[0] :]):
                self._parse(rest)

    def end(self) -> None:
        """Read nothing more."""
        self.stage = Stage.ENDED
        self.age = 0
        self._arriving.bytes -= self._size
        self.cut_off = self._kept or {}
        self._begin()

    def on_message_begin(self) -> None:
        """Start a request."""
        self.stage = _HEAD
        self.age = 0

    def on_url(self, part: bytes) -> None:
        """Collect the target, which may come in parts."""
        self._path = self._path + part if self._path else part
        if len(self._path) > self._limits.head_bytes:
            raise Rejected(HTTPStatus.REQUEST_URI_TOO_LONG, f"the address is over {self._limits.head_bytes} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, and read the few that matter."""
        self._headers += 1
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self._limits.head_bytes or self._headers > self._limits.headers:
            raise _head_too_large(self._limits)
        if self.stage is not _HEAD:
            return  # a trailer: who checked or set headers on the way here has not looked at it
        size = len(name)
        if size in _READ_HEADERS:
            self._read_header(name.lower(), value)
        elif size == len(_JSON_SIZE) and name.lower() == _JSON_SIZE:
            self._json_size = value

    def _read_header(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._declared = int(value)
        elif name == b"content-type":
            self._content_type = value
        elif name == b"authorization":
            self._authorization = value
        elif name in KEPT_HEADERS:
            self._kept = {**(self._kept or {}), name: value}
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"upgrade":
            self._upgrade = True
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read: send it as it is")

    def on_headers_complete(self) -> None:
        """Refuse a body that is too large before it is sent, else let it come."""
        if self._declared > self._limits.body_bytes:
            raise _body_too_large(self._limits)
        if self._upgrade and self._declared:
            raise bad_input("Upgrade is not answered for a request with a body: send it without")
        self.stage = Stage.BODY
        self.age = 0
        if self._expects:
            self._owner.proceed()

    def on_body(self, part: bytes) -> None:
        """Collect the body, within the bounds of one and of all."""
        self._size += len(part)
        self._arriving.bytes += len(part)
        if self._size > self._limits.body_bytes:
            raise _body_too_large(self._limits)
        if self._arriving.bytes > self._limits.bodies_bytes:
            raise overloaded("too many large requests are arriving at once")
        if not self._body:
            self._body = part
        elif isinstance(self._body, bytearray):
            self._body += part
        else:
            self._body = bytearray(self._body) + part

    def on_message_complete(self) -> None:
        """Hand over the request."""
        parser = self._parser
        request = Request(self._owner, parser.get_method(), self._path, self._body)
        request.json_size = self._json_size
        request.content_type = self._content_type
        request.authorization = self._authorization
        if self._kept is not None:
            request.headers = self._kept
        request.http10 = parser.get_http_version() == "1.0"
        request.keep_alive = parser.should_keep_alive() and request.method != b"CONNECT"
        self.stage = Stage.IDLE if request.keep_alive else Stage.ENDED
        self.age = 0
        self._arriving.bytes -= self._size
        self._begin()
        self._just_ended = True
        self._owner.handle(request)


def _problem(error: httptools.HttpParserError) -> Rejected:
    cause = error.__context__
    if isinstance(cause, Rejected):
        return cause
    return bad_input(f"malformed HTTP request: {error}")


def _head_too_large(limits: Limits) -> Rejected:
    message = f"the headers are over {limits.head_bytes} bytes or {limits.headers} lines"
    return Rejected(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)


def _body_too_large(limits: Limits) -> Rejected:
    return too_large(f"the body is over {limits.body_bytes} bytes (maxBodyBytes): send fewer rows at once")
