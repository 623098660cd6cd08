"""From the features of a request to the matrix that the estimator reads: the pipeline's ColumnTransformer in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mooring.artifact.compiled.table import CategoryColumn, IndicatorColumn, NumberColumn, Table

Floats = NDArray[np.float64]
Values = Sequence[Any] | NDArray[Any]
"""One feature's values: numbers (missing: NaN or None), or texts (missing: None)."""


class Matrix:
    """Makes the matrix; the same numbers, to the last bit, as the pipeline that the table was written from."""

    def __init__(self, table: Table, features: Sequence[str]) -> None:
        place = {name: index for index, name in enumerate(features)}
        self._texts = [(place[column.feature], *_codes(column)) for column in table.categories]
        self._numbers = [place[column.feature] for column in table.numbers]
        self._coding = _Coding(table) if _needs_coding(table) else None

    def encode(self, columns: Sequence[Values]) -> Floats:
        """Return the matrix (rows, width), C-contiguous, of all features in the manifest's order."""
        rows = len(columns[0])
        if rows == 1:
            one = [codes.get(columns[at][0], unknown) for at, codes, unknown in self._texts]
            one += [columns[at][0] for at in self._numbers]
            plain = np.array(one, dtype=np.float64).reshape(1, -1)
        else:
            many: list[Values] = [
                [codes.get(value, unknown) for value in columns[at]] for at, codes, unknown in self._texts
            ]
            many += [columns[at] for at in self._numbers]
            plain = np.ascontiguousarray(np.array(many, dtype=np.float64).T)
        return plain if self._coding is None else self._coding.apply(plain)


class _Coding:
    """One-hot columns, imputed and scaled numbers, and indicators, from codes and raw numbers."""

    def __init__(self, table: Table) -> None:
        places = {column.feature: index for index, column in enumerate(table.numbers)}
        widths = [column.width or 1 for column in table.categories]
        self._offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        self._texts = len(widths)
        self._one_hot = [column.width is not None for column in table.categories]
        self._fills = np.array([np.nan if column.fill is None else column.fill for column in table.numbers])
        self._indicated = np.array([places[column.feature] for column in table.indicators], dtype=np.int64)
        scaled: list[NumberColumn | IndicatorColumn] = [*table.numbers, *table.indicators]
        self._mean = np.array([column.mean for column in scaled])
        self._scale = np.array([column.scale for column in scaled])
        self._scales = bool((self._mean != 0).any() or (self._scale != 1).any())

    def apply(self, plain: Floats) -> Floats:
        """Return the matrix of (rows, texts + numbers) codes and numbers."""
        rows, start, texts = len(plain), int(self._offsets[-1]), self._texts
        matrix = np.zeros((rows, start + len(self._mean)))
        if texts:
            self._set_categories(matrix, plain[:, :texts])
        numbers = plain[:, texts:]
        end = start + numbers.shape[1]
        missing = np.isnan(numbers)
        matrix[:, start:end] = np.where(missing, self._fills, numbers)
        if len(self._indicated):
            matrix[:, end:] = missing[:, self._indicated]
        if self._scales:
            # Subtracted, then divided, as StandardScaler does: one multiplication would round otherwise.
            matrix[:, start:] -= self._mean
            matrix[:, start:] /= self._scale
        return matrix

    def _set_categories(self, matrix: Floats, codes: Floats) -> None:
        for text, (offset, one_hot) in enumerate(zip(self._offsets[:-1], self._one_hot, strict=True)):
            if one_hot:
                chosen = codes[:, text].astype(np.int64)
                known = np.flatnonzero(chosen >= 0)
                matrix[known, offset + chosen[known]] = 1.0
            else:
                matrix[:, offset] = codes[:, text]


def _needs_coding(table: Table) -> bool:
    plain = all(column == NumberColumn(feature=column.feature) for column in table.numbers)
    return bool(table.indicators) or not plain or any(column.width is not None for column in table.categories)


def _codes(column: CategoryColumn) -> tuple[Mapping[str | None, int], int]:
    codes: dict[str | None, int] = dict(zip(column.categories, column.codes, strict=True))
    return {**codes, None: column.missing}, column.unknown
