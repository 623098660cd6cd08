from pathlib import Path

import pytest

from mooring.api.modelversion import Artifact
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing
from mooring.artifact.folder import download, fetch, upload
from mooring.artifact.store import Store


def folder(at: Path, **files: str) -> Path:
    at.mkdir(parents=True)
    for name, text in files.items():
        (at / name.replace("_", ".")).write_text(text)
    return at


def artifact(uri: Path, digest: str, size: int) -> Artifact:
    return Artifact.model_construct(uri=str(uri), digest=digest, bytes=size, format="Skops")


def test_what_was_uploaded_comes_back_with_the_same_digest(tmp_path):
    made = folder(tmp_path / "made", model_skops="m" * 10_000, manifest_json="{}", card_md="")
    stored = upload(made, Store(str(tmp_path / "store/income/1-abc"), {}))
    assert stored.bytes == 10_002
    back = download(Store(str(tmp_path / "store/income/1-abc/"), {}), tmp_path / "back")
    assert back == stored
    assert {file.name: file.read_bytes() for file in (tmp_path / "back").iterdir()} == {
        file.name: file.read_bytes() for file in made.iterdir()
    }


def test_a_changed_byte_is_refused_and_nothing_of_it_is_kept(tmp_path):
    made = folder(tmp_path / "made", model_skops="good", manifest_json="{}")
    stored = upload(made, Store(str(tmp_path / "store"), {}))
    (tmp_path / "store/model.skops").write_text("evil")
    with pytest.raises(ArtifactMismatch, match="somebody changed them"):
        fetch(artifact(tmp_path / "store", stored.digest, stored.bytes), "MOORING_ARTIFACT_", tmp_path / "back")
    assert list((tmp_path / "back").iterdir()) == []


def test_another_number_of_bytes_is_refused_before_anything_is_read(tmp_path):
    made = folder(tmp_path / "made", model_skops="good", manifest_json="{}")
    stored = upload(made, Store(str(tmp_path / "store"), {}))
    (tmp_path / "store/more.txt").write_text("more")
    with pytest.raises(ArtifactMismatch, match="bytes"):
        fetch(artifact(tmp_path / "store", stored.digest, stored.bytes), "MOORING_ARTIFACT_", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_folder_without_manifest_is_unfinished(tmp_path):
    folder(tmp_path / "store", model_skops="m")
    with pytest.raises(ArtifactMissing, match=r"unfinished \(it has no manifest.json\)"):
        download(Store(str(tmp_path / "store/"), {}), tmp_path / "back")


def test_a_folder_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(ArtifactMissing, match="is empty or does not exist"):
        download(Store(str(tmp_path / "nothing/"), {}), tmp_path / "back")


def test_a_manifest_of_another_kind_is_a_mismatch_that_says_so(tmp_path):
    made = folder(tmp_path / "made", manifest_json='{"format_version": 2}')
    stored = upload(made, Store(str(tmp_path / "store"), {}))
    with pytest.raises(ArtifactMismatch, match="not one that this Mooring reads"):
        fetch(artifact(tmp_path / "store", stored.digest, stored.bytes), "MOORING_ARTIFACT_", tmp_path / "back")
