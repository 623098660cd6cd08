"""A few rows, by floats of Python: an array's fixed price, at every step of a model, is more than what they cost.

For models with one score, which most are. What is not taken here is answered by arrays, a little slower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import mul, sub

import numpy as np
from numpy.typing import NDArray

from mooring.api.trainingjob import Task
from mooring.artifact.compiled.table import Linear, Link, Table
from mooring.artifact.predict import Answers
from mooring.ledger.packed import Packed, doubles

FEW_VALUES = 256
FEW_ROWS = 32
"""With more of them arrays are faster: values for a linear model, rows for trees."""
_EXP_LIMIT = 709.0

Few = Callable[[Packed], list[float] | None]


def few(table: Table, features: Sequence[str], scored: Callable[[Packed], NDArray[np.float64]]) -> Few:
    """Return what answers a few rows: from rows to predictions, or to the second class' probabilities.

    `scored` gives scores (n, k) by arrays. The function returns None for rows that arrays must answer.
    """
    link, estimator = _LINKS.get(table.link), table.estimator
    if link is None or not estimator.has_one_score or not table.keeps_order(features):
        return lambda _: None
    if isinstance(estimator, Linear) and any(column.width is None for column in table.categories):
        return lambda _: None
    scores = _Linear(table, estimator) if isinstance(estimator, Linear) else _trees(scored)

    def answer(rows: Packed) -> list[float] | None:
        found = scores(rows)
        return None if found is None or not math.isfinite(sum(found)) else [*map(link, found)]

    return answer


def few_answers(task: Task, found: Sequence[float]) -> Answers:
    """Return what `few` found as answers."""
    if task == "Regression":
        return Answers(prediction=np.array(found))
    probability = np.array([(1.0 - second, second) for second in found])
    return Answers(probability=probability, codes=probability.argmax(axis=1))


def _trees(scored: Callable[[Packed], NDArray[np.float64]]) -> Few:
    def scores(rows: Packed) -> list[float] | None:
        if rows.rows > FEW_ROWS:
            return None
        found: list[float] = scored(rows).ravel().tolist()
        return found

    return scores


class _Linear:
    """Scores of a linear model without its matrix: each category's weight is looked up, numbers are scaled and weighed.

    A missing number makes the score NaN, and is left to the matrix, which fills it.
    """

    def __init__(self, table: Table, linear: Linear) -> None:
        """Read a table with one score, and columns of their own for all categories."""
        (weights,) = linear.coefficients
        at = 0
        self._texts: list[tuple[Mapping[object, float], float]] = []
        for column in table.categories:
            width = column.width or 0
            of_code = [*weights[at : at + width], 0.0]  # the last: of code -1, which has no column
            found: dict[object, float] = {None: of_code[column.missing]}
            found |= {name: of_code[code] for name, code in zip(column.categories, column.codes, strict=True)}
            self._texts.append((found, of_code[column.unknown]))
            at += width
        numbers = len(table.numbers)
        self._width = numbers
        self._means = [column.mean for column in table.numbers]
        self._weights = [
            weight / column.scale for weight, column in zip(weights[at : at + numbers], table.numbers, strict=True)
        ]
        # Nothing is missing in these rows: indicators are 0.
        absent = zip(weights[at + numbers :], table.indicators, strict=True)
        self._constant = linear.intercepts[0] - sum(w * column.mean / column.scale for w, column in absent)

    def __call__(self, rows: Packed) -> list[float] | None:
        """Return a score for each row."""
        constant, means, weights = self._constant, self._means, self._weights
        if rows.rows * len(rows) > FEW_VALUES:
            return None
        if self._width:
            scores = [
                constant + sum(map(mul, map(sub, row, means), weights))
                for row in doubles(self._width).iter_unpack(rows.numbers)
            ]
        else:
            scores = [constant] * rows.rows
        for (table, unknown), values in zip(self._texts, rows.texts, strict=True):
            scores = [score + table.get(value, unknown) for score, value in zip(scores, values, strict=True)]
        return scores


def _identity(score: float) -> float:
    return score


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(min(-score, _EXP_LIMIT)))


_LINKS: dict[Link, Callable[[float], float]] = {
    "Identity": _identity,
    "Share": _identity,
    "Logistic": _logistic,
}
