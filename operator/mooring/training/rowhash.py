"""The hash that decides which rows are held out: a format (docs/formats.md), the same for ever, for rows in any order.

A cell becomes 64 bits: a number, boolean or time the bits of its float64 (so that int64 1, float64 1.0 and true are
alike, and one null that turns a column of integers into floats moves no row), a text the first 8 bytes of BLAKE2b, a
null a constant. Cells are folded in with the finaliser of SplitMix64.

Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014 (Stafford's variant 13).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

NULL = np.uint64(0x6E756C6C6E756C6C)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def row_hashes(columns: Sequence[pa.ChunkedArray], salt: str) -> Hashes:
    """Return a hash (n,) for each row of columns of equal length."""
    hashes = np.full(len(columns[0]), text_bits(salt), dtype=np.uint64)
    for column in columns:
        hashes = _mixed(hashes ^ _cell_bits(column))
    return hashes


def held_out(hashes: Hashes, per_mille: int) -> NDArray[np.bool_]:
    """Return which rows are held out (n,): a greater share holds out the same rows and more."""
    top = hashes >> np.uint64(32)
    chosen: NDArray[np.bool_] = top * np.uint64(1000) < np.uint64(per_mille) << np.uint64(32)
    return chosen


def text_bits(text: str) -> np.uint64:
    """Return the 64 bits of a text: BLAKE2b-64 of its UTF-8, read as a little-endian number."""
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def _mixed(values: Hashes) -> Hashes:
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def _cell_bits(column: pa.ChunkedArray) -> Hashes:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        return np.full(len(column), NULL, dtype=np.uint64)
    bits = _text_column_bits(column) if _is_text(column.type) else _number_bits(column)
    bits[column.is_null(nan_is_null=True).to_numpy()] = NULL
    return bits


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _text_column_bits(column: pa.ChunkedArray) -> Hashes:
    encoded = pc.dictionary_encode(column.cast(pa.large_string())).combine_chunks()
    words = np.array([text_bits(word) for word in encoded.dictionary.to_pylist()] or [NULL], dtype=np.uint64)
    bits: Hashes = words[encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)]
    return bits


def _number_bits(column: pa.ChunkedArray) -> Hashes:
    if pa.types.is_temporal(column.type):
        column = _microseconds(column)
    numbers = column.cast(pa.float64(), safe=False).fill_null(0.0).to_numpy() + 0.0  # -0.0 becomes 0.0
    bits: Hashes = numbers.view(np.uint64)
    return bits


def _microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times as microseconds: since 1970 in UTC, since midnight, or of a duration."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        zone = column.type.tz if pa.types.is_timestamp(column.type) else None
        column = column.cast(pa.timestamp("us", tz=zone), safe=False)
    elif pa.types.is_time(column.type):
        column = column.cast(pa.time64("us"), safe=False)
    elif pa.types.is_duration(column.type):
        column = column.cast(pa.duration("us"), safe=False)
    return column.cast(pa.int64())
