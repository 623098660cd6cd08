"""From features to the numbers that the estimator reads: compiled.json's table, row by row in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Rows = list[list[float]]


class Matrix:
    """The columns in their order: categories, numbers, indicators."""

    def __init__(self, table: dict[str, Any], features: Sequence[str]) -> None:
        place = {name: at for at, name in enumerate(features)}
        self._texts = [(place[one["feature"]], _codes(one), one.get("width")) for one in table["categories"]]
        self._numbers = [
            (place[one["feature"]], one.get("fill"), one["mean"], one["scale"]) for one in table["numbers"]
        ]
        self._missing = [(place[one["feature"]], one["mean"], one["scale"]) for one in table["indicators"]]

    def rows(self, columns: Sequence[Sequence[Any]]) -> Rows:
        """Return the matrix of features that came column by column."""
        return [self._row(values) for values in zip(*columns)]  # noqa: B905 (all are as long; checked)

    def _row(self, values: Sequence[Any]) -> list[float]:
        row: list[float] = []
        for at, (codes, unknown), width in self._texts:
            code = codes.get(values[at], unknown)
            row += [float(code)] if width is None else [float(place == code) for place in range(width)]
        for at, fill, mean, scale in self._numbers:
            value = values[at]
            if fill is not None and math.isnan(value):
                value = fill
            row.append((value - mean) / scale)
        for at, mean, scale in self._missing:
            row.append((float(math.isnan(values[at])) - mean) / scale)
        return row


def _codes(column: dict[str, Any]) -> tuple[dict[Any, int], int]:
    codes: dict[Any, int] = dict(zip(column["categories"], column["codes"]))  # noqa: B905 (the certificate saw both)
    return {**codes, None: column["missing"]}, column["unknown"]
