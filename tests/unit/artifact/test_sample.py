"""Rows of the data beside the model: made by a run, read by who compares rows, left where they are by who serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from mooring.api.modelversion import Artifact
from mooring.api.wire import TrainOrder, TrainReport
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing
from mooring.artifact.folder import download, fetch_files
from mooring.artifact.manifest import SAMPLE
from mooring.artifact.sample import fetch_sample
from mooring.artifact.store import Store
from mooring.training.run import Run, execute
from mooring.training.sampled import sample_of
from tests.unit.training.conftest import make_order, make_people

PREFIX = "MOORING_ARTIFACT_"


def train(folder: Path, rows: int, **changes: object) -> TrainReport:
    (folder / "data").mkdir(parents=True)
    make_people(400).to_parquet(folder / "data" / "part.parquet")
    order: TrainOrder = make_order(folder, evaluation={"sampleRows": rows}, **changes)
    return execute(Run(order, {}, {}))


def artifact_of(report: TrainReport) -> Artifact:
    assert report.artifact is not None
    return report.artifact


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TrainReport:
    return train(tmp_path_factory.mktemp("made"), 100)


@pytest.fixture
def copied(made: TrainReport, tmp_path: Path) -> tuple[Artifact, Path]:
    """The artifact in a folder that a test may damage."""
    artifact, folder = artifact_of(made), tmp_path / "copied"
    folder.mkdir()
    for file in Path(artifact.uri).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return artifact.model_copy(update={"uri": str(folder)}), folder


def test_as_many_rows_as_were_asked_for_lie_beside_the_model_without_the_target(made: TrainReport) -> None:
    manifest, table = fetch_sample(artifact_of(made), {})
    assert table.schema.names == [feature.name for feature in manifest.features]
    assert (table.num_rows, made.data.sample_rows, manifest.data.sample_rows) == (100, 100, 100)
    assert "employed" not in table.schema.names
    assert table.schema.field("age").type == pa.int64()
    assert table.schema.field("citizen").type == pa.bool_()
    people = make_people(400)
    known = set(people.drop(columns="employed").astype(object).fillna("missing").itertuples(index=False, name=None))
    assert set(table.to_pandas().astype(object).fillna("missing").itertuples(index=False, name=None)) <= known


def test_the_same_seed_keeps_the_same_rows_and_another_seed_others() -> None:
    frame = make_people(400)
    assert sample_of(frame, 100, 7).equals(sample_of(frame, 100, 7))
    assert not sample_of(frame, 100, 7).equals(sample_of(frame, 100, 8))
    ages = [sample_of(frame, 100, seed)["age"].mean() for seed in range(50)]
    assert abs(sum(ages) / 50 - frame["age"].mean()) < 1  # of the whole data, not of its beginning


def test_where_nobody_asked_there_is_no_sample(tmp_path: Path) -> None:
    report = train(tmp_path, 0)
    assert report.data is not None
    assert report.data.sample_rows is None
    assert not (Path(artifact_of(report).uri) / SAMPLE).exists()
    with pytest.raises(ArtifactMissing, match=SAMPLE):
        fetch_sample(artifact_of(report), {})


def test_all_rows_where_there_are_fewer(tmp_path: Path) -> None:
    report = train(tmp_path, 20_000)
    assert report.data is not None
    assert report.data.sample_rows == 400
    assert fetch_sample(artifact_of(report), {})[1].num_rows == 400


def test_who_serves_verifies_the_artifact_and_is_not_given_the_rows(made: TrainReport, tmp_path: Path) -> None:
    artifact = artifact_of(made)
    fetch_files(artifact, PREFIX, tmp_path / "pod")
    given = {file.name for file in (tmp_path / "pod").iterdir()}
    assert given == {file.name for file in Path(artifact.uri).iterdir()} - {SAMPLE}
    whole = download(Store(artifact.uri + "/", {}), tmp_path / "whole")
    assert (whole.digest, whole.bytes) == (artifact.digest, artifact.bytes)


def forget(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = [file for file in manifest["files"] if file["path"] != SAMPLE]
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def twice(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] *= 2
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def lie(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        file["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def garbage(folder: Path) -> None:
    size = (folder / "manifest.json").stat().st_size
    (folder / "manifest.json").write_text("x" * size)


@pytest.mark.parametrize("damage", [forget, twice, lie, garbage])
def test_a_changed_manifest_is_refused_by_who_serves_and_by_who_compares(
    copied: tuple[Artifact, Path], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    artifact, folder = copied
    damage(folder)
    artifact = artifact.model_copy(update={"bytes": sum(file.stat().st_size for file in folder.iterdir())})
    with pytest.raises(ArtifactMismatch):
        fetch_files(artifact, PREFIX, tmp_path / "pod")
    assert list((tmp_path / "pod").iterdir()) == []
    with pytest.raises(ArtifactMismatch):
        fetch_sample(artifact, {})


def test_changed_rows_are_refused_by_who_compares(copied: tuple[Artifact, Path]) -> None:
    artifact, folder = copied
    pd.DataFrame({"age": [1]}).to_parquet(folder / SAMPLE)
    with pytest.raises(ArtifactMismatch, match="somebody changed them"):
        fetch_sample(artifact, {})
