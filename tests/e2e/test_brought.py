"""Models that users bring: one imported by the command, one recorded by hand, both pinned and answering."""

from __future__ import annotations

import hashlib

import numpy as np
import obstore
import pandas as pd
import pytest
import xgboost
import yaml
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

from mooring.cli.main import main
from tests.e2e.asking import ask, forwarded
from tests.e2e.place import Place, credentials, people, store
from tests.support.operator import OperatorProcess

FEATURES = ["age", "hours"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people(600)


def rows(frame: pd.DataFrame) -> list[list[float | None]]:
    """Return the first rows as a request has them."""
    return [[None if np.isnan(value) else float(value) for value in row] for row in frame[FEATURES][:20].to_numpy()]


def serve(place: Place, model: str) -> None:
    place.kube.apply(place.serving(model, model, version=f"{model}-v1"))


def test_models_of_other_tools_answer_as_their_libraries(
    place: Place,
    operator: OperatorProcess,
    frame: pd.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path_factory.mktemp("models")
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(frame[FEATURES], frame["employed"]), 20
    )
    linear = LogisticRegression(max_iter=1000).fit(frame[FEATURES].fillna(30).to_numpy(), frame["employed"])
    imported(place, folder, booster, frame, monkeypatch, capsys)
    recorded(place, linear)
    for model in ("boosted", "graph"):
        serve(place, model)
    for model in ("boosted", "graph"):
        place.wait("ModelDeployment", model, "Ready")
    share = booster.predict(xgboost.DMatrix(frame[FEATURES][:20]))
    assert answers(place, "boosted", rows(frame)) == ["yes" if value > 0.5 else "no" for value in share]
    whole = frame[FEATURES][:20].fillna(30)
    assert answers(place, "graph", rows(whole)) == linear.predict(whole.to_numpy()).tolist()


def imported(
    place: Place,
    folder: object,
    booster: xgboost.Booster,
    frame: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Import a model of XGBoost as a user does, and apply what the command prints."""
    for name, value in (credentials(place.kube) | {"AWS_ENDPOINT_URL": "http://127.0.0.1:30900"}).items():
        monkeypatch.setenv(name, value)
    booster.save_model(f"{folder}/model.ubj")
    frame[FEATURES].to_parquet(f"{folder}/rows.parquet")
    words = ["import", f"{folder}/model.ubj", "--model", "boosted", "--number", "1", "--classes", "no,yes"]
    words += ["--to", f"s3://models/{place.prefix}/boosted/1/", "--secret", "object-store"]
    assert main([*words, "--sample", f"{folder}/rows.parquet"]) == 0
    place.kube.apply(yaml.safe_load(capsys.readouterr().out))


def recorded(place: Place, linear: LogisticRegression) -> None:
    """Put one ONNX file into the store, and write its record by hand."""
    content = to_onnx(linear, np.zeros((1, 2), np.float32), target_opset=18).SerializeToString()
    obstore.put(store(place.kube, "models"), f"{place.prefix}/graph.onnx", content)
    line = f"{hashlib.sha256(content).hexdigest()} {len(content)} graph.onnx\n"
    artifact = {
        "uri": f"s3://models/{place.prefix}/graph.onnx",
        "digest": f"sha256:{hashlib.sha256(line.encode()).hexdigest()}",
        "bytes": len(content),
        "format": "Onnx",
        "secretName": "object-store",
    }
    outputs = [
        {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
        {"name": "label", "datatype": "INT64", "shape": [-1]},
    ]
    inputs = [{"name": name, "datatype": "FP64"} for name in FEATURES]
    signature = {"inputs": inputs, "inputsTotal": 2, "outputs": outputs, "task": "BinaryClassification"}
    spec = {"model": "graph", "number": 1, "artifact": artifact, "signature": signature}
    place.kube.apply({"kind": "ModelVersion", "metadata": {"name": "graph-v1"}, "spec": spec})


def answers(place: Place, model: str, instances: list[list[float | None]]) -> list[object]:
    with forwarded(place, model) as address:
        status, answer = ask(address, f"/v1/models/{model}:predict", {"instances": instances})
    assert status == 200, answer
    found: list[object] = answer["predictions"]
    return found
