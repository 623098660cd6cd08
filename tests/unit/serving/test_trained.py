"""What training writes, serving answers: the real training code, then the real loader."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mooring.api.wire import TrainOrder
from mooring.artifact.folder import read_manifest
from mooring.artifact.manifest import GOLDEN, Golden, Manifest
from mooring.cli.recipe import LocalSpec
from mooring.serving.app import build
from mooring.serving.load import load
from mooring.training.run import Run, execute
from tests.unit.serving.conftest import order
from tests.unit.serving.talk import Reply, ask


def people(rows: int = 300) -> pd.DataFrame:
    """Rows with a column of every type, some values missing."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "age": random.integers(16, 90, rows),
            "wage": random.lognormal(8, 1, rows),
            "job": random.choice(["baker", "clerk", "miner"], rows),
            "citizen": random.random(rows) < 0.9,
        }
    )
    frame["employed"] = np.where(frame["age"] + random.normal(0, 10, rows) > 50, "yes", "no")
    frame.loc[random.random(rows) < 0.05, "wage"] = np.nan
    frame.loc[random.random(rows) < 0.05, "job"] = None
    return frame


def trained(tmp_path: Path, estimator: str, target: str) -> Path:
    """Return the folder of a freshly trained artifact."""
    (tmp_path / "data").mkdir()
    frame = people()
    frame[frame[target].notna()].to_parquet(tmp_path / "data" / "part.parquet")
    spec = {
        "data": {"uri": f"{tmp_path}/data", "target": target},
        "trainer": {"sklearn": {"estimator": estimator}},
        "output": {"uri": f"{tmp_path}/models"},
    }
    told = {"namespace": "demo", "name": "shop", "model": "shop", "run": 1, "run_id": "0123abcd", "request": "recipe/x"}
    told |= {"recipe_hash": "v1:x", "image": "image"}
    execute(Run(TrainOrder.model_validate(told | {"spec": LocalSpec.model_validate(spec)}), {}, {}))
    return next((tmp_path / "models").rglob("manifest.json")).parent


def request(manifest: Manifest, golden: Golden) -> dict[str, object]:
    """Return the golden rows as a request."""
    return {
        "inputs": [
            {
                "name": feature.name,
                "datatype": feature.datatype,
                "shape": [len(golden.inputs[feature.name])],
                "data": golden.inputs[feature.name],
            }
            for feature in manifest.features
        ]
    }


async def answer(folder: Path, manifest: Manifest, content: object) -> Reply:
    """Return the reply of a server that has loaded the folder."""
    app = build(order(), await asyncio.to_thread(load, manifest, folder), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    try:
        return await ask(port, "POST", "/v2/models/shop/infer", content)
    finally:
        app.listener.close()


@pytest.mark.parametrize(
    ("estimator", "target"),
    [("HistGradientBoostingClassifier", "employed"), ("LogisticRegression", "job"), ("Ridge", "wage")],
)
async def test_the_golden_rows_sent_by_a_client_are_answered_as_training_recorded(
    tmp_path: Path, estimator: str, target: str
) -> None:
    folder = trained(tmp_path, estimator, target)
    manifest, golden = read_manifest(folder), Golden.model_validate(json.loads((folder / GOLDEN).read_text()))
    reply = await answer(folder, manifest, request(manifest, golden))
    assert reply.status == 200, reply.body
    outputs = {output["name"]: output["data"] for output in json.loads(reply.body)["outputs"]}
    for name, recorded in golden.outputs.items():
        if name == "label":
            assert outputs[name] == recorded
        else:
            assert np.allclose(outputs[name], np.ravel(recorded), rtol=1e-9)
