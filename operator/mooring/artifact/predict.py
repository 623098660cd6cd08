"""Asking a fitted pipeline: the same answers in training, in golden rows and in serving."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mooring.api.modelversion import Datatype, OutputTensor
from mooring.api.trainingjob import Task

if TYPE_CHECKING:
    # A server of compiled models never loads it.
    import pandas as pd

PROBABILITY = "probability"
LABEL = "label"
PREDICTION = "prediction"


def _nothing() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True)
class Answers:
    """The answers to n rows.

    `probability` (n, k) and `codes` (n,), the places of the labels in the manifest's `classes`, for a classification;
    `prediction` (n,) for a regression.
    """

    probability: NDArray[np.float64] = field(default_factory=_nothing)
    codes: NDArray[np.int64] = field(default_factory=_nothing)
    prediction: NDArray[np.float64] = field(default_factory=_nothing)

    def of_row(self, row: int) -> Answers:
        """Return the answer to one row."""
        here = slice(row, row + 1)
        return Answers(self.probability[here], self.codes[here], self.prediction[here])

    def of_rows(self, rows: NDArray[np.int64]) -> Answers:
        """Return the answers to the rows at these places."""
        if len(self.prediction):
            return Answers(prediction=self.prediction[rows])
        return Answers(self.probability[rows], self.codes[rows])


def ask(pipeline: Any, task: Task, frame: pd.DataFrame) -> Answers:
    """Return the pipeline's answers. The label is the class of the greatest probability, the first of equal ones."""
    if task == "Regression":
        return Answers(prediction=np.asarray(pipeline.predict(frame), dtype=np.float64).reshape(-1))
    probability = np.asarray(pipeline.predict_proba(frame), dtype=np.float64)
    return Answers(probability=probability, codes=probability.argmax(axis=1))


def outputs_of(task: Task, label: Datatype, classes: int) -> list[OutputTensor]:
    """Return the output tensors of a model: `prediction`, or `probability` and `label`."""
    if task == "Regression":
        return [OutputTensor(name=PREDICTION, datatype="FP64", shape=[-1])]
    return [
        OutputTensor(name=PROBABILITY, datatype="FP64", shape=[-1, classes]),
        OutputTensor(name=LABEL, datatype=label, shape=[-1]),
    ]
