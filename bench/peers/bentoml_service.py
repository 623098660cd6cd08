"""A service as BentoML's documentation has it; runs in BentoML's environment, from the folder of the pickle."""

import os
from typing import Any

import bentoml
import joblib
import numpy as np
import pandas as pd


@bentoml.service(workers=1)
class Service:
    """Answers rows by the estimator's predict, one request at a time or in batches."""

    def __init__(self) -> None:
        self._estimator = joblib.load(os.environ["BENCH_PICKLE"])

    @bentoml.api  # type: ignore[untyped-decorator]  # its package is not in this environment
    def predict(self, rows: list[Any]) -> list[Any]:
        """Return the labels."""
        return self._labels(rows)

    @bentoml.api(batchable=True)  # type: ignore[untyped-decorator]
    def batched(self, rows: list[Any]) -> list[Any]:
        """Return the labels, computed together with those of other requests."""
        return self._labels(rows)

    def _labels(self, rows: list[Any]) -> list[Any]:
        table = pd.DataFrame(rows) if isinstance(rows[0], dict) else np.array(rows)
        labels: list[Any] = self._estimator.predict(table).tolist()
        return labels
