"""What callers over gRPC may cost before being told no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """Bounds of one server; those of a message's size are the order's."""

    calls: int = 512
    """So many may be open at once; more are turned away."""
    streams: int = 64
    """Of them on one connection; more wait at the caller's."""
    connections: int = 1024
    message_seconds: float = 30
    handshake_seconds: int = 15
    idle_seconds: int = 330
    metadata_bytes: int = 16 << 10

    def options(self, body_bytes: int) -> list[tuple[str, int]]:
        """Return them as gRPC names them."""
        return [
            ("grpc.max_receive_message_length", body_bytes),
            ("grpc.max_concurrent_streams", self.streams),
            ("grpc.max_allowed_incoming_connections", self.connections),
            ("grpc.server_handshake_timeout_ms", 1000 * self.handshake_seconds),
            ("grpc.max_connection_idle_ms", 1000 * self.idle_seconds),
            ("grpc.max_metadata_size", self.metadata_bytes),
            ("grpc.absolute_max_metadata_size", self.metadata_bytes),
            ("grpc.so_reuseport", 0),
        ]
