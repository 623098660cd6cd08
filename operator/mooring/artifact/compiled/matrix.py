"""From the features of a request to the matrix that the estimator reads: the pipeline's ColumnTransformer in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mooring.artifact.compiled.table import CategoryColumn, IndicatorColumn, NumberColumn, Table
from mooring.ledger.packed import Packed

Floats = NDArray[np.float64]
Values = Sequence[Any] | NDArray[Any]
"""One feature's values: numbers (missing: NaN or None), or texts (missing: None)."""


class Matrix:
    """Makes the matrix; the same numbers, to the last bit, as the pipeline that the table was written from."""

    def __init__(self, table: Table, features: Sequence[str]) -> None:
        place = {name: index for index, name in enumerate(features)}
        self._in_order = table.keeps_order(features)
        self._texts = [(place[column.feature], *_codes(column)) for column in table.categories]
        self._numbers = [place[column.feature] for column in table.numbers]
        self._coding = _Coding(table) if _needs_coding(table) else None

    def encode(self, columns: Sequence[Values]) -> Floats:
        """Return the matrix (rows, width), C-contiguous, of all features in the manifest's order."""
        plain = self._of_packed(columns) if isinstance(columns, Packed) and self._in_order else self._of(columns)
        return plain if self._coding is None else self._coding.apply(plain)

    def _of_packed(self, rows: Packed) -> Floats:
        """Return codes and numbers; read-only where there are numbers alone."""
        numbers = rows.matrix() if self._numbers else np.empty((rows.rows, 0))
        if not self._texts:
            return numbers
        plain = np.empty((len(numbers), len(self._texts) + numbers.shape[1]))
        for place, (values, (_, codes, unknown)) in enumerate(zip(rows.texts, self._texts, strict=True)):
            plain[:, place] = [codes.get(value, unknown) for value in values]
        plain[:, len(self._texts) :] = numbers
        return plain

    def _of(self, columns: Sequence[Values]) -> Floats:
        many: list[Values] = [
            [codes.get(value, unknown) for value in columns[at]] for at, codes, unknown in self._texts
        ]
        many += [columns[at] for at in self._numbers]
        return np.ascontiguousarray(np.array(many, dtype=np.float64).T)


class _Coding:
    """One-hot columns, imputed and scaled numbers, and indicators, from codes and raw numbers."""

    def __init__(self, table: Table) -> None:
        self._texts = len(table.categories)
        self._one_hot = _one_hot(table.categories)
        self._start = sum(column.width or 1 for column in table.categories)
        self._end = self._start + len(table.numbers)
        # One-hot codes have a column more, which is cut off: there go texts that have none.
        self._width = self._end + len(table.indicators)
        self._offsets = np.cumsum([0, *(column.width or 1 for column in table.categories)])[:-1]
        places = {column.feature: index for index, column in enumerate(table.numbers)}
        self._fills = np.array([np.nan if column.fill is None else column.fill for column in table.numbers])
        self._indicated = np.array([places[column.feature] for column in table.indicators], dtype=np.int64)
        scaled: list[NumberColumn | IndicatorColumn] = [*table.numbers, *table.indicators]
        self._mean = np.array([column.mean for column in scaled])
        self._scale = np.array([column.scale for column in scaled])
        self._scales = bool((self._mean != 0).any() or (self._scale != 1).any())

    def apply(self, plain: Floats) -> Floats:
        """Return the matrix of (rows, texts + numbers) codes and numbers, whose missing numbers it fills."""
        matrix = np.zeros((len(plain), self._width + self._one_hot))
        if self._one_hot:
            codes = plain[:, : self._texts].astype(np.int64)
            chosen = np.where(codes < 0, self._width, codes + self._offsets)
            matrix[np.arange(len(plain))[:, np.newaxis], chosen] = 1.0
            matrix = matrix[:, :-1]
        elif self._texts:
            matrix[:, : self._start] = plain[:, : self._texts]
        numbers = matrix[:, self._start : self._end]
        numbers[:] = plain[:, self._texts :]
        missing = np.isnan(numbers)
        np.copyto(numbers, self._fills, where=missing)
        if len(self._indicated):
            matrix[:, self._end :] = missing[:, self._indicated]
        if self._scales:
            # Subtracted, then divided, as StandardScaler does: one multiplication would round otherwise.
            tail = matrix[:, self._start :]
            tail -= self._mean
            tail /= self._scale
        return matrix


def _one_hot(columns: Sequence[CategoryColumn]) -> bool:
    kinds = {column.width is not None for column in columns}
    if len(kinds) > 1:
        raise ValueError("some categories are one-hot and others are not")
    return kinds == {True}


def _needs_coding(table: Table) -> bool:
    plain = all(column == NumberColumn(feature=column.feature) for column in table.numbers)
    return bool(table.indicators) or not plain or any(column.width is not None for column in table.categories)


def _codes(column: CategoryColumn) -> tuple[Mapping[object, int], int]:
    codes: dict[object, int] = {None: column.missing}
    return codes | dict(zip(column.categories, column.codes, strict=True)), column.unknown
