"""alibi-detect's TabularDrift: Kolmogorov-Smirnov and χ² on each column, p < 0.05 with Bonferroni, window by window."""

from __future__ import annotations

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift
from numpy.typing import NDArray

from bench.census_drift.given import Voices, answer, categories, features, windows

NEW = -1.0
"""Stands for nulls and texts that the reference does not have: it takes codes only."""


def say(reference: pd.DataFrame, rows: pd.DataFrame) -> Voices:
    """Return which windows it calls drift."""
    names, texts = features(reference), categories(reference)
    codes = {name: {text: at for at, text in enumerate(sorted(reference[name].unique()))} for name in texts}

    def coded(part: pd.DataFrame) -> NDArray[np.float64]:
        columns = [part[name].map(codes[name]).fillna(NEW) if name in codes else part[name] for name in names]
        return np.column_stack([column.to_numpy(dtype=float) for column in columns])

    places = {names.index(name): None for name in texts}
    detector = TabularDrift(coded(reference), p_val=0.05, categories_per_feature=places)
    return {"any column": [bool(detector.predict(coded(window))["data"]["is_drift"]) for window in windows(rows)]}


if __name__ == "__main__":
    answer(say)
