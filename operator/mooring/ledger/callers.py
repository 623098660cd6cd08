"""Callers in 16 buckets, so that one bad client can be left out of a judgement without anyone being named."""

from __future__ import annotations

from hashlib import blake2b

from mooring.ledger.layout import CALLERS

_SALT = b"mooring ledger"
"""Not the routing's, or the buckets would not be independent of who gets the canary. The same in all pods: one client
must be in one bucket everywhere."""
_REMEMBERED = 4096


class Callers:
    """Remembers the buckets of recent callers: a hash costs more than the rest of a request's record."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def bucket(self, caller: bytes) -> int:
        """Return the bucket of a caller: the value of a header, or an address."""
        found = self._known.get(caller)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[caller] = bucket_of(caller)
        return found


def bucket_of(caller: bytes) -> int:
    """Return the bucket of a caller, 0 to 15."""
    return blake2b(caller, digest_size=1, salt=_SALT).digest()[0] % CALLERS
