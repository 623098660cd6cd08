"""One tensor of a request, as JSON or as binary data, and back."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import prod
from typing import Any

from .refused import Refused

CODES = {
    **{"BOOL": "?", "FP16": "e", "FP32": "f", "FP64": "d"},
    **{
        "INT8": "b",
        "INT16": "h",
        "INT32": "i",
        "INT64": "q",
        "UINT8": "B",
        "UINT16": "H",
        "UINT32": "I",
        "UINT64": "Q",
    },
}
"""How each lies in binary data, little-endian; BYTES is 4 bytes of length and the text."""


def read_tensor(sent: Any, binary: memoryview) -> tuple[str, str, list[int], list[Any], memoryview]:
    """Return name, datatype, shape ([rows] or [rows, columns]), values row-major, and the binary data that is left."""
    if not isinstance(sent, dict) or not isinstance(sent.get("name"), str):
        raise Refused("inputs: expected tensors: objects with name, shape, datatype and data")
    name, datatype, shape = sent["name"], sent.get("datatype"), sent.get("shape")
    if datatype != "BYTES" and datatype not in CODES:
        raise Refused(f"input {name!r}: datatype is {datatype!r:.60}; expected one of {', '.join([*CODES, 'BYTES'])}")
    whole = isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)
    if not whole or not isinstance(shape, list) or not 1 <= len(shape) <= 2:
        raise Refused(f"input {name!r}: shape is {shape!r:.60}; expected [rows] or [rows, columns], at least 1 of each")
    parameters = sent.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None:
        if type(size) is not int or not 0 <= size <= len(binary):
            raise Refused(f"input {name!r}: binary_data_size is {size!r:.60}, and {len(binary)} bytes of data are left")
        values, binary = _unpacked(bytes(binary[:size]), datatype, name), binary[size:]
    else:
        values = _flat(sent.get("data"), shape, name)
    if len(values) != prod(shape):
        raise Refused(f"input {name!r}: shape {shape} holds {prod(shape)} values, and the data {len(values)}")
    return name, datatype, shape, values, binary


def pack(datatype: str, values: Sequence[Any]) -> bytes:
    """Return values as binary data."""
    if datatype == "BYTES":
        texts = [str(value).encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack(f"<{len(values)}{CODES[datatype]}", *values)


def _flat(data: Any, shape: list[int], name: str) -> list[Any]:
    if not isinstance(data, list):
        raise Refused(f"input {name!r}: data is {data!r:.60}; expected a list of {prod(shape)} values")
    if len(shape) == 2 and data and isinstance(data[0], list):
        for row, values in enumerate(data):
            if not isinstance(values, list) or len(values) != shape[1]:
                raise Refused(f"input {name!r}: row {row} of the nested data does not fit shape {shape}")
        return [value for values in data for value in values]
    return data


def _unpacked(raw: bytes, datatype: str, name: str) -> list[Any]:
    if datatype != "BYTES":
        width = struct.calcsize(f"<{CODES[datatype]}")
        if len(raw) % width:
            raise Refused(f"input {name!r}: {len(raw)} bytes are no multiple of the {width} of one {datatype}")
        return list(struct.unpack(f"<{len(raw) // width}{CODES[datatype]}", raw))
    values: list[Any] = []
    at = 0
    while at < len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        if end > len(raw):
            raise Refused(f"input {name!r}: the binary strings are cut off; each is 4 bytes of length and its bytes")
        try:
            values.append(raw[at + 4 : end].decode())
        except UnicodeDecodeError:
            raise Refused(f"input {name!r}: row {len(values)} is not UTF-8 text") from None
        at = end
    return values
