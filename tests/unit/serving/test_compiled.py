"""A certified compiled form serves, without scikit-learn; one that cannot be used is passed over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mooring.artifact.folder import file_entry, read_manifest, stored
from mooring.artifact.manifest import GOLDEN, MANIFEST, Golden
from mooring.serving.backends import choose
from mooring.serving.backends.compiled import CompiledBackend
from mooring.serving.backends.pipeline import PipelineBackend
from mooring.serving.errors import CannotServe
from mooring.serving.load import load
from tests.unit.serving import process, store
from tests.unit.serving.talk import ask
from tests.unit.serving.test_trained import request, trained

HEAVY = ("/sklearn/", "/pandas/", "/scipy/", "/pyarrow/")
"""Where the libraries lie whose code a process maps once it imports them (skops, in pure Python, imports the first)."""


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("trained"), "HistGradientBoostingClassifier", "employed")


@pytest.fixture
def folder(artifact: Path, tmp_path: Path) -> Path:
    """A copy of the artifact, to be changed."""
    copy = tmp_path / "bucket" / "shop" / "1"
    copy.mkdir(parents=True)
    for file in artifact.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def golden(folder: Path) -> Golden:
    return Golden.model_validate_json((folder / GOLDEN).read_bytes())


def test_the_certified_form_is_chosen_and_answers_as_the_pipeline(folder: Path) -> None:
    manifest = read_manifest(folder)
    loaded = load(manifest, folder)
    columns = list(golden(folder).inputs.values())
    assert loaded.kind == "onnx"
    for found, expected in zip(
        loaded.backend.predict(columns), PipelineBackend.load(folder, manifest).predict(columns), strict=True
    ):
        same = np.array_equal(found, expected) if expected.dtype == object else np.allclose(found, expected, atol=1e-12)
        assert same


def test_one_row_is_answered_as_among_many(folder: Path) -> None:
    backend = load(read_manifest(folder), folder).backend
    columns = list(golden(folder).inputs.values())
    alone = [backend.predict([column[row : row + 1] for column in columns])[0] for row in range(len(columns[0]))]
    assert np.array_equal(np.concatenate(alone), backend.predict(columns)[0])


def without_certificate(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["compiled"]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def unreadable(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"junk")


def of_a_newer_mooring(folder: Path) -> None:
    (folder / "compiled.json").write_text('{"formatVersion": 2}')


def answering_otherwise(folder: Path) -> None:
    table = json.loads((folder / "compiled.json").read_text())
    table["estimator"]["baseline"][0] += 0.01
    (folder / "compiled.json").write_text(json.dumps(table))


@pytest.mark.parametrize("damage", [without_certificate, unreadable, of_a_newer_mooring, answering_otherwise])
def test_otherwise_scikit_learn_answers_and_the_log_says_why(
    folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(folder)
    caplog.set_level("INFO", "mooring.serving")
    assert choose(folder, read_manifest(folder), golden(folder)).kind == "sklearn"
    assert ("passed over" in caplog.text) == (damage is not without_certificate)


def test_the_image_without_scikit_learn_says_which_one_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable(folder)
    monkeypatch.delitem(sys.modules, "mooring.serving.backends.pipeline", raising=False)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.delitem(sys.modules, "mooring.artifact.model", raising=False)
    with pytest.raises(CannotServe, match="runtime image") as caught:
        choose(folder, read_manifest(folder), golden(folder))
    assert caught.value.reason == "NeedsRuntimeImage"


def test_a_form_that_answers_a_few_rows_otherwise_is_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompiledBackend, "few", lambda self, rows: self._outputs.of_few([0.5] * rows.rows))
    assert choose(folder, read_manifest(folder), golden(folder)).kind == "sklearn"


def order(folder: Path) -> str:
    record = stored(file_entry(file) for file in sorted(folder.iterdir()))
    artifact = {"uri": "s3://models/shop/1", "digest": record.digest, "bytes": record.bytes, "format": "Skops"}
    return json.dumps({"model": "shop", "version": "shop-v3", "artifact": artifact, "server": {}})


def mapped_files(server: process.Server) -> str:
    return Path(f"/proc/{server.process.pid}/maps").read_text()


async def test_the_process_imports_no_scikit_learn_and_stays_small(folder: Path, tmp_path: Path) -> None:
    manifest = read_manifest(folder)
    with store.bucket(tmp_path / "bucket") as address, process.server(order(folder), address, tmp_path) as server:
        port, admin_port = server.ready()
        reply = await ask(port, "POST", "/v2/models/shop/infer", request(manifest, golden(folder)))
        assert reply.status == 200
        told = (await ask(port, "GET", "/v2/models/shop")).json()["parameters"]
        assert manifest.compiled is not None
        assert told == {"backend": "onnx", "compiled": manifest.compiled.to_json()}
        mapped = mapped_files(server)
        assert [library for library in HEAVY if library in mapped] == []
        assert "/onnxruntime/" in mapped
        metrics = (await ask(admin_port, "GET", "/metrics")).body.decode()
    assert 'mooring_backend_info{model="shop",version="shop-v3",backend="onnx"} 1' in metrics
    assert f'mooring_compiled_rows{{model="shop",version="shop-v3"}} {manifest.compiled.rows}' in metrics
    resident = next(line for line in metrics.splitlines() if line.startswith("process_resident_memory_bytes "))
    assert float(resident.split()[1]) < 150e6
