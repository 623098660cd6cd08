"""Callers in 16 buckets, so that one bad client can be left out of a judgement without anyone being named."""

from __future__ import annotations

from hashlib import blake2b

from mooring.ledger.layout import CALLERS

_SALT = b"mooring ledger"
"""Not the routing's, or the buckets would not be independent of who gets the canary. The same in all pods: one client
must be in one bucket everywhere."""
_REMEMBERED = 4096
_LONGEST = 128
"""In bytes. Longer names are hashed anew each time, so that what is remembered stays small whoever chooses them."""


class Callers(dict[bytes, int]):
    """The buckets of callers (a header's value, or an address): recent ones are remembered, a hash costs more."""

    def __missing__(self, caller: bytes) -> int:
        if len(caller) > _LONGEST:
            return bucket_of(caller)
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[caller] = bucket_of(caller)
        return found


def bucket_of(caller: bytes) -> int:
    """Return the bucket of a caller, 0 to 15."""
    return blake2b(caller, digest_size=1, salt=_SALT).digest()[0] % CALLERS
