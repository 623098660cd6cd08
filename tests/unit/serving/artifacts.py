"""A small trained model as an artifact's folder: what serving reads, without the hours of training."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mooring.api.modelversion import Artifact
from mooring.artifact.folder import file_entry, stored
from mooring.artifact.manifest import GOLDEN, MANIFEST, MODEL, Feature, Golden, Manifest
from mooring.artifact.model import save_model

FEATURES = [
    Feature(name="age", datatype="INT64", nullable=False),
    Feature(name="income", datatype="FP64", nullable=True),
    Feature(name="member", datatype="BOOL", nullable=False),
    Feature(name="color", datatype="BYTES", nullable=False, categories=["blue", "green", "red"]),
]
ROW: dict[str, object] = {"age": 39, "income": 1200.5, "member": True, "color": "green"}
"""A request's row, as JSON has it."""

SPEC: dict[str, object] = {
    "formatVersion": 1,
    "model": "shop",
    "namespace": "default",
    "trainingJob": "shop",
    "run": 1,
    "runId": "0123abcd",
    "recipeHash": "v1:0",
    "image": "runtime:test",
    "seed": 0,
    "task": "BinaryClassification",
    "target": "bought",
    "estimator": "LogisticRegression",
    "parameters": [],
    "outputs": [
        {"name": "label", "datatype": "INT64", "shape": [-1]},
        {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
    ],
    "classes": [0, 1],
    "positiveClass": 1,
    "metrics": [],
    "data": {"uri": "s3://data/shop", "digest": "sha256:" + "0" * 64, "rows": 400, "trainRows": 320, "holdoutRows": 80},
    "gate": {"verdict": "Passed", "message": "every gate holds"},
    "libraries": {},
    "files": [],
    "createdAt": "2026-01-01T00:00:00Z",
}


def manifest() -> Manifest:
    """Return the manifest of the small model."""
    return Manifest.model_validate({**SPEC, "features": [feature.to_json() for feature in FEATURES]})


def data(rows: int = 400) -> pd.DataFrame:
    """Return rows as the pipeline reads them."""
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, rows).astype(float),
            "income": np.where(random.random(rows) < 0.1, np.nan, random.normal(2000.0, 600.0, rows)),
            "member": random.integers(0, 2, rows).astype(float),
            "color": random.choice(np.array(["blue", "green", "red"], dtype=object), rows),
        }
    )


@functools.cache
def pipeline(older_than: int = 65) -> Pipeline:
    """Return the fitted pipeline, by default the small model's; another threshold is another version of it."""
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    columns = ColumnTransformer(
        [
            ("numbers", numbers, ["age", "income", "member"]),
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["color"]),
        ]
    )
    rows = data()
    target = (rows["age"] + 20 * rows["member"] + 15 * (rows["color"] == "red") > older_than).astype(int)
    return Pipeline([("columns", columns), ("model", LogisticRegression())]).fit(rows, target)


def golden(rows: int = 8, model: Pipeline | None = None) -> Golden:
    """Return golden rows with the pipeline's answers."""
    inputs = data(rows)
    model = model or pipeline()
    probability = model.predict_proba(inputs)
    columns = {name: [None if pd.isna(value) else value for value in inputs[name].tolist()] for name in inputs}
    outputs = {"label": model.predict(inputs).tolist(), "probability": probability.tolist()}
    return Golden.model_validate({"inputs": columns, "outputs": outputs})


@dataclass(frozen=True)
class Folder:
    """An artifact on disk, and the record of it."""

    path: Path
    artifact: Artifact

    def order(self, version: str = "shop-v3", **server: object) -> str:
        """Return the order to serve it."""
        record = {"uri": self.artifact.uri, "digest": self.artifact.digest, "bytes": self.artifact.bytes}
        order = {"model": "shop", "version": version, "artifact": {**record, "format": "Skops"}, "server": server}
        return json.dumps(order)


def write(path: Path, uri: str, answers: Golden | None = None, model: Pipeline | None = None) -> Folder:
    """Write the small model's artifact to the folder `path`, to be found at `uri`."""
    path.mkdir(parents=True, exist_ok=True)
    save_model(model or pipeline(), path / MODEL)
    (path / GOLDEN).write_text((answers or golden(model=model)).model_dump_json(by_alias=True))
    (path / MANIFEST).write_text(manifest().model_dump_json(by_alias=True))
    record = stored(file_entry(path / name) for name in sorted(os.listdir(path)))
    return Folder(path, Artifact(uri=uri, digest=record.digest, bytes=record.bytes, format="Skops"))


def body(rows: int = 1, **changed: object) -> dict[str, object]:
    """Return a valid request of that many equal rows; `changed` replaces one row's values by lists of them."""
    inputs = []
    for feature in FEATURES:
        values = changed.get(feature.name, [ROW[feature.name]] * rows)
        inputs.append({"name": feature.name, "shape": [rows], "datatype": feature.datatype, "data": values})
    return {"inputs": inputs}
