"""Which requests are kept: as a hash of them says, so that every pod keeps or leaves the same ones."""

from __future__ import annotations

from hashlib import blake2b
from zlib import crc32

_SPAN = 1 << 64
_SHORT = 512


class Sampler:
    """Says of a request whether it is kept, under the key that the pods of a deployment share.

    With a key, so that no caller can choose requests that are always kept, and feed the next training with them.
    """

    def __init__(self, key: bytes, per_mille: int) -> None:
        self._keyed = blake2b(key=key, digest_size=8, person=b"mooring-capture")
        self._below = (_SPAN * per_mille // 1000 - 1).to_bytes(8, "big")

    def keeps(self, identity: bytes, body: bytes | bytearray) -> bool:
        """Return whether to keep a request with this id (empty: it has none) and this body."""
        keyed = self._keyed.copy()
        # With the body: callers that give every request the same id are sampled all the same. A long one by its
        # checksum, which takes a fifth of the time, and needs no key of its own.
        keyed.update(identity + body if len(body) <= _SHORT else b"%b%d" % (identity, crc32(body)))
        return keyed.digest() <= self._below
