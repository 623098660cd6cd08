"""Evidently's presets with their defaults, window by window: drift of columns, and of a column's share of all."""

from __future__ import annotations

import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.presets import ClassificationQuality, DataDriftPreset

from bench.census_drift.given import Voices, answer, categories, features, windows


def say(reference: pd.DataFrame, rows: pd.DataFrame) -> Voices:
    """Return whether half of the columns drift, whether any does, and whether its test of accuracy fails."""
    texts = categories(reference)
    about = DataDefinition(
        numerical_columns=[name for name in features(reference) if name not in texts],
        categorical_columns=texts,
        classification=[BinaryClassification(target="truth", prediction_labels="label", pos_label=1)],
    )
    known = Dataset.from_pandas(reference.drop(columns="score"), data_definition=about)
    found: Voices = {"half of the columns": [], "any column": [], "truth": []}
    for window in windows(rows):
        now = Dataset.from_pandas(window.drop(columns="score"), data_definition=about)
        drift = Report([DataDriftPreset(columns=features(reference))]).run(now, known).dict()["metrics"][0]["value"]
        found["half of the columns"].append(bool(drift["share"] >= 0.5))
        found["any column"].append(bool(drift["count"] > 0))
        found["truth"].append(_worse(now, known))
    return found


def _worse(now: Dataset, known: Dataset) -> bool:
    tests = Report([ClassificationQuality()], include_tests=True).run(now, known).dict()["tests"]
    return any(test["name"].startswith("Accuracy") and test["status"].value != "SUCCESS" for test in tests)


if __name__ == "__main__":
    answer(say)
