"""A server of the user's own: MLServer as an image serves versions behind the same Service, and they are replaced."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import obstore
import pytest
from sklearn.linear_model import LinearRegression

from mooring.artifact.folder import file_entry, stored
from tests.e2e import loading
from tests.e2e.asking import ask, forwarded
from tests.e2e.place import Place, store
from tests.e2e.test_serving import arm_of, pods_of
from tests.support.kube import ROOT, eventually
from tests.support.operator import OperatorProcess

NAME = "plain"
ASKED = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [3.0, 4.0]}]}


@pytest.fixture(scope="module")
def image() -> str:
    """MLServer's image: built here, or what MOORING_MLSERVER_IMAGE says of a cluster of one's own."""
    given = os.environ.get("MOORING_MLSERVER_IMAGE")
    if given is None and os.environ.get("MOORING_CLUSTER") == "existing":
        pytest.skip("set MOORING_MLSERVER_IMAGE to the image of tests/e2e/mlserver/Dockerfile")
    command = [sys.executable, "-m", "cluster", "image", "tests/e2e/mlserver"]
    return given or subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout.strip()


@pytest.fixture(scope="module")
def served(
    place: Place, operator: OperatorProcess, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The first of two versions, served by MLServer; they answer 11 and 12 to `ASKED`."""
    for number, factor in ((1, 1.0), (2, 2.0)):
        folder = tmp_path_factory.mktemp("model")
        joblib.dump(LinearRegression().fit(*lines(factor)), folder / "model.joblib")
        place.kube.create(record(place, number, folder))
    container = {
        "image": image,
        "args": ["mlserver", "start", "$(MOORING_MODEL_DIR)"],
        "env": [
            {"name": "MLSERVER_MODEL_IMPLEMENTATION", "value": "mlserver_sklearn.SKLearnModel"},
            {"name": "MLSERVER_MODEL_NAME", "value": "$(MOORING_MODEL_NAME)"},
            {"name": "MLSERVER_MODEL_VERSION", "value": "$(MOORING_MODEL_VERSION)"},
            {"name": "MLSERVER_MODEL_URI", "value": "$(MOORING_MODEL_DIR)"},
            {"name": "MLSERVER_PARALLEL_WORKERS", "value": "0"},
            {"name": "MLSERVER_ENVIRONMENTS_DIR", "value": "/tmp/environments"},  # noqa: S108
            {"name": "MLSERVER_METRICS_DIR", "value": "/tmp/metrics"},  # noqa: S108
        ],
    }
    rollout = {"strategy": "Replace", "scaleDownDelaySeconds": 5, "progressDeadlineSeconds": 180}
    spec = {"version": f"{NAME}-v1", "server": {"container": container}, "rollout": rollout}
    place.kube.apply(place.serving(NAME, NAME, **spec))
    place.wait("ModelDeployment", NAME, "Ready", seconds=180)
    yield NAME
    place.kube.delete("ModelDeployment", NAME)


def test_it_answers_behind_the_same_service_and_says_what_it_cannot(place: Place, served: str) -> None:
    with forwarded(place, served) as address:
        assert answer(address) == (f"{NAME}-v1", 11.0)
    assert place.condition("ModelDeployment", NAME, "Observed")["reason"] == "NoLedger"


def test_a_new_version_takes_over_without_a_failed_request(place: Place, served: str) -> None:
    loading.start(place, served, "--fresh", model=NAME, body=ASKED, rate=20)
    before, old = pods_of(place, NAME), arm_of(place, NAME)
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": f"{NAME}-v2"}})
    eventually("it serves", lambda: place.status("ModelDeployment", NAME)["stable"]["version"] == f"{NAME}-v2", 180)
    assert pods_of(place, NAME).isdisjoint(before)
    eventually("the old pods are gone", lambda: not place.kube.list("Pod", f"mooring.dev/arm={old}"), 90)
    report = loading.stop(place)
    assert report["failed"] == 0, report
    assert set(report["versions"]) == {f"{NAME}-v1", f"{NAME}-v2"}
    with forwarded(place, served) as address:
        assert answer(address) == (f"{NAME}-v2", 12.0)


def answer(address: str) -> tuple[str, float]:
    """Return the version that answers, and what."""
    status, found = ask(address, f"/v2/models/{NAME}/infer", ASKED)
    assert status == 200, found
    return found["model_version"], round(found["outputs"][0]["data"][0], 6)


def lines(factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows x and targets x0 + 2 x1 + (factor - 1)."""
    rows = np.random.default_rng(1).normal(size=(20, 2))
    return rows, rows @ [1.0, 2.0] + factor - 1


def record(place: Place, number: int, folder: Path) -> dict[str, Any]:
    """Put a folder into the store, and return its record as a version."""
    path = f"{place.prefix}/{NAME}/{number}"
    for file in folder.iterdir():
        obstore.put(store(place.kube, "models"), f"{path}/{file.name}", file.read_bytes())
    held = stored(file_entry(file) for file in folder.iterdir())
    artifact = {
        "uri": f"s3://models/{path}/",
        "digest": held.digest,
        "bytes": held.bytes,
        "format": "Files",
        "secretName": "object-store",
    }
    signature = {
        "inputs": [{"name": "x", "datatype": "FP64"}],
        "inputsTotal": 1,
        "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1, 1]}],
        "task": "Regression",
    }
    spec = {"model": NAME, "number": number, "artifact": artifact, "signature": signature}
    return {"kind": "ModelVersion", "metadata": {"name": f"{NAME}-v{number}"}, "spec": spec}
