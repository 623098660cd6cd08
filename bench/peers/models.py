"""The models: trained by Mooring's own training, and the same fitted estimators as the peers read them.

For models of numbers alone a peer gets the bare estimator, and rows that are preprocessed already, as its users serve
such models: it has less to do than ours, which is asked for the raw rows of the whole pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from mooring.api.wire import TrainOrder
from mooring.artifact.folder import read_manifest
from mooring.artifact.manifest import MODEL, Feature
from mooring.artifact.model import load_model
from mooring.artifact.predict import ask
from mooring.cli.recipe import LocalSpec
from mooring.training.run import Run, execute

NAME = "model"
PICKLE = "model.joblib"
_CATEGORIES = {
    "workclass": ["federal", "local", "private", "self-employed", "state", "without-pay"],
    "marital": ["divorced", "married", "never-married", "separated", "widowed"],
    "occupation": [f"occupation-{number}" for number in range(14)],
    "relationship": ["child", "husband", "other", "own", "unmarried", "wife"],
    "sex": ["female", "male"],
    "country": [f"country-{number:02}" for number in range(40)],
}


@dataclass(frozen=True)
class Recipe:
    """What to train, and on how many numbers, with or without categories."""

    title: str
    estimator: str
    parameters: Mapping[str, str]
    numbers: int
    categories: bool = False


RECIPES = {
    "logistic": Recipe("LogisticRegression, 4 features", "LogisticRegression", {}, 4),
    "forest": Recipe(
        "RandomForest 100, 20 features", "RandomForestClassifier", {"n_estimators": "100", "max_depth": "10"}, 20
    ),
    "boosting": Recipe("HistGradientBoosting 100, 20 features", "HistGradientBoostingClassifier", {}, 20),
    "census": Recipe("Pipeline with categories, census-like", "LogisticRegression", {"max_iter": "300"}, 6, True),
}


@dataclass(frozen=True)
class Model:
    """A trained model: our artifact's folder, the peers' pickle in `files`, and rows with the labels expected."""

    recipe: Recipe
    artifact: Path
    files: Path
    features: list[Feature]
    raw: pd.DataFrame
    """Rows as our model reads them."""
    plain: list[list[float]] | None
    """The same, preprocessed, as the peers' estimators read them; None where they get the whole pipeline."""
    labels: list[object]


def make(name: str, folder: Path, rows: int = 64) -> Model:
    """Train one of the recipes into `folder`."""
    recipe = RECIPES[name]
    (folder / "data").mkdir(parents=True)
    data(recipe).to_parquet(folder / "data" / "part.parquet")
    artifact = _train(recipe, folder)
    manifest, pipeline = read_manifest(artifact), load_model(artifact / MODEL)
    raw = data(recipe, rows, seed=23)[[feature.name for feature in manifest.features]]
    codes = ask(pipeline, manifest.task, raw).codes
    whole = pipeline if recipe.categories else pipeline.named_steps["estimator"]
    joblib.dump(whole, folder / PICKLE)
    plain = None if recipe.categories else pipeline.named_steps["preprocess"].transform(raw).tolist()
    labels = [(manifest.classes or [])[code] for code in codes]
    return Model(recipe, artifact, folder, manifest.features, raw, plain, labels)


def data(recipe: Recipe, rows: int = 8000, seed: int = 7) -> pd.DataFrame:
    """Return rows with the target `bought`, 0 or 1."""
    random = np.random.default_rng(seed)
    numbers = random.normal(0.0, 1.0, (rows, recipe.numbers)).round(6)
    score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + 0.5 * np.sin(2 * numbers[:, 3])
    frame = pd.DataFrame(numbers, columns=[f"x{column}" for column in range(recipe.numbers)])
    for name, words in _CATEGORIES.items() if recipe.categories else ():
        codes = random.integers(0, len(words), rows)
        frame[name] = np.array(words, dtype=object)[codes]
        score = score + (codes % 5 - 2) * 0.2
    frame["bought"] = (score + random.normal(0, 0.3, rows) > 0).astype(int)
    return frame


def _train(recipe: Recipe, folder: Path) -> Path:
    parameters = [{"name": name, "value": value} for name, value in recipe.parameters.items()]
    spec = {
        "data": {"uri": str(folder / "data"), "target": "bought"},
        "trainer": {"sklearn": {"estimator": recipe.estimator, "parameters": parameters}},
        "output": {"uri": str(folder / "models")},
    }
    told = {"namespace": "bench", "name": NAME, "model": NAME, "run": 1, "run_id": "0123abcd", "request": "recipe/x"}
    told |= {"recipe_hash": "v1:x", "image": "image"}
    order = TrainOrder.model_validate(told | {"spec": LocalSpec.model_validate(spec)})
    with (folder / "training.log").open("w") as log, redirect_stdout(log), redirect_stderr(log):
        execute(Run(order, {}, {}))
    return next((folder / "models").rglob("manifest.json")).parent


def bodies(model: Model, rows: int) -> dict[str, bytes]:
    """Return the request for the first rows in each form that some server is asked in, as its documentation has it."""
    frame = model.raw.head(rows)
    records, listed = frame.to_dict(orient="records"), frame.to_numpy().tolist()
    columns = list(frame.columns)
    ours = model.plain is not None
    plain = (model.plain or listed)[:rows]
    found = {
        "v2": _matrix(listed) if ours else _columns(frame),
        "v2-plain": _matrix(plain) if ours else _columns(frame),
        "v1": {"instances": plain if ours else [{name: [row[name]] for name in columns} for row in records]},
        "v1-ours": {"instances": listed if ours else records},
        "inputs": {"inputs": plain if ours else {name: frame[name].tolist() for name in columns}},
        "inputs-ours": {"inputs": listed if ours else {name: frame[name].tolist() for name in columns}},
        "split": {"dataframe_split": {"columns": columns, "data": listed}},
        "rows": {"rows": plain if ours else records},
    }
    return {form: json.dumps(content).encode() for form, content in found.items()}


def _matrix(rows: list[list[float]]) -> dict[str, object]:
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "input-0", "shape": shape, "datatype": "FP32", "data": rows}]}


def _columns(frame: pd.DataFrame) -> dict[str, object]:
    text = {"parameters": {"content_type": "str"}}
    inputs = [
        {"name": name, "shape": [len(frame)], "data": frame[name].tolist()}
        | ({"datatype": "BYTES", **text} if not is_numeric_dtype(frame[name]) else {"datatype": "FP64"})
        for name in frame
    ]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs}
