"""Rows of the data that are kept beside the model, for those who later ask whether other rows are like them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def sample_of(frame: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Return so many of the rows (all, where there are fewer), each as likely as any other, in the data's order."""
    if rows >= len(frame):
        return frame
    chosen = np.random.default_rng(seed).choice(len(frame), rows, replace=False)
    return frame.iloc[np.sort(chosen)]
