"""An exported folder serves by itself, with nothing but what its requirements.txt names, as the cluster does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton

from mooring.api.wire import ServeOrder
from mooring.artifact.folder import file_entry, read_manifest, stored
from mooring.artifact.manifest import GOLDEN, MANIFEST, Golden, Manifest
from mooring.cli.main import main
from mooring.serving.app import build
from mooring.serving.load import load
from tests.unit.batch.conftest import train
from tests.unit.serving.talk import ask

ESTIMATORS = {
    "linear": ("LogisticRegression", "employed"),
    "boosting": ("HistGradientBoostingClassifier", "employed"),
    "leaves": ("RandomForestClassifier", "job"),
    "regression": ("GradientBoostingRegressor", "age"),
}


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that trains an artifact, once."""
    made: dict[str, Path] = {}

    def artifact(kind: str) -> Path:
        if kind not in made:
            made[kind] = train(tmp_path_factory.mktemp(kind), *ESTIMATORS[kind])
        return made[kind]

    return artifact


def exported(artifact: Path, to: Path) -> Path:
    assert main(["export", str(artifact), "--to", str(to), "--version", "income-v7"]) == 0
    return to


def alone(folder: Path, scratch: Path) -> dict[str, str]:
    """Return an environment in which Python finds the packages of requirements.txt and no others."""
    import onnxruntime

    packages = scratch / "packages"
    packages.mkdir()
    installed = Path(onnxruntime.__file__).parents[1]
    needs = [line.partition("==")[0] for line in (folder / "requirements.txt").read_text().splitlines() if "==" in line]
    for need in needs:
        for part in (need, f"{need}.libs"):
            if (installed / part).exists():
                (packages / part).symlink_to(installed / part)
    # -I would drop PYTHONPATH too: -S leaves out site-packages, and nothing else is on the path.
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def serving(folder: Path, scratch: Path) -> Iterator[str]:
    """Run serve.py and yield where it answers."""
    command = [sys.executable, "-S", str(folder / "serve.py"), "--port", "0"]
    with subprocess.Popen(
        command, env=alone(folder, scratch), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("ready: income-v7 at http://127.0.0.1:"), process.stderr.read()  # type: ignore[union-attr]
            yield line.split("http://")[1].split("/")[0]
        finally:
            process.terminate()
            assert process.wait(10) == 0


def post(address: str, content: object, path: str = "/v2/models/income/infer") -> tuple[int, dict[str, object]]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(f"http://{address}{path}", raw) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def request(manifest: Manifest, golden: Golden) -> dict[str, object]:
    count = len(golden.inputs[manifest.features[0].name])
    inputs = [
        {"name": one.name, "shape": [count], "datatype": one.datatype, "data": golden.inputs[one.name]}
        for one in manifest.features
    ]
    return {"inputs": inputs}


def read(artifact: Path) -> tuple[Manifest, Golden]:
    return read_manifest(artifact), Golden.model_validate_json((artifact / GOLDEN).read_bytes())


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_it_answers_the_golden_rows_as_recorded(artifacts: Callable[[str], Path], tmp_path: Path, kind: str) -> None:
    artifact = artifacts(kind)
    manifest, golden = read(artifact)
    folder = exported(artifact, tmp_path / "edge")
    assert (folder / "requirements.txt").read_text().count("==") == (0 if kind == "linear" else 2)
    with serving(folder, tmp_path) as address:
        status, answer = post(address, request(manifest, golden))
    assert (status, answer["model_version"]) == (200, "income-v7")
    for output in answer["outputs"]:
        wanted = np.array(golden.outputs[output["name"]])
        found = np.array(output["data"]).reshape(wanted.shape)
        assert np.array_equal(found, wanted) if output["name"] == "label" else np.allclose(found, wanted, atol=1e-9)


MISTAKES: dict[str, object] = {
    "no JSON": b"{",
    "no inputs": {},
    "a missing input": {"inputs": [{"name": "age", "shape": [1], "datatype": "INT64", "data": [39]}]},
    "an unknown input": {"inputs": [{"name": "aeg", "shape": [1], "datatype": "INT64", "data": [39]}]},
    "too many values": ("age", {"data": [1, 2]}),
    "another shape": ("age", {"shape": [2], "data": [1, 2]}),
    "no datatype": ("age", {"datatype": "INT"}),
    "half a year": ("age", {"datatype": "FP64", "data": [39.5]}),
    "a float that is declared whole": ("age", {"data": [39.0]}),
    "a text": ("age", {"data": ["39"]}),
    "a truth": ("age", {"data": [True]}),
    "null where there may be none": ("age", {"data": [None]}),
    "a number for a text": ("job", {"datatype": "INT64", "data": [1]}),
    "an unknown category": ("job", {"data": ["pirate"]}),
    "infinity": ("wage", {"data": [1e39]}),
    "two for a truth": ("citizen", {"datatype": "INT64", "data": [2]}),
    "an unknown output": {"outputs": [{"name": "x"}]},
    "an output twice": {"outputs": [{"name": "label"}, {"name": "label"}]},
    "binary data without a header": ("age", {"parameters": {"binary_data_size": 8}, "data": None}),
}
FINE: dict[str, object] = {
    "as it is": {},
    "null": ("wage", {"data": [None]}),
    "a missing text": ("job", {"data": [None]}),
    "a whole float": ("age", {"datatype": "FP64", "data": [39.0]}),
    "a number as a truth": ("citizen", {"datatype": "INT64", "data": [1]}),
    "one column": ("age", {"shape": [1, 1], "data": [[39]]}),
    "one output": {"outputs": [{"name": "label"}]},
    "an id": {"id": "a"},
}


def changed(change: object) -> object:
    row = {"age": ("INT64", 39), "wage": ("FP64", 1e3), "job": ("BYTES", "baker"), "citizen": ("BOOL", True)}
    inputs = [{"name": k, "shape": [1], "datatype": kind, "data": [value]} for k, (kind, value) in row.items()]
    if isinstance(change, tuple):
        name, fields = change
        return {"inputs": [one | fields if one["name"] == name else one for one in inputs]}
    if isinstance(change, dict) and "inputs" not in change and change is not MISTAKES["no inputs"]:
        return {"inputs": inputs, **change}
    return change


async def test_it_takes_and_refuses_what_the_cluster_does(artifacts: Callable[[str], Path], tmp_path: Path) -> None:
    artifact = artifacts("linear")
    manifest, _ = read(artifact)
    record = stored(file_entry(file) for file in sorted(artifact.iterdir()))
    about = {"uri": "s3://x/y", "digest": record.digest, "bytes": record.bytes, "format": "Skops"}
    order = ServeOrder.model_validate({"model": "income", "version": "income-v7", "artifact": about})
    app = build(order, load(manifest, artifact), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    with serving(exported(artifact, tmp_path / "edge"), tmp_path) as address:
        for name, change in {**MISTAKES, **FINE}.items():
            content = changed(change)
            cluster = await ask(port, "POST", "/v2/models/income/infer", content)
            status, answer = post(address, content)
            assert (name, status) == (name, cluster.status)
            assert (status == 200) == (name in FINE)
            if status == 200:
                expected = cluster.json()
                assert [one["name"] for one in answer["outputs"]] == [one["name"] for one in expected["outputs"]]
                for one, other in zip(answer["outputs"], expected["outputs"], strict=True):
                    assert np.allclose(np.array(one["data"]), np.array(other["data"]), atol=1e-12)
            else:
                assert answer["error"]
    app.listener.close()


@pytest.mark.parametrize("kind", ["linear", "boosting"])
def test_tritons_client_works_unchanged(artifacts: Callable[[str], Path], tmp_path: Path, kind: str) -> None:
    manifest, golden = read(artifacts(kind))
    types = {"INT64": np.int64, "FP64": np.float64, "BOOL": np.bool_, "BYTES": np.object_}
    rows = [row for row, wage in enumerate(golden.inputs["wage"]) if wage and golden.inputs["job"][row]]
    inputs = []
    for feature in manifest.features:
        tensor = triton.InferInput(feature.name, [len(rows)], feature.datatype)
        values = [golden.inputs[feature.name][row] for row in rows]
        tensor.set_data_from_numpy(np.array(values, dtype=types[feature.datatype]), binary_data=True)
        inputs.append(tensor)
    with serving(exported(artifacts(kind), tmp_path / "edge"), tmp_path) as address:
        client = triton.InferenceServerClient(address)
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("income", "7")
        assert [one["name"] for one in client.get_model_metadata("income")["inputs"]] == [
            feature.name for feature in manifest.features
        ]
        answer = client.infer("income", inputs, request_id="r")
        client.close()
    assert answer.get_response()["id"] == "r"
    assert answer.as_numpy("label").tolist() == [golden.outputs["label"][row] for row in rows]
    probability = np.array([golden.outputs["probability"][row] for row in rows])
    assert np.allclose(answer.as_numpy("probability"), probability, atol=1e-9)


def start(folder: Path, scratch: Path) -> str:
    """Return what a start that fails says."""
    done = subprocess.run(
        [sys.executable, "-S", str(folder / "serve.py"), "--port", "0"],
        env=alone(folder, scratch), capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    return done.stderr


def test_a_folder_that_was_changed_does_not_serve(artifacts: Callable[[str], Path], tmp_path: Path) -> None:
    folder = exported(artifacts("linear"), tmp_path / "edge")
    table = json.loads((folder / "model" / "compiled.json").read_text())
    table["estimator"]["intercepts"][0] += 1
    (folder / "model" / "compiled.json").write_text(json.dumps(table))
    assert "compiled.json was changed after the export" in start(folder, tmp_path)


def test_a_model_that_answers_otherwise_than_recorded_does_not_serve(
    artifacts: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = exported(artifacts("linear"), tmp_path / "edge")
    table = json.loads((folder / "model" / "compiled.json").read_text())
    table["estimator"]["intercepts"][0] += 1
    (folder / "model" / "compiled.json").write_text(json.dumps(table))
    manifest = json.loads((folder / "model" / MANIFEST).read_text())
    manifest["files"] = []
    (folder / "model" / MANIFEST).write_text(json.dumps(manifest))
    assert "golden row 0: " in start(folder, tmp_path)


def test_what_cannot_be_exported_is_said(
    artifacts: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "artifact"
    shutil.copytree(artifacts("linear"), copy)
    manifest = json.loads((copy / MANIFEST).read_text())
    del manifest["compiled"]
    (copy / MANIFEST).write_text(json.dumps(manifest))
    words = ["export", str(copy), "--to", str(tmp_path / "edge")]
    assert main(words) == 42
    assert "'income' has no compiled form" in capsys.readouterr().out
    assert main([*words, "--digest", "sha256:" + "0" * 64]) == 42
    assert "expected was sha256:000" in capsys.readouterr().out
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "mine").touch()
    assert main(words) == 42
    assert "not empty" in capsys.readouterr().out
