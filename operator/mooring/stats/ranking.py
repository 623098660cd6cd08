"""How well scores rank positives above negatives, for many weightings of the same rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mooring.stats.bootstrap import Floats


class Ranking:
    """Rows sorted by score once.

    `scores` (n,) are higher for likelier positives, `positive` (n,) says which rows are.
    """

    def __init__(self, scores: Floats, positive: NDArray[np.bool_]) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._positive = positive[self._order]
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))

    def evaluate(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return ROC-AUC and average precision for each row of `weights` (b, n); NaN where a class has no weight.

        ROC-AUC by the trapezoidal rule, which gives ties half (Hanley and McNeil 1982, equal to Mann-Whitney's U);
        average precision is the sum of precision times the step of recall, without interpolation (as scikit-learn).
        """
        ordered = weights[:, self._order]
        hits = _cumulated(ordered * self._positive, self._ends)
        misses = _cumulated(ordered, self._ends) - hits
        positives, negatives = hits[:, -1], misses[:, -1]
        gained = np.diff(hits, axis=1, prepend=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            area = (np.diff(misses, axis=1, prepend=0.0) * (hits - gained / 2)).sum(axis=1)
            auc = area / (positives * negatives)
            found = hits + misses
            precision = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
            average_precision = (gained * precision).sum(axis=1) / positives
        return auc, average_precision


def _cumulated(values: Floats, ends: NDArray[np.int64]) -> Floats:
    cumulated: Floats = np.cumsum(values, axis=1)[:, ends]
    return cumulated
