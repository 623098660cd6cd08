"""alibi-detect's ClassifierDrift with scikit-learn's boosting, five folds; alarm at p < 0.05 of a KS test of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from alibi_detect.cd import ClassifierDrift
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.classifier.given import NUMBERS, answer


def say(reference: pd.DataFrame, captured: pd.DataFrame) -> tuple[float, bool]:
    """Return the distance of the scores of both samples out of fold, and whether it alarms."""
    names = list(reference)
    texts = [name for name in reference if name not in NUMBERS]
    codes = {name: {text: at for at, text in enumerate(sorted({*reference[name], *captured[name]}))} for name in texts}

    def coded(part: pd.DataFrame) -> NDArray[np.float64]:
        columns = [part[name].map(codes[name]) if name in codes else part[name] for name in names]
        return np.column_stack([column.to_numpy(dtype=float) for column in columns])

    detector = ClassifierDrift(
        coded(reference),
        HistGradientBoostingClassifier(categorical_features=[name in texts for name in reference], random_state=0),
        backend="sklearn",
        n_folds=5,
        preds_type="probs",
        seed=0,
    )
    found = detector.predict(coded(captured))["data"]
    return float(found["distance"]), bool(found["is_drift"])


if __name__ == "__main__":
    answer(say)
