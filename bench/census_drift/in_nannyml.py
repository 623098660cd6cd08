"""NannyML with its defaults: each column, accuracy estimated without truths (CBPE), and accuracy by truths."""

from __future__ import annotations

import nannyml
import pandas as pd

from bench.census_drift.given import Voices, answer, features

MODEL = {
    "y_pred_proba": "score",
    "y_pred": "label",
    "y_true": "truth",
    "problem_type": "classification_binary",
    "metrics": ["accuracy"],
}


def say(reference: pd.DataFrame, rows: pd.DataFrame) -> Voices:
    """Return in which windows any column, the estimate and the truth alarm. Its chunks are the windows."""
    size = int((rows["window"] == rows["window"].iloc[0]).sum())
    columns = nannyml.UnivariateDriftCalculator(column_names=features(reference), chunk_size=size)
    columns.fit(reference)
    moved = columns.calculate(rows).filter(period="analysis").to_df().xs("alert", axis=1, level=2).any(axis=1)
    estimate = nannyml.CBPE(chunk_size=size, **MODEL).fit(reference).estimate(rows)
    truth = nannyml.PerformanceCalculator(chunk_size=size, **MODEL).fit(reference).calculate(rows)
    return {"any column": moved.astype(bool).tolist(), "estimate": _alerts(estimate), "truth": _alerts(truth)}


def _alerts(result: nannyml.base.AbstractResult) -> list[bool]:
    return [bool(alert) for alert in result.filter(period="analysis").to_df()[("accuracy", "alert")]]


if __name__ == "__main__":
    answer(say)
