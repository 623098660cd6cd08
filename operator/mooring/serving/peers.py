"""The other pods that take feedback: which of them remembers a truth, and how it gets there.

Every id has one owner among the pods (rendezvous hashing), so a truth that is told to two pods is counted once. While
the set of pods changes, pods may disagree about the owner, and a truth told twice in that time can count twice.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from mooring.api.wire import PEERS_HOST_VARIABLE, POD_ADDRESS_VARIABLE

_log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 10.0
SECONDS = 2.0
"""How long a peer is waited for before its truths are counted here."""
_ANSWER_BYTES = 1 << 20


def owner(addresses: Sequence[str], key: bytes) -> str | None:
    """Return which address owns a key: the same for everybody who knows the same addresses; None if there are none.

    Highest random weight (Thaler & Ravishankar 1998): of an address that goes, only its own keys move.
    """
    return max(
        addresses, key=lambda address: blake2b(key, digest_size=8, key=address.encode()[:64]).digest(), default=None
    )


class Peers:
    """Looks the pods up behind a headless Service, and talks to them."""

    def __init__(self, host: str, own_address: str, port: int) -> None:
        self._host = host
        self._own = own_address
        self._port = port
        self._addresses: tuple[str, ...] = ()
        self._looked_at = float("-inf")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], port: int) -> Peers | None:
        """Return the peers, or None where this pod is to remember alone."""
        host, own = environment.get(PEERS_HOST_VARIABLE), environment.get(POD_ADDRESS_VARIABLE)
        return cls(host, own, port) if host and own else None

    async def elsewhere(self, key: bytes) -> str | None:
        """Return the address of a key's owner, or None if that is this pod, or nobody knows."""
        if time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            await self._look()
        if self._own not in self._addresses:
            return None  # not among the ready ones yet, or not any more: whoever is asked, answers
        found = owner(self._addresses, key)
        return None if found == self._own else found

    async def tell(self, address: str, path: str, body: bytes, authorization: bytes) -> bytes:
        """Return a peer's answer to feedback; raises OSError where there is none."""
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(address, self._port)
            try:
                writer.write(_request(path, body, authorization))
                return await _answer(reader)
            finally:
                writer.close()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS):
                found = await loop.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            _log.warning("the peers cannot be looked up: %s", error)
            return
        self._addresses = tuple(sorted({str(address[4][0]) for address in found}))


def _request(path: str, body: bytes, authorization: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"host: peer", b"connection: close", b"x-mooring-forwarded: 1"]
    lines += [b"authorization: %b" % authorization] if authorization else []
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


async def _answer(reader: asyncio.StreamReader) -> bytes:
    raw = await reader.read(_ANSWER_BYTES)
    while part := await reader.read(_ANSWER_BYTES):
        raw += part
        if len(raw) > _ANSWER_BYTES:
            raise ConnectionError("a peer's answer does not end")
    head, _, body = raw.partition(b"\r\n\r\n")
    status = head[9:12]
    if status not in (b"200", b"400"):
        raise ConnectionError(f"a peer answered {status.decode('latin-1')}")
    return body
