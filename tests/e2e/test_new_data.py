"""New data in the store: a pod lists it, the policy asks, the recipe runs, and the chain can be followed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.place import Place, people, put_people
from tests.support.kube import eventually
from tests.support.operator import OperatorProcess

NAME = "fresh"
POLICY = {
    "deployment": NAME,
    "triggers": [{"type": "NewData", "pollSeconds": 60}],
    "retrain": {"trainingJob": NAME, "cooldownSeconds": 0},
}


@pytest.fixture(scope="module")
def deployed(place: Place, operator: OperatorProcess) -> str:
    """A version that serves, and data that came after it was trained."""
    put_people(place, people(1500), NAME)
    recipe = place.recipe(NAME)
    recipe["spec"]["data"]["uri"] = f"s3://datasets/{place.prefix}/{NAME}/"
    place.kube.apply(recipe)
    place.wait("TrainingJob", NAME, "Ready")
    place.kube.apply(place.serving(NAME, NAME))
    place.wait("ModelDeployment", NAME, "Ready")
    put_people(place, people(2500, seed=8), NAME)
    return NAME


def test_new_data_is_listed_asked_for_and_trained_on(place: Place, deployed: str, tmp_path: Path) -> None:
    place.kube.apply({"kind": "DriftPolicy", "metadata": {"name": NAME}, "spec": POLICY})

    def promoted() -> dict[str, Any] | None:
        last: dict[str, Any] = place.status("DriftPolicy", NAME).get("last") or {}
        return last if last.get("outcome") == "Promoted" else None

    last = eventually("what new data asked for is promoted", promoted, 120)
    assert (last["id"], last["version"], last["trigger"]) == (f"dp/{NAME}/1", f"{NAME}-v2", "NewData")
    version = place.kube.get("ModelVersion", f"{NAME}-v2")
    assert version is not None
    assert version["spec"]["provenance"]["request"] == f"dp/{NAME}/1"
    data = place.status("DriftPolicy", NAME)["data"]
    assert data["listing"] == version["spec"]["data"]["listing"]
    assert "was trained on another listing" in place.status("TrainingJob", NAME)["runs"][0]["reason"]

    assert f"last         dp/{NAME}/1 Promoted ({NAME}-v2)" in place.mooring("drift", "status", NAME)
    bundle = tmp_path / "bundle.json"
    place.mooring("drift", "bundle", NAME, "-o", str(bundle))
    explain = [sys.executable, "-m", "mooring.cli.main", "drift", "explain", str(bundle)]
    told = subprocess.run(explain, capture_output=True, text=True, check=True).stdout
    assert f"before it: dp/{NAME}/1 Promoted" in told
