"""A recipe becomes a run, the run a version, and the version says where it came from."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mooring.api.modelversion import ModelVersion
from mooring.artifact.folder import fetch
from mooring.artifact.manifest import Manifest
from tests.e2e.place import Place, credentials
from tests.support.kube import eventually


@pytest.fixture(scope="module")
def version(place: Place, income_v1: str) -> ModelVersion:
    found = place.kube.get("ModelVersion", income_v1)
    assert found is not None
    return ModelVersion.model_validate(found)


def test_the_version_says_where_it_came_from(place: Place, version: ModelVersion) -> None:
    job = place.kube.get("TrainingJob", "income")
    assert job is not None
    assert version.spec.provenance.uid == job["metadata"]["uid"]
    assert version.spec.provenance.recipe_hash == job["status"]["recipeHash"]
    assert version.spec.data.rows == 3000
    assert version.spec.data.train_rows + version.spec.data.holdout_rows == 3000


def test_metrics_carry_their_intervals_and_the_verdict_its_reasons(version: ModelVersion) -> None:
    metrics = {metric.name: metric for metric in version.spec.metrics}
    auc = metrics["roc_auc"]
    assert auc.low is not None
    assert auc.high is not None
    assert float(auc.low) < float(auc.value) < float(auc.high)
    assert version.spec.gate.verdict == "Passed"
    assert version.spec.gate.checks[0].value == auc.value


def test_the_artifact_is_what_was_recorded(
    place: Place, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in (credentials(place.kube) | {"AWS_ENDPOINT_URL": "http://127.0.0.1:30900"}).items():
        monkeypatch.setenv(f"E2E_{key}", value)
    with tempfile.TemporaryDirectory() as folder:
        manifest = fetch(version.spec.artifact, "E2E_", Path(folder))
        assert isinstance(manifest, Manifest)
        assert [feature.name for feature in manifest.features] == ["age", "school", "hours"]
        assert {"model.skops", "golden.json", "profile.json", "card.md"} <= {
            item.name for item in Path(folder).iterdir()
        }
        assert [one.name for one in manifest.segments] == ["school=college", "school=none", "school=school"]
        assert sum(one.rows for one in manifest.segments) == version.spec.data.holdout_rows


def test_people_see_it_without_reading_yaml(place: Place, income_v1: str) -> None:
    jobs = place.kubectl("get", "tj", "income")
    assert "Succeeded" in jobs
    assert income_v1 in jobs
    assert "roc_auc" in jobs
    assert "Passed" in place.kubectl("get", "mv", income_v1)
    events = place.kubectl("get", "events", "--field-selector", "involvedObject.name=income")
    assert "VersionRecorded" in events


def test_the_finished_job_may_go_once_it_is_recorded(place: Place, income_v1: str) -> None:
    name = place.status("TrainingJob", "income")["runs"][0]["job"]
    job = eventually("the Job has a time to live", lambda: _with_ttl(place, name))
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400


def test_asked_again_with_nothing_changed_it_trains_nothing(place: Place, income_v1: str) -> None:
    place.kube.apply(place.recipe("again"))
    place.wait("TrainingJob", "again", "Ready")
    place.kubectl("annotate", "tj", "again", "mooring.dev/run=friday")
    eventually("the second run has ended", lambda: place.status("TrainingJob", "again")["runs"][0].get("unchanged"), 60)
    run = place.status("TrainingJob", "again")["runs"][0]
    assert (run["run"], run["version"]) == (2, "again-v1")
    assert place.condition("TrainingJob", "again", "Ready")["status"] == "True"
    assert place.kube.get("ModelVersion", "again-v2") is None


def _with_ttl(place: Place, name: str) -> object:
    job = place.kube.get("Job", name)
    return job if job and "ttlSecondsAfterFinished" in job["spec"] else None
