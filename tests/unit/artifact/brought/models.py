"""Small models of the real libraries, and records that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost
from numpy.typing import NDArray

from mooring.api.modelversion import ArtifactFormat, Signature
from mooring.api.trainingjob import Task
from mooring.artifact.brought import Brought, read_brought

ROWS = 600
WIDTH = 5
Floats = NDArray[np.float64]


def rows(seed: int = 1, missing: float = 0.1) -> Floats:
    """Return numbers of several magnitudes, with gaps, zeros and ties."""
    random = np.random.default_rng(seed)
    found = random.normal(size=(ROWS, WIDTH)) * [1, 100, 1e-3, 1, 1]
    found[:, 3] = random.integers(-3, 4, ROWS)
    found[:, 4] = random.random(ROWS) < 0.5
    found[random.random(found.shape) < missing] = np.nan
    return found


def target(kind: str, seed: int = 2) -> Floats:
    """Return something to learn from `rows()`: `binary`, `three` classes, `number` or `positive` number."""
    random = np.random.default_rng(seed)
    table = np.nan_to_num(rows())
    score = table[:, 0] + table[:, 1] / 100 + 0.5 * table[:, 3] + random.normal(size=ROWS) / 2
    if kind.startswith("binary"):
        return (score > 0.5).astype(float)
    if kind == "three":
        return np.digitize(score, [-0.5, 1.0]).astype(float)
    return score * 3 + 7 if kind == "number" else np.exp(score / 3)


def signature(task: Task, *, names: Sequence[str] | None = None, classes: int = 2, **changed: object) -> Signature:
    """Return a record's signature of numbers that may be missing."""
    inputs = [{"name": name, "datatype": "FP64", "nullable": True} for name in names or [f"x{i}" for i in range(WIDTH)]]
    outputs = [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]
    if task != "Regression":
        probability = {"name": "probability", "datatype": "FP64", "shape": [-1, classes]}
        outputs = [probability, {"name": "label", "datatype": "INT64", "shape": [-1]}]
    given = {"inputs": inputs, "inputsTotal": len(inputs), "outputs": outputs, "task": task}
    return Signature.model_validate(given | changed)


def brought(folder: Path, form: ArtifactFormat, content: bytes, name: str, record: Signature) -> Brought:
    """Return the model of a folder with one file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return read_brought(folder, form, record)


def boundary(table: Floats, thresholds: Sequence[float], seed: int = 3) -> Floats:
    """Return rows of `table`, each with one value set to a threshold or to its neighbour in float32 or float64."""
    random = np.random.default_rng(seed)
    values = np.unique(np.array(thresholds, dtype=np.float64))
    single = values.astype(np.float32)
    sides = [np.nextafter(single, np.float32(side)).astype(float) for side in (-np.inf, np.inf)]
    sides += [np.nextafter(values, side) for side in (-np.inf, np.inf)]
    tried = np.concatenate([values, single.astype(float), *sides])
    found = table[random.integers(len(table), size=len(tried) * WIDTH)]
    found[np.arange(len(found)), np.tile(np.arange(WIDTH), len(tried))] = np.repeat(tried, WIDTH)
    return found


def xgboost_file(
    parameters: dict[str, Any], labels: Floats, *, form: str = "json", rounds: int = 12, **more: Any
) -> bytes:
    """Return a trained XGBoost model as `form` json or ubj."""
    parameters = dict(parameters)
    data = xgboost.DMatrix(rows(), labels, feature_names=more.pop("names", None), **more)
    if group := parameters.pop("group", None):
        data.set_group(group)
    return bytes(xgboost.train({"max_depth": 4, "seed": 0, "nthread": 1, **parameters}, data, rounds).save_raw(form))


def lightgbm_file(parameters: dict[str, Any], labels: Floats, *, rounds: int = 12, **more: Any) -> str:
    """Return a trained LightGBM model."""
    settings = {"num_leaves": 12, "min_data_in_leaf": 5, "verbosity": -1, "seed": 0, "num_threads": 1, **parameters}
    group = settings.pop("group", None)
    booster = lightgbm.train(settings, lightgbm.Dataset(rows(), labels, group=group, **more), rounds)
    text: str = booster.model_to_string()
    return text
