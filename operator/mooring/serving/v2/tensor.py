"""One tensor of a request as it was sent: its shape, its datatype, and its values laid out flat."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import prod

import numpy as np

from mooring.serving.errors import bad_input, bad_tensor, shown
from mooring.serving.v2.datatypes import DATATYPES, NUMPY_TYPES

_UNOFFERED = ("shared_memory_region", "shared_memory_byte_size", "shared_memory_offset")


class BinaryData:
    """What follows a request's JSON: the tensors' bytes, in the order of the inputs."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def take(self, size: object, name: str) -> memoryview:
        """Return the next `size` bytes, which belong to tensor `name`."""
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(self._data):
            left = len(self._data)
            raise bad_tensor(name, f"binary_data_size is {shown(size)}, and {left} bytes of data are left")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def finish(self) -> None:
        """Refuse what no tensor has taken."""
        if len(self._data):
            raise bad_input(f"{len(self._data)} bytes of binary data belong to no input: check each binary_data_size")


class Tensor:
    """A tensor of one or two dimensions."""

    __slots__ = ("columns", "datatype", "name", "rows", "values")

    def __init__(self, sent: object, binary: BinaryData | None) -> None:
        """Read one element of `inputs`; raises Rejected where it is not a whole tensor."""
        if not isinstance(sent, dict):
            raise bad_input(f"inputs: {shown(sent)} is no tensor; expected objects with name, shape, datatype and data")
        name = sent.get("name")
        if not isinstance(name, str):
            raise bad_input(f"inputs: a tensor's name is {shown(name)}; expected the name of a feature")
        self.name = name
        datatype = sent.get("datatype")
        if not isinstance(datatype, str) or datatype not in DATATYPES:
            raise bad_tensor(name, f"datatype is {shown(datatype)}; expected one of {', '.join(sorted(DATATYPES))}")
        self.datatype = datatype
        shape = _shape(sent.get("shape"), name)
        self.rows = shape[0]
        self.columns = shape[1] if len(shape) == 2 else None
        """None: one dimension."""
        self.values = self._values(sent, shape, binary)
        """Row-major: rows times columns of them."""

    def _values(self, sent: dict[str, object], shape: list[int], binary: BinaryData | None) -> Sequence[object]:
        parameters = sent.get("parameters")
        if isinstance(parameters, dict) and parameters:
            for unoffered in _UNOFFERED:
                if unoffered in parameters:
                    raise bad_tensor(self.name, f"{unoffered} is not offered; send the data itsel")
            if "binary_data_size" in parameters:
                return self._binary(sent, parameters["binary_data_size"], prod(shape), binary)
        data = sent.get("data")
        if not isinstance(data, list):
            raise bad_tensor(self.name, f"data is {shown(data)}; expected a list of {prod(shape)} values")
        if len(data) == shape[0] and len(shape) == 1:
            return data
        if data and isinstance(data[0], list):
            return _flattened(data, shape, self.name)
        if len(data) != prod(shape):
            raise bad_tensor(self.name, f"shape {shape} holds {prod(shape)} values, and data {len(data)}")
        return data

    def _binary(self, sent: dict[str, object], size: object, count: int, binary: BinaryData | None) -> Sequence[object]:
        if binary is None:
            raise bad_tensor(self.name, "binary data needs the header Inference-Header-Content-Length")
        if "data" in sent:
            raise bad_tensor(self.name, "has both data and binary_data_size; send one of them")
        raw = binary.take(size, self.name)
        values = _texts(raw, self.name) if self.datatype == "BYTES" else _numbers(raw, self.datatype, self.name)
        if len(values) != count:
            raise bad_tensor(self.name, f"shape holds {count} values, and the binary data {len(values)}")
        return values


def _shape(sent: object, name: str) -> list[int]:
    whole = isinstance(sent, list) and all(type(size) is int and size >= 0 for size in sent)
    if not whole or not isinstance(sent, list) or not 1 <= len(sent) <= 2:
        raise bad_tensor(name, f"shape is {shown(sent)}; expected [rows] or [rows, columns]")
    if 0 in sent:
        raise bad_tensor(name, f"shape is {sent}, which holds no rows; expected at least one")
    return sent


def _flattened(data: list[object], shape: list[int], name: str) -> list[object]:
    wrong = len(data) != shape[0] or len(shape) == 1
    rows: list[list[object]] = []
    for row, values in enumerate(data):
        if wrong or not isinstance(values, list) or len(values) != shape[1]:
            raise bad_tensor(name, f"row {row} of the nested data does not fit shape {shape}")
        rows.append(values)
    return list(chain.from_iterable(rows))


def _numbers(raw: memoryview, datatype: str, name: str) -> Sequence[object]:
    kind = np.dtype(NUMPY_TYPES[datatype])
    if len(raw) % kind.itemsize:
        raise bad_tensor(name, f"{len(raw)} bytes are no multiple of the {kind.itemsize} of one {datatype}")
    if datatype == "BOOL":
        kind = np.dtype("?")
        return [bool(byte) for byte in raw]
    values: list[object] = np.frombuffer(raw, kind).tolist()
    return values


def _texts(raw: memoryview, name: str) -> Sequence[object]:
    values: list[object] = []
    at = 0
    while at < len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        if at + 4 > len(raw) or end > len(raw):
            raise bad_tensor(name, "the binary strings are cut off; each is 4 bytes of length and its bytes")
        try:
            values.append(str(raw[at + 4 : end], "utf-8"))
        except UnicodeDecodeError:
            raise bad_tensor(name, f"row {len(values)} is not UTF-8 text") from None
        at = end
    return values
