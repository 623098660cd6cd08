"""What is written beside an imported model: golden rows and the reference of the ledger, from a sample of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from mooring.artifact.brought import Brought
from mooring.artifact.errors import ModelRefused
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import GOLDEN, PROFILE, Feature
from mooring.artifact.predict import Answers
from mooring.training.columns import infer_features, values_of
from mooring.training.golden import choose_rows, make_golden
from mooring.training.profile import sample_profile

ROWS = 100_000
TOLERANCE = 1e-5
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows that the model should know, at most 100,000, and their columns."""

    table: pa.Table
    features: list[Feature]

    @classmethod
    def read(cls, file: Path) -> Sample:
        """Return the rows of a Parquet or CSV file; raises OSError, RunFailed for columns that cannot be features."""
        read = pyarrow.csv.read_csv if file.suffix == ".csv" else pyarrow.parquet.read_table
        table = read(file).slice(0, ROWS)
        return cls(table, infer_features(table, table.column_names))

    def frame(self, features: list[Feature]) -> pd.DataFrame:
        """Return the features' columns; raises ModelRefused where one is missing."""
        if missing := [feature.name for feature in features if feature.name not in self.table.column_names]:
            raise ModelRefused(f"the sample has no column {missing[0]!r}; it has {', '.join(self.table.column_names)}")
        columns = {feature.name: values_of(self.table.column(feature.name), feature.datatype) for feature in features}
        return to_frame(features, columns)


def write_beside(folder: Path, brought: Brought, sample: Sample, model: Path | None) -> str:
    """Write golden rows and profile into `folder`, and return a sentence about how the answers were compared.

    `model` is the file of trees, which the library that made it is asked too, where it is installed.
    Raises ModelRefused where it answers otherwise.
    """
    interface = brought.interface
    frame = sample.frame(interface.features)
    answers = brought.model.ask([frame[feature.name].to_numpy() for feature in interface.features])
    said = _compared(model, frame, answers)
    chosen = choose_rows(frame, answers)
    golden = make_golden(interface.features, frame.iloc[chosen], _of_rows(answers, chosen), interface.classes)
    (folder / GOLDEN).write_text(golden.model_dump_json(by_alias=True))
    positive = None if interface.positive_class is None else 1
    profile = sample_profile(interface.features, frame, answers, positive)
    (folder / PROFILE).write_text(profile.model_dump_json(by_alias=True, exclude_none=True))
    return said


def _of_rows(answers: Answers, rows: list[int]) -> Answers:
    if len(answers.prediction):
        return Answers(prediction=answers.prediction[rows])
    return Answers(probability=answers.probability[rows], codes=answers.codes[rows])


def _compared(model: Path | None, frame: pd.DataFrame, answers: Answers) -> str:
    asked = _library(model) if model is not None else None
    if asked is None:
        return "golden rows hold this Mooring's own answers: later images must repeat them"
    name, predict = asked
    expected = predict(frame.to_numpy())
    found = answers.prediction if len(answers.prediction) else answers.probability
    if answers.probability.shape[1:] == (2,) and expected.ndim == 1:
        found = answers.probability[:, 1]
    if expected.shape != found.shape:
        return f"{name} answers in another form, and was not compared"
    greatest = float((np.abs(found - expected) / np.maximum(1.0, np.abs(expected))).max())
    if not greatest <= TOLERANCE:
        raise ModelRefused(f"{name} answers the sample otherwise, by up to {greatest:.2g}: please report this model")
    return f"{len(frame)} rows of the sample are answered as {name} answers them, within {greatest:.2g}"


def _library(model: Path) -> tuple[str, Callable[[Floats], Floats]] | None:
    """Return the library that made a file of trees, and how it predicts; None where it is not installed."""
    try:
        if model.suffix in (".txt", ".lgb"):
            import lightgbm

            light = lightgbm.Booster(model_file=str(model))
            return f"LightGBM {lightgbm.__version__}", lambda rows: np.asarray(light.predict(rows))
        if model.suffix in (".json", ".ubj"):
            import xgboost

            booster = xgboost.Booster(model_file=str(model))
            best = int(booster.attr("best_iteration") or -1) + 1
            return f"XGBoost {xgboost.__version__}", lambda rows: np.asarray(
                booster.inplace_predict(rows, iteration_range=(0, best)), dtype=np.float64
            )
    except (ImportError, OSError):
        return None
    return None
