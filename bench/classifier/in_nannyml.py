"""NannyML's domain classifier with its defaults: LightGBM, five folds; alarm outside 0.45 to 0.65."""

from __future__ import annotations

import nannyml
import pandas as pd

from bench.classifier.given import answer


def say(reference: pd.DataFrame, captured: pd.DataFrame) -> tuple[float, bool]:
    """Return the AUROC, and whether it alarms."""
    calculator = nannyml.DomainClassifierCalculator(feature_column_names=list(reference), chunk_size=len(captured))
    found = calculator.fit(reference).calculate(captured).filter(period="analysis").to_df()
    part = found["domain_classifier_auroc"].iloc[0]
    return float(part["value"]), bool(part["alert"])


if __name__ == "__main__":
    answer(say)
