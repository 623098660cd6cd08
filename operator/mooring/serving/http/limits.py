"""What a caller may cost before being told no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one listener. Times are whole seconds and kept to the second, since one sweep a second checks them."""

    body_bytes: int = 1 << 20
    """In one request; more is answered 413 before it is read."""
    bodies_bytes: int = 64 << 20
    """In all bodies that are still arriving; more is answered 503."""
    head_bytes: int = 16 << 10
    headers: int = 100
    connections: int = 2048
    pipelined: int = 64
    """Unanswered requests of one connection before it is read no further."""
    unread_bytes: int = 64 << 20
    """Of answers that clients leave unread, on all connections; who would make it more is cut off."""
    head_seconds: int = 15
    body_seconds: int = 30
    idle_seconds: int = 330
    """Longer than the pools of common clients and proxies keep a connection, so that it is they who close it."""
    silent_seconds: int = 60
    """How long a client may be connected before it says anything."""
    stalled_seconds: int = 60
    """How long a client may leave its answers unread."""
    linger_seconds: int = 2
    """How long what a client still sends is thrown away after the last answer: closing at once would reset the
    connection, and the answer might be lost with it."""
