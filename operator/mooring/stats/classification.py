"""Metrics of a classification as functions of the rows' weights. Definitions are scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.stats.bootstrap import Floats
from mooring.stats.ranking import Ranking

Codes = NDArray[np.int64]


class BinaryMetrics:
    """Metrics of a binary classification.

    `truth` and `predicted` (n,) say which rows are and were said to be positive; `probability` (n,) of being positive.
    """

    def __init__(self, truth: NDArray[np.bool_], predicted: NDArray[np.bool_], probability: Floats) -> None:
        self._ranking = Ranking(probability, truth)
        likelihood = _clipped(np.where(truth, probability, 1 - probability))
        self._terms = np.column_stack(
            [
                truth == predicted,
                truth & predicted,
                truth,
                predicted,
                -np.log(likelihood),
                (probability - truth) ** 2,
            ]
        ).astype(np.float64)

    def __call__(self, weights: Floats) -> Mapping[str, Floats]:
        """Return every metric for each row of `weights` (b, n)."""
        total = weights.sum(axis=1)
        correct, hits, actual, said, log_loss, brier = (weights @ self._terms).T
        auc, average_precision = self._ranking.evaluate(weights)
        return {
            "accuracy": correct / total,
            "precision": _ratio(hits, said),
            "recall": _ratio(hits, actual),
            "f1": _ratio(2 * hits, actual + said),
            "roc_auc": auc,
            "average_precision": average_precision,
            "log_loss": log_loss / total,
            "brier": brier / total,
        }


@dataclass(frozen=True)
class _PerClass:
    hits: Floats
    actual: Floats
    said: Floats


class MulticlassMetrics:
    """Metrics of a classification in k classes; precision, recall, f1 and the rankings are means over the classes.

    `truth` and `predicted` (n,) are class numbers, `probability` (n, k). Rankings are one class against the rest.
    """

    def __init__(self, truth: Codes, predicted: Codes, probability: Floats) -> None:
        classes = np.arange(probability.shape[1])
        is_class = truth[:, None] == classes
        said_class = predicted[:, None] == classes
        self._count = len(classes)
        self._rankings = [Ranking(probability[:, k], is_class[:, k]) for k in classes]
        likelihood = _clipped(probability[np.arange(len(truth)), truth])
        brier = ((probability - is_class) ** 2).sum(axis=1)
        self._means = np.column_stack([truth == predicted, -np.log(likelihood), brier]).astype(np.float64)
        self._terms = np.hstack([is_class & said_class, is_class, said_class]).astype(np.float64)

    def __call__(self, weights: Floats) -> Mapping[str, Floats]:
        """Return every metric for each row of `weights` (b, n); NaN rankings where a class has no weight."""
        correct, log_loss, brier = (weights @ self._means).T / weights.sum(axis=1)
        sums = np.split(weights @ self._terms, 3, axis=1)
        of = _PerClass(*sums)
        ranked = [ranking.evaluate(weights) for ranking in self._rankings]
        return {
            "accuracy": correct,
            "precision": _macro(of.hits, of.said, of),
            "recall": _macro(of.hits, of.actual, of),
            "f1": _macro(2 * of.hits, of.actual + of.said, of),
            "roc_auc": np.mean([auc for auc, _ in ranked], axis=0),
            "average_precision": np.mean([precision for _, precision in ranked], axis=0),
            "log_loss": log_loss,
            "brier": brier,
        }


def _macro(numerator: Floats, denominator: Floats, of: _PerClass) -> Floats:
    """Return the mean over the classes that occur in truth or prediction, as scikit-learn's macro average."""
    occurs = (of.actual + of.said) > 0
    total: Floats = _ratio(numerator, denominator).sum(axis=1) / occurs.sum(axis=1)
    return total


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return the ratio, 0 where nothing was counted (scikit-learn's zero_division)."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _clipped(probability: Floats) -> Floats:
    tiny = np.finfo(np.float64).eps
    return np.clip(probability, tiny, 1 - tiny)
