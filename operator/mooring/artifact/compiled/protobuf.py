"""Protocol buffers as bytes: enough to write an ONNX file, without the 100 MB of the package that usually does.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_VARINT, _BYTES = 0, 2


def varint(value: int) -> bytes:
    """Return a whole number, not below zero."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def number(field: int, value: int) -> bytes:
    """Return a field that holds a whole number, not below zero."""
    return varint(field << 3 | _VARINT) + varint(value)


def content(field: int, value: bytes | str) -> bytes:
    """Return a field that holds text, bytes or a message."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | _BYTES) + varint(len(raw)) + raw


def packed(field: int, values: NDArray[np.generic]) -> bytes:
    """Return a repeated field of whole numbers (n,), none below zero."""
    rest = values.astype(np.uint64)
    groups: list[NDArray[np.uint8]] = []
    while not groups or rest.any():
        groups.append((rest & np.uint64(0x7F)).astype(np.uint8))
        rest = rest >> np.uint64(7)
    table = np.stack(groups, axis=1)
    used = len(groups) - (table[:, ::-1] != 0).argmax(axis=1)  # how many groups each number needs
    used[~table.any(axis=1)] = 1
    places = np.arange(len(groups))
    table |= np.where(places < used[:, np.newaxis] - 1, 0x80, 0).astype(np.uint8)
    return content(field, table[places < used[:, np.newaxis]].tobytes())
