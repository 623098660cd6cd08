"""Metrics of a regression as functions of the rows' weights. Definitions are scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mooring.stats.bootstrap import Floats


class RegressionMetrics:
    """Metrics of a regression, from `truth` and `predicted` (n,)."""

    def __init__(self, truth: Floats, predicted: Floats) -> None:
        error = predicted - truth
        centred = truth - truth.mean()  # keeps the variance exact where values are large
        self._terms = np.column_stack([error**2, np.abs(error), centred, centred**2])

    def __call__(self, weights: Floats) -> Mapping[str, Floats]:
        """Return every metric for each row of `weights` (b, n); r2 is NaN where the truth does not vary."""
        squared, absolute, mean, square = (weights @ self._terms).T / weights.sum(axis=1)
        variance = square - mean**2
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = np.where(variance > 1e-12 * np.maximum(square, 1e-300), 1 - squared / variance, np.nan)
        return {"rmse": np.sqrt(squared), "mae": absolute, "r2": r2}
