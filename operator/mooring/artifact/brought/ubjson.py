"""Universal Binary JSON, as XGBoost writes it: objects, lists, lists of one type, numbers, texts.

https://ubjson.org; numbers are big-endian. What XGBoost never writes (numbers of any precision, no-ops) is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from mooring.artifact.errors import ModelRefused

DEPTH_LIMIT = 64
_INTEGERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8"}
_NUMBERS = {**_INTEGERS, b"d": ">f4", b"D": ">f8"}
_WORDS: dict[bytes, object] = {b"Z": None, b"T": True, b"F": False}


def read_ubjson(content: bytes) -> object:
    """Return the value that `content` holds; lists of one type of number are arrays.

    Raises ModelRefused with the place in the file.
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.at != len(content):
        raise reader.refused("something follows the end")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def refused(self, why: str) -> ModelRefused:
        return ModelRefused(f"byte {self.at} of the UBJSON file: {why}")

    def take(self, size: int) -> bytes:
        if size < 0 or size > len(self._content) - self.at:
            raise self.refused("the file ends too early")
        self.at += size
        return self._content[self.at - size : self.at]

    def value(self, kind: bytes, depth: int) -> Any:
        if kind in _WORDS:
            return _WORDS[kind]
        if kind in _NUMBERS:
            return self._number(kind)
        if kind in (b"S", b"C"):
            return self._text(self._count() if kind == b"S" else 1)
        if kind not in (b"[", b"{"):
            raise self.refused(f"{kind!r} is no type of value")
        if depth == DEPTH_LIMIT:
            raise self.refused(f"it is nested deeper than {DEPTH_LIMIT}")
        return self._list(depth + 1) if kind == b"[" else self._object(depth + 1)

    def _number(self, kind: bytes) -> int | float:
        raw = self.take(np.dtype(_NUMBERS[kind]).itemsize)
        if kind in _INTEGERS:
            return int.from_bytes(raw, "big", signed=kind != b"U")
        return float(struct.unpack(">f" if kind == b"d" else ">d", raw)[0])

    def _text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise self.refused("a text is not UTF-8") from None

    def _count(self) -> int:
        kind = self.take(1)
        if kind not in _INTEGERS:
            raise self.refused("expected a length")
        found = self._number(kind)
        # Whatever is counted takes a byte at least, so a lie about the length ends here.
        if not 0 <= found <= len(self._content) - self.at:
            raise self.refused(f"the length {found} is more than there is")
        return int(found)

    def _list(self, depth: int) -> Any:
        kind, count = self._header()
        if kind is not None:
            if kind not in _NUMBERS or count is None:
                raise self.refused("a list of one type that is no number")
            form = np.dtype(_NUMBERS[kind])
            return np.frombuffer(self.take(count * form.itemsize), dtype=form).astype(form.newbyteorder("="))
        found: list[object] = []
        self._each(count, b"]", lambda kind: found.append(self.value(kind, depth)))
        return found

    def _object(self, depth: int) -> dict[str, object]:
        kind, count = self._header()
        if kind is not None:
            raise self.refused("an object of one type")
        found: dict[str, object] = {}

        def entry(length: bytes) -> None:
            self.at -= 1  # names have no type: that byte is the length's
            name = self._text(self._count())
            found[name] = self.value(self.take(1), depth)

        self._each(count, b"}", entry)
        return found

    def _each(self, count: int | None, end: bytes, item: Callable[[bytes], None]) -> None:
        if count is not None:
            for _ in range(count):
                item(self.take(1))
            return
        while (kind := self.take(1)) != end:
            item(kind)

    def _header(self) -> tuple[bytes | None, int | None]:
        kind = None
        if self._content[self.at : self.at + 1] == b"$":
            self.take(1)
            kind = self.take(1)
        if self._content[self.at : self.at + 1] == b"#":
            self.take(1)
            return kind, self._count()
        return kind, None
