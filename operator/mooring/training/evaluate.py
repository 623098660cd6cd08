"""What the holdout says about a fitted model."""

from __future__ import annotations

import math

import numpy as np

from mooring.api.modelversion import MetricValue
from mooring.api.trainingjob import Metric, Task
from mooring.artifact.predict import Answers
from mooring.stats.bootstrap import Estimate, Metrics, estimate
from mooring.stats.classification import BinaryMetrics, MulticlassMetrics
from mooring.stats.regression import RegressionMetrics
from mooring.training.numbers import number
from mooring.training.split import Mask
from mooring.training.target import Target

PRIMARY: dict[Task, Metric] = {
    "BinaryClassification": "roc_auc",
    "MulticlassClassification": "accuracy",
    "Regression": "rmse",
}


def evaluate(
    target: Target, holdout: Mask, answers: Answers, *, seed: int, primary: Metric | None
) -> list[MetricValue]:
    """Return every metric of the task on the held out rows with its 95% interval, the primary one first.

    `answers` are those to the held out rows. A metric that the rows do not define is NaN.
    """
    rows = int(holdout.sum())
    estimates = estimate(_metrics(target, holdout, answers), rows, seed=seed)
    first = primary or PRIMARY[target.task]
    names = sorted(estimates, key=lambda name: name != first)
    return [_value(name, estimates[name], rows) for name in names]


def _metrics(target: Target, holdout: Mask, answers: Answers) -> Metrics:
    if target.task == "Regression":
        return RegressionMetrics(target.values[holdout].astype(np.float64), answers.prediction)
    truth, said = target.codes()[holdout], answers.codes
    if target.positive is None:
        return MulticlassMetrics(truth, said, answers.probability)
    positive = target.positive
    return BinaryMetrics(truth == positive, said == positive, answers.probability[:, positive])


def _value(name: str, found: Estimate, rows: int) -> MetricValue:
    low, high = (None if bound is None or math.isnan(bound) else number(bound) for bound in (found.low, found.high))
    return MetricValue.model_validate(
        {"name": name, "value": number(found.value), "low": low, "high": high, "rows": rows}
    )
