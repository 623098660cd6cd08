"""The other pods that take feedback: which of them remembers a truth, and how it gets there.

Every id has one owner among the pods (rendezvous hashing), so a truth that is told to two pods is counted once. While
the set of pods changes, pods may disagree about the owner, and a truth told twice in that time can count twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from http import HTTPStatus

from mooring.api.wire import PEERS_HOST_VARIABLE, POD_ADDRESS_VARIABLE
from mooring.serving.pods import Pods, exchange

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
        self._pods = Pods(host)
        self._own = own_address
        self._port = port

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], port: int) -> Peers | None:
        """Return the peers, or None where this pod is to remember alone."""
        host, own = environment.get(PEERS_HOST_VARIABLE), environment.get(POD_ADDRESS_VARIABLE)
        return cls(host, own, port) if host and own else None

    async def elsewhere(self, key: bytes) -> str | None:
        """Return the address of a key's owner, or None if that is this pod, or nobody knows."""
        addresses = await self._pods.addresses()
        if self._own not in addresses:
            return None  # not among the ready ones yet, or not any more: whoever is asked, answers
        found = owner(addresses, key)
        return None if found == self._own else found

    async def tell(self, address: str, path: str, body: bytes, authorization: bytes) -> bytes:
        """Return a peer's answer to feedback; raises OSError where there is none."""
        status, answer = await exchange(address, self._port, _request(path, body, authorization), _ANSWER_BYTES)
        if status not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):
            raise ConnectionError(f"a peer answered {status}")
        return answer


def _request(path: str, body: bytes, authorization: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"host: peer", b"connection: close", b"x-mooring-forwarded: 1"]
    lines += [b"authorization: %b" % authorization] if authorization else []
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])
