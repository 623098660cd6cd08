"""The requests that nearly everyone sends, read by a few calls that run in C over all of their values.

Only a plain request is taken here: whatever is missing, converted, or wrong is left to the decoder, which says so with
its row. Both are to agree on every request that is taken here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import hypot
from typing import Any

from mooring.ledger.packed import Kinds, Packed, doubles
from mooring.serving.v2.column import Column
from mooring.serving.v2.datatypes import EXACT_INT, FLOAT_LIMITS

_FLOATS = ("FP64", "FP32")
_ONE_ROW = ([1], [1, 1])
_TYPES: dict[str, set[type]] = {"FP64": {int, float}, "INT64": {int}, "BOOL": {bool}, "BYTES": {str}}
_LEFT = ("binary_data_size", "shared_memory_region", "shared_memory_byte_size", "shared_memory_offset")
"""Parameters of a tensor that mean something."""


class Usual:
    """Reads rows for one model; the methods return None for what they leave to others."""

    def __init__(self, columns: Sequence[Column], kinds: Kinds) -> None:
        self._kinds = kinds
        self._width = len(columns)
        self._all_floats = all(column.datatype == "FP64" for column in columns)
        self._limit = FLOAT_LIMITS["FP64"] if self._all_floats else EXACT_INT
        self._by_name = {
            column.name: (column.datatype, _TYPES[column.datatype], column.categories, *place)
            for column, place in zip(columns, kinds.places, strict=True)
        }

    def tensors(self, inputs: list[Any]) -> Packed | None:
        """Return the rows of V2's `inputs`: one matrix of numbers, or one row with a tensor for each feature."""
        try:
            if len(inputs) == 1 and self._width > 1:
                return self._matrix(inputs[0])
            return self._row(inputs) if len(inputs) == self._width else None
        except (TypeError, ValueError, LookupError, OverflowError):
            return None

    def lists(self, rows: list[Any]) -> Packed | None:
        """Return rows that are lists of numbers."""
        try:
            return self._numbers(rows, len(rows)) if self._all_floats and type(rows[0]) is list else None
        except (TypeError, OverflowError):
            return None

    def _matrix(self, tensor: Any) -> Packed | None:
        if not self._all_floats or not isinstance(tensor, dict):
            return None
        if type(tensor["name"]) is not str or tensor["name"] in self._by_name:
            return None
        rows, width = tensor["shape"]
        if type(rows) is not int or type(width) is not int or width != self._width or not _is_plain(tensor):
            return None
        return self._numbers(tensor["data"], rows) if tensor["datatype"] in _FLOATS else None

    def _numbers(self, data: list[Any], rows: int) -> Packed | None:
        flat = data
        if isinstance(data[0], list):
            if len(data) != rows or not {self._width}.issuperset(map(len, data)):
                return None
            flat = data[0] if rows == 1 else list(chain.from_iterable(data))
        if len(flat) != rows * self._width or bool in set(map(type, flat)) or not hypot(*flat) < self._limit:
            return None
        return Packed(self._kinds, rows, doubles(len(flat)).pack(*flat))

    def _row(self, inputs: list[Any]) -> Packed | None:
        numbers: list[Any] = [None] * self._kinds.numbers
        texts: list[Any] = [None] * self._kinds.texts
        for tensor in inputs:
            if not isinstance(tensor, dict):
                return None
            datatype, types, categories, is_text, place = self._by_name[tensor["name"]]
            (value,) = data = tensor["data"]
            shape, sent = tensor["shape"], tensor["datatype"]
            if type(value) not in types or type(data) is not list:
                return None
            if shape not in _ONE_ROW or type(shape[0]) is not int or type(shape[-1]) is not int:
                return None
            if (sent != datatype and not (sent in _FLOATS and datatype == "FP64")) or not _is_plain(tensor):
                return None
            if not is_text:
                numbers[place] = value
            elif categories is None or value in categories:
                texts[place] = data
            else:
                return None
        # The length of the vector is NaN or infinite if any value is, and no value is beyond it; None is no number.
        if None in texts or not hypot(*numbers) < self._limit:
            return None
        return Packed(self._kinds, 1, doubles(len(numbers)).pack(*numbers), texts)


def _is_plain(tensor: dict[str, Any]) -> bool:
    parameters = tensor.get("parameters")
    return not parameters or (isinstance(parameters, dict) and parameters.keys().isdisjoint(_LEFT))
