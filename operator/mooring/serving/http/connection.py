"""One client's connection: answers leave in the order of the requests, and the end loses none."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from mooring.serving.errors import Rejected, overloaded
from mooring.serving.http.exchange import Request
from mooring.serving.http.reader import RequestReader, Stage

if TYPE_CHECKING:
    from mooring.serving.http.listener import Listener

_log = logging.getLogger(__name__)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_PIECE_BYTES = 16 << 10
"""What comes at once is parsed in such pieces: a quarter of a megabyte holds ten thousand requests, and their answers
must not all be written before it is known whether anybody reads them."""


class Connection(asyncio.Protocol):
    """Hands requests to the listener's handler and writes the answers, in order and with backpressure."""

    _transport: asyncio.Transport

    def __init__(self, listener: Listener) -> None:
        self.address = b""
        self._listener = listener
        self._reader = RequestReader(self, listener.limits, listener.arriving)
        self._queue: deque[Request | bytes] = deque()
        """What is to be written, in order: requests, answered or not, and interim answers."""
        self._feeding = False
        self._held: bytes | memoryview = b""
        """What came and is not parsed yet."""
        self._unread = 0
        """Bytes of answers that a client leaves unread, counted once they are many."""
        self._reading = True
        self._writable = True
        self._eof = False
        self._finished = False

    @property
    def busy(self) -> bool:
        """Whether a request is being received or answered."""
        return bool(self._queue or self._held) or self._reader.stage in (Stage.HEAD, Stage.BODY)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away with 503 if there are too many."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods, not by inheritance
        listener = self._listener
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]).encode() if isinstance(peer, tuple) else b""
        listener.admit(self)
        limits = listener.limits
        self._reader.age = limits.idle_seconds - limits.silent_seconds
        if len(listener.connections) > 2 * limits.connections:
            self._transport.abort()  # not even those that are told so may become too many
        elif len(listener.connections) > limits.connections:
            self._reader.end()
            self._fail(overloaded(f"{listener.limits.connections} connections are open, which is all there may be"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; answers that are still being computed go nowhere."""
        self._listener.connections.discard(self)
        self._reader.end()
        self._finished = True
        self._writable = True
        self._count_unread()
        self._held = b""
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what came, then write the answers that are there."""
        if len(data) <= _PIECE_BYTES:
            self._feed(data)
        else:
            self._held = memoryview(data)
            self._feed_held()

    def _feed_held(self) -> None:
        while self._held and self._reading and self._reader.stage is not Stage.ENDED:
            piece, self._held = self._held[:_PIECE_BYTES], self._held[_PIECE_BYTES:]
            self._feed(piece)
        if self._reader.stage is Stage.ENDED:
            self._held = b""
        if self._reading and not self._transport.is_closing():
            self._transport.resume_reading()

    def _feed(self, data: bytes | memoryview) -> None:
        if self._reader.stage is Stage.ENDED:
            return
        self._feeding = True
        try:
            self._reader.feed(data)
        except Rejected as problem:
            self._fail(problem)
        self._feeding = False
        queue = self._queue
        if queue:
            self.answered()
            if len(queue) > self._listener.limits.pipelined:
                self._pause_reading()

    def eof_received(self) -> bool:
        """Keep the connection of a client that is done sending until it has its answers."""
        self._eof = True
        return bool(self._queue)

    def pause_writing(self) -> None:
        """Read no more from a client that leaves its answers unread."""
        self._writable = False
        self._reader.age = 0
        self._pause_reading()
        self._count_unread()

    def resume_writing(self) -> None:
        """Read again."""
        self._writable = True
        self._reader.age = 0
        self._count_unread()
        self._resume_reading()

    def answered(self) -> None:
        """Write every answer whose turn it is; while a chunk is being parsed, `data_received` does so at its end."""
        if self._feeding or self._finished:
            return
        queue = self._queue
        ready: list[bytes] = []
        last = None
        while queue and last is None:
            first = queue[0]
            if isinstance(first, bytes):
                ready.append(first)
            elif first.head is not None:
                close = not first.keep_alive or (len(queue) == 1 and self._should_end())
                ready.append(first.render(close=close))
                last = first if close else None
            else:
                break
            queue.popleft()
        if ready:
            self._transport.write(ready[0] if len(ready) == 1 else b"".join(ready))
            if not self._writable:
                self._count_unread()
        if last is not None:
            self._finish(last)
        elif not queue and self._eof:
            self.close()
        elif not self._reading and self._writable and len(queue) <= self._listener.limits.pipelined:
            self._resume_reading()

    def age(self) -> None:
        """Count a second, and end what takes too long."""
        reader, limits = self._reader, self._listener.limits
        reader.age += 1
        if not self._writable:
            if reader.age > limits.stalled_seconds:
                self._transport.abort()
        elif self._finished:
            if reader.age > limits.linger_seconds:
                self._transport.abort()
        elif self._queue:
            reader.age = 0
        elif reader.stage is Stage.IDLE and reader.age > limits.idle_seconds:
            self.close()
        elif reader.stage is Stage.HEAD and reader.age > limits.head_seconds:
            self._time_out(f"the request's head did not arrive within {limits.head_seconds} s")
        elif reader.stage is Stage.BODY and reader.age > limits.body_seconds:
            self._time_out(f"the request's body did not arrive within {limits.body_seconds} s")

    def close(self) -> None:
        """Close once what was written is sent."""
        self._finished = True
        self._transport.close()

    def handle(self, request: Request) -> None:
        """Give a request to the handler, and its place to the answer."""
        self._queue.append(request)
        heads = self._listener.heads
        try:
            self._listener.handler(request)
        except Rejected as problem:
            self._listener.refused(request, problem)
            request.answer(*heads.error(problem))
        except Exception:
            _log.exception("a request's handler failed")
            failed = Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why")
            self._listener.refused(request, failed)
            request.answer(*heads.error(failed))

    def proceed(self) -> None:
        """Ask for a body."""
        # In the queue like an answer: it must not overtake the answers to earlier requests.
        self._queue.append(_CONTINUE)

    def _fail(self, problem: Rejected) -> None:
        request = Request(self, b"", b"", b"")
        request.headers = self._reader.cut_off
        request.keep_alive = False
        self._listener.refused(request, problem)
        self._queue.append(request)
        request.answer(*self._listener.heads.error(problem))

    def _time_out(self, message: str) -> None:
        self._reader.end()
        self._fail(Rejected(HTTPStatus.REQUEST_TIMEOUT, message))

    def _should_end(self) -> bool:
        return self._listener.draining and self._reader.stage is Stage.IDLE

    def _finish(self, last: Request) -> None:
        """End after the last answer. A client that did not ask for the end may be sending: let it read the answer."""
        self._reader.end()
        self._queue.clear()
        self._finished = True
        if self._eof or self._transport.is_closing():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._resume_reading()

    def _pause_reading(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            if self._held:
                # In a later turn: this one may be writing the answers of a piece.
                asyncio.get_running_loop().call_soon(self._feed_held)
            else:
                self._transport.resume_reading()

    def _count_unread(self) -> None:
        size = 0 if self._writable else self._transport.get_write_buffer_size()
        self._listener.unread += size - self._unread
        self._unread = size
        if size and self._listener.unread > self._listener.limits.unread_bytes:
            self._transport.abort()
