"""A model that a user brought is served from the record alone: verified, read, asked, answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mooring.api.wire import ServeOrder
from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.folder import check_brought, file_entry, files_below, stored
from mooring.artifact.manifest import GOLDEN
from mooring.artifact.store import Store
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.backends.base import AnswersFew
from mooring.serving.errors import CannotServe
from mooring.serving.fetch import fetch_patiently
from mooring.serving.load import Loaded, load_ordered
from tests.unit.artifact.brought.models import lightgbm_file, rows, signature, target, xgboost_file
from tests.unit.artifact.brought.test_mlflow import FOLDERS, MADE, MIXED, ROWS, record
from tests.unit.serving import process, store
from tests.unit.serving.talk import ask
from tests.unit.serving.test_compiled import mapped_files
from tests.unit.serving.test_load import use

NAMES = ["age", "hours", "gap", "school", "member"]
BINARY = signature("BinaryClassification", names=NAMES)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a bucket `models`, as the environment of the loader names it."""
    with store.bucket(tmp_path / "bucket") as address:
        use(address, monkeypatch)
        yield tmp_path / "bucket"


def order(place: Path, uri: str, form: str, record: Any = BINARY, **server: Any) -> str:
    """Return the order to serve what lies at `place` of this machine."""
    folder, files = (place.parent, [place]) if place.is_file() else (place, files_below(place))
    found = stored(file_entry(file, folder) for file in files)
    artifact = {"uri": uri, "digest": found.digest, "bytes": found.bytes, "format": form}
    spoken = {"model": "shop", "version": "shop-v3", "artifact": artifact, "signature": record.to_json()}
    return json.dumps(spoken | {"server": server})


def loaded(told: str, scratch: Path) -> Loaded:
    parsed = ServeOrder.model_validate_json(told)
    fetch_patiently(parsed, scratch / "fetched", 0)
    return load_ordered(parsed, scratch / "fetched")


def refusal(told: str, scratch: Path) -> CannotServe:
    with pytest.raises(CannotServe) as refused:
        loaded(told, scratch)
    return refused.value


def xgboost_at(bucket: Path, name: str = "shop/3/model.json") -> Path:
    file = bucket / name
    file.parent.mkdir(parents=True)
    file.write_bytes(xgboost_file({"objective": "binary:logistic"}, target("binary"), names=NAMES))
    return file


async def test_a_process_answers_one_file_of_xgboost(tmp_path: Path) -> None:
    file = xgboost_at(tmp_path / "bucket")
    told = order(file, "s3://models/shop/3/model.json", "XGBoost")
    with store.bucket(tmp_path / "bucket") as address, process.server(told, address, tmp_path) as server:
        port, _ = server.ready()
        reply = await ask(port, "POST", "/v1/models/shop:predict", {"instances": [[1.0, 2.0, None, 0, 1]]})
        assert (reply.status, reply.json()["predictions"]) in [(200, [0]), (200, [1])]
        metadata = (await ask(port, "GET", "/v2/models/shop")).json()
        assert [tensor["name"] for tensor in metadata["inputs"]] == NAMES
        assert metadata["parameters"] == {"backend": "onnx"}
        mapped = mapped_files(server)
        assert [library for library in ("xgboost", "sklearn", "pandas", "pyarrow") if library in mapped] == []


def test_a_folder_of_mlflow_with_folders_in_it_is_served(bucket: Path, tmp_path: Path) -> None:
    shutil.copytree(FOLDERS / "sklearn", bucket / "shop" / "3")
    (bucket / "shop" / "3" / "metadata").mkdir()
    (bucket / "shop" / "3" / "metadata" / "conda.yaml").write_text("{}")
    model = loaded(order(bucket / "shop" / "3", "s3://models/shop/3/", "MLflow", MIXED), tmp_path)
    label, probability = (model.backend.predict([ROWS[f.name] for f in model.manifest.features])[at] for at in (1, 0))
    np.testing.assert_allclose(probability[:, 1], MADE["answers"]["sklearn"], atol=1e-9)
    assert set(label.tolist()) == {"no", "yes"}


def test_a_pickle_wants_the_deployments_trust(bucket: Path, tmp_path: Path) -> None:
    shutil.copytree(FOLDERS / "pickled", bucket / "shop" / "3")
    problem = refusal(order(bucket / "shop" / "3", "s3://models/shop/3", "MLflow", record()), tmp_path)
    assert (problem.reason, problem.retry) == ("UnsupportedModel", False)
    assert "server.builtin.trust: [Joblib]" in problem.message
    shutil.rmtree(tmp_path / "fetched")
    trusting = order(bucket / "shop" / "3", "s3://models/shop/3", "MLflow", record(), trust=["Joblib"])
    assert loaded(trusting, tmp_path).kind == "sklearn"


def test_a_changed_byte_is_never_read(bucket: Path, tmp_path: Path) -> None:
    file = xgboost_at(bucket)
    told = order(file, "s3://models/shop/3/model.json", "XGBoost")
    file.write_bytes(file.read_bytes().replace(b"binary:logistic", b"binary:logitraw"))
    assert refusal(told, tmp_path).reason == "DigestMismatch"


def test_nothing_there_is_missing(bucket: Path, tmp_path: Path) -> None:
    told = order(xgboost_at(bucket), "s3://models/shop/4/", "XGBoost")
    assert refusal(told, tmp_path).reason == "ArtifactMissing"


@pytest.mark.parametrize("name", [".git/config", "a/../b", "x/.hidden"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(ArtifactMismatch, match="rename it, or leave it out"):
        check_brought(Store("/nowhere/", {}), ["model.onnx", name])


def test_files_for_a_server_of_ones_own_are_not_served_by_ours(bucket: Path, tmp_path: Path) -> None:
    place = xgboost_at(bucket)
    refused = refusal(order(place.parent, "s3://models/shop/3/", "Files"), tmp_path)
    assert (refused.reason, "set server.container" in refused.message) == ("UnsupportedModel", True)


def test_golden_rows_that_came_along_must_be_answered(bucket: Path, tmp_path: Path) -> None:
    folder = bucket / "shop" / "3"
    folder.mkdir(parents=True)
    (folder / "model.txt").write_text(lightgbm_file({"objective": "binary"}, target("binary"), feature_name=NAMES))
    columns = {name: [0.0, 1.0] for name in NAMES}
    outputs = {"probability": [[0.5, 0.5]] * 2, "label": [0, 0]}
    (folder / GOLDEN).write_text(json.dumps({"inputs": columns, "outputs": outputs}))
    problem = refusal(order(folder, "s3://models/shop/3/", "LightGBM"), tmp_path)
    assert problem.reason == "GoldenRowsDiffer"


def test_a_damaged_model_is_refused_with_its_place(bucket: Path, tmp_path: Path) -> None:
    file = xgboost_at(bucket)
    file.write_bytes(file.read_bytes()[:-200])
    problem = refusal(order(file, "s3://models/shop/3/model.json", "XGBoost"), tmp_path)
    assert (problem.reason, problem.retry) == ("UnsupportedModel", False)
    assert "the JSON cannot be read" in problem.message


def test_a_row_alone_is_answered_as_among_many(bucket: Path, tmp_path: Path) -> None:
    model = loaded(order(xgboost_at(bucket), "s3://models/shop/3/model.json", "XGBoost"), tmp_path)
    assert isinstance(model.backend, AnswersFew)
    table, kinds = rows()[:40], Kinds([False] * len(NAMES))
    probability, label = model.backend.predict(list(table.T))
    for at, row in enumerate(table):
        alone = model.backend.few(Packed.of(kinds, [[float(value)] for value in row]))
        assert alone is not None
        np.testing.assert_allclose(alone[0], probability[at], rtol=0, atol=1e-12)
        assert alone[1] == [label[at]]


def test_rows_count_for_the_ledger_without_a_reference(bucket: Path, tmp_path: Path) -> None:
    model = loaded(order(xgboost_at(bucket), "s3://models/shop/3/model.json", "XGBoost"), tmp_path)
    assert model.profile is None
    assert len(model.backend.predict(list(rows().T))[0]) == len(rows())
