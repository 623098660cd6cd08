"""Rows with their answers, that a server repeats before it is ready."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Feature, Golden, Scalar
from mooring.artifact.predict import LABEL, PREDICTION, PROBABILITY, Answers, ask
from mooring.training.failure import RunFailed
from mooring.training.target import Target

ROWS = 32
MISSING_ROWS = 8
TOLERANCE = 1e-12
"""Probabilities and predictions that skops gives back differ by no more (relatively, for predictions)."""


def choose_rows(frame: pd.DataFrame, answers: Answers) -> list[int]:
    """Return at most 32 places in `frame`: up to 8 with missing values that others lack, the rest over all answers."""
    gaps = _rows_with_missing(frame)
    order = np.argsort(answers.prediction if len(answers.prediction) else answers.probability[:, -1], kind="stable")
    spread = order[np.linspace(0, len(order) - 1, ROWS).round().astype(int)].tolist()
    return list(dict.fromkeys([*gaps, *spread]))[:ROWS]


def make_golden(features: list[Feature], frame: pd.DataFrame, answers: Answers, classes: list[Scalar] | None) -> Golden:
    """Return the golden rows for `answers` to the rows of `frame`."""
    inputs = {feature.name: [_scalar(feature, value) for value in frame[feature.name]] for feature in features}
    if classes is None:
        return Golden(inputs=inputs, outputs={PREDICTION: answers.prediction.tolist()})
    labels = [classes[code] for code in answers.codes]
    return Golden(inputs=inputs, outputs={PROBABILITY: answers.probability.tolist(), LABEL: labels})


def verify_golden(pipeline: Any, features: list[Feature], golden: Golden, target: Target) -> None:
    """Ask a model that was loaded back; raise RunFailed (Infrastructure) where it answers otherwise than before."""
    answers = ask(pipeline, target.task, to_frame(features, golden.inputs))
    name, found = (PREDICTION, answers.prediction) if target.classes is None else (PROBABILITY, answers.probability)
    expected: NDArray[np.float64] = np.asarray(golden.outputs[name], dtype=np.float64)
    same = np.allclose(found, expected, rtol=TOLERANCE if target.classes is None else 0, atol=TOLERANCE)
    if target.classes is not None:
        same = same and [target.classes[code] for code in answers.codes] == golden.outputs[LABEL]
    if not same:
        message = (
            "the saved model does not answer as the fitted one did; the libraries of the image do not fit together"
        )
        raise RunFailed("Infrastructure", "ModelNotReproduced", message)


def answers_digest(golden: Golden) -> str:
    """Return a digest of the answers: equal for the same recipe, data and image."""
    return "sha256:" + hashlib.sha256(golden.model_dump_json(include={"outputs"}).encode()).hexdigest()


def _rows_with_missing(frame: pd.DataFrame) -> list[int]:
    chosen: list[int] = []
    covered: set[str] = set()
    for name in frame.columns:
        missing = frame[name].isna().to_numpy()
        if name not in covered and missing.any() and len(chosen) < MISSING_ROWS:
            row = int(missing.argmax())
            chosen.append(row)
            covered |= set(frame.columns[frame.iloc[row].isna().to_numpy()])
    return chosen


def _scalar(feature: Feature, value: Any) -> Scalar:
    if value is None or value != value:  # NaN
        return None
    if feature.datatype == "BYTES":
        return str(value)
    if feature.datatype == "FP64":
        return float(value)
    return bool(value) if feature.datatype == "BOOL" else int(value)
