"""Cells that serving would refuse, found in whole columns: the rules of `mooring.serving.v2.column`, vectorised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature
from mooring.serving.errors import shown
from mooring.serving.v2.datatypes import EXACT_INT, FLOAT_LIMITS, expected
from mooring.training.failure import data_error

Bad = NDArray[np.bool_]
Values = NDArray[np.float64] | NDArray[np.object_]

_WORDS = {"true": 1.0, "false": 0.0}
_NO_NUMBER = float("inf")
"""Stands for a text that is no number: refused by every datatype."""


@dataclass(frozen=True)
class Checked:
    """Features of n rows: `columns[i]` as a backend wants them, and per feature which rows are wrong (absent: none)."""

    columns: list[Values]
    bad: dict[str, Bad]

    @property
    def refused(self) -> Bad | None:
        """Which rows have anything wrong (n,); None: no row has."""
        return np.logical_or.reduce(list(self.bad.values())) if self.bad else None


def check(features: Sequence[Feature], batch: pa.RecordBatch, *, parse: bool) -> Checked:
    """Return the features of a batch; with `parse` texts are read as numbers, as CSV needs it.

    Raises RunFailed (Data) for a column whose type cannot be the feature's.
    """
    columns: list[Values] = []
    bad: dict[str, Bad] = {}
    for feature in features:
        column = batch.column(feature.name)
        values, wrong = _texts(column, feature) if feature.datatype == "BYTES" else _numbers(column, feature, parse)
        columns.append(values)
        if wrong.any():
            bad[feature.name] = wrong
    return Checked(columns, bad)


def why(feature: Feature, value: object) -> str:
    """Return what is wrong with a cell that was refused, in a sentence."""
    wanted = expected(feature.datatype, nullable=feature.nullable)
    if value is None or value != value:
        return f"is missing, and training saw no missing value here; expected {wanted}"
    if feature.datatype == "BYTES":
        return f"is {shown(value)}, a category that training never saw"
    return f"is {shown(value)}, expected {wanted} of a magnitude that the model can compute with"


def _numbers(column: Any, feature: Feature, parse: bool) -> tuple[Values, Bad]:
    kind = column.type
    if parse and pa.types.is_string(kind):
        values = _parsed(column)
    elif pa.types.is_null(kind):
        values = np.full(len(column), np.nan)
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    elif pa.types.is_decimal(kind):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    else:
        raise _wrong_type(feature, kind)
    missing = np.isnan(values)
    # Written so that NaN, which every comparison denies, is not wrong by itself.
    if feature.datatype == "FP64":
        wrong = np.abs(values) > FLOAT_LIMITS["FP64"]
    elif feature.datatype == "INT64":
        wrong = (np.abs(values) > EXACT_INT) | (np.floor(values) < values)
    else:
        wrong = (values != 0) & (values != 1) & ~missing
    return values, wrong if feature.nullable else wrong | missing


def _parsed(column: Any) -> NDArray[np.float64]:
    try:
        numbers: NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
        return numbers
    except pa.ArrowInvalid:
        encoded = column.dictionary_encode()
        words = np.array([*map(_number, encoded.dictionary.to_pylist()), np.nan])
        found: NDArray[np.float64] = words[_indices(encoded)]
        return found


def _number(text: str) -> float:
    if (word := text.strip().lower()) in _WORDS:
        return _WORDS[word]
    try:
        return _NO_NUMBER if "_" in text else float(text)
    except ValueError:
        return _NO_NUMBER


def _texts(column: Any, feature: Feature) -> tuple[Values, Bad]:
    kind = column.type
    if not pa.types.is_dictionary(kind):
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            raise _wrong_type(feature, kind)
        column = column.cast(pa.large_string()).dictionary_encode()
    words = column.dictionary.to_pylist()
    if not all(isinstance(word, str) or word is None for word in words):
        raise _wrong_type(feature, kind)
    known = None if feature.categories is None else frozenset(feature.categories)
    wrong = [word is not None and known is not None and word not in known for word in words]
    indices = _indices(column)
    values: NDArray[np.object_] = np.array([*words, None], dtype=object)[indices]
    return values, np.array([*wrong, not feature.nullable], dtype=np.bool_)[indices]


def _indices(encoded: Any) -> NDArray[np.int64]:
    """Return places in the dictionary, the last one for what is missing."""
    places: NDArray[np.int64] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def _wrong_type(feature: Feature, kind: Any) -> Exception:
    wanted = expected(feature.datatype, nullable=feature.nullable)
    return data_error(
        "ColumnType", f"column {feature.name!r} is of type {kind}, and the model wants {wanted}: convert the column"
    )
