r"""A stable pod's last answers, kept while a shadow asks for them, and how they travel.

    document  "mooring-answers/1\n", u64 number of the last answer, then each: u64 key, u16 length, the answer
Little-endian. Numbers count from 1 in a life of a pod.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator

PATH = "/mooring/answers"
KEPT = 4096
"""Answers, the last ones: what does not fit between two questions is not compared."""
ASKED_SECONDS = 15.0
"""Who has not asked for so long does not come any more, and nothing is kept for it."""
MAGIC = b"mooring-answers/1\n"
MAX_DOCUMENT_BYTES = len(MAGIC) + 8 + KEPT * (10 + 512)
_NUMBER = struct.Struct("<Q")
_ENTRY = struct.Struct("<QH")


class Told:
    """A ring of answers."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._last = 0
        self._until = float("-inf")

    def wanted(self, now: float) -> bool:
        """Return whether anybody asks; what was kept for nobody is forgotten. `now` is in seconds."""
        if now < self._until:
            return True
        self._kept.clear()
        return False

    def add(self, key: int, answer: bytes) -> None:
        """Keep an answer."""
        self._kept.append((key, answer))
        self._last += 1

    def since(self, number: int, now: float) -> bytes:
        """Return the document of those after a number, and keep more from now on."""
        self._until = now + ASKED_SECONDS
        fresh = self._last - number if 0 <= number <= self._last else self._last  # else of another life
        entries = list(self._kept)[-fresh:] if fresh else []
        return b"".join(
            (MAGIC, _NUMBER.pack(self._last), *(_ENTRY.pack(key, len(answer)) + answer for key, answer in entries))
        )


def read(document: bytes) -> tuple[int, Iterator[tuple[int, bytes]]]:
    """Return the last number and the answers by their keys; raises ValueError for what is no such document."""
    start = len(MAGIC) + _NUMBER.size
    if not document.startswith(MAGIC) or not start <= len(document) <= MAX_DOCUMENT_BYTES:
        raise ValueError("no document of answers of version 1")
    return _NUMBER.unpack_from(document, len(MAGIC))[0], _entries(document, start)


def _entries(document: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(document):
        if at + _ENTRY.size > len(document):
            raise ValueError("a document of answers is cut off")
        key, size = _ENTRY.unpack_from(document, at)
        at += _ENTRY.size + size
        if at > len(document):
            raise ValueError("a document of answers is cut off")
        yield key, document[at - size : at]
