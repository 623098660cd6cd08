from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mooring.api.wire import ServeOrder
from mooring.artifact.manifest import GOLDEN, MANIFEST, MODEL, Golden
from mooring.serving.errors import CannotServe
from mooring.serving.fetch import fetch_patiently
from mooring.serving.load import Loaded, load_ordered
from tests.unit.serving import artifacts, store


@dataclass
class Stored:
    """A store with one artifact, as the environment of the loader names it."""

    root: Path
    address: str

    def write(self, answers: Golden | None = None) -> artifacts.Folder:
        return artifacts.write(self.root / "shop" / "1", "s3://models/shop/1", answers)


def parsed(folder: artifacts.Folder) -> ServeOrder:
    return ServeOrder.model_validate_json(folder.order())


def loaded(order: ServeOrder, scratch: Path, seconds: float = 0.0) -> Loaded:
    fetch_patiently(order, scratch / "fetched", seconds)
    return load_ordered(order, scratch / "fetched")


def use(address: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MOORING_ARTIFACT_AWS_ENDPOINT_URL", address)
    patch.setenv("MOORING_ARTIFACT_AWS_ACCESS_KEY_ID", "key")
    patch.setenv("MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY", "secret")
    patch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.3")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    with store.bucket(tmp_path) as address:
        use(address, monkeypatch)
        yield Stored(tmp_path, address)


def refusal(folder: artifacts.Folder) -> CannotServe:
    with pytest.raises(CannotServe) as refused:
        loaded(parsed(folder), folder.path.parent)
    return refused.value


def test_a_loaded_model_answers_as_the_trained_pipeline(stored: Stored) -> None:
    model = loaded(parsed(stored.write()), stored.root)
    rows = artifacts.data(5)
    found = model.backend.predict([rows[feature.name].to_numpy() for feature in artifacts.FEATURES])
    assert found[0].tolist() == artifacts.pipeline().predict(rows).tolist()
    assert found[1].tolist() == artifacts.pipeline().predict_proba(rows).tolist()
    assert model.cost.call > 0


@pytest.mark.parametrize("name", [MODEL, GOLDEN, MANIFEST])
def test_a_changed_file_is_never_read(stored: Stored, name: str) -> None:
    folder = stored.write()
    content = bytearray((folder.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder.path / name).write_bytes(content)
    problem = refusal(folder)
    assert (problem.reason, problem.retry) == ("DigestMismatch", False)
    assert folder.artifact.digest in problem.message


def test_an_absent_artifact_is_missing(stored: Stored) -> None:
    folder = stored.write()
    (folder.path / MANIFEST).unlink()
    assert refusal(folder).reason == "ArtifactMissing"


def test_golden_rows_answered_otherwise_refuse_the_model_with_the_row(stored: Stored) -> None:
    golden = artifacts.golden()
    label = [*golden.outputs["label"]]
    label[2] = 1 - int(str(label[2]))
    problem = refusal(stored.write(golden.model_copy(update={"outputs": {**golden.outputs, "label": label}})))
    assert problem.reason == "GoldenRowsDiffer"
    assert "1 of 8 golden rows" in problem.message
    assert "row 2: label is" in problem.message


@pytest.mark.parametrize(("shift", "refused"), [(9e-6, False), (2e-5, True), (float("nan"), True)])
def test_golden_probabilities_may_differ_by_a_hundred_thousandth(stored: Stored, shift: float, refused: bool) -> None:
    golden = artifacts.golden()
    rows = golden.outputs["probability"]
    shifted = [[float(str(value)) + shift for value in row] if isinstance(row, list) else row for row in rows]
    outputs = {**golden.outputs, "probability": shifted}
    folder = stored.write(golden.model_copy(update={"outputs": outputs}))
    if refused:
        assert refusal(folder).reason in ("GoldenRowsDiffer", "GoldenRowsMissing")
    else:
        loaded(parsed(folder), stored.root)


def test_an_artifact_of_another_model_is_refused(stored: Stored) -> None:
    order = parsed(stored.write()).model_copy(update={"model": "bank"})
    with pytest.raises(CannotServe, match="the artifact is of model 'shop', the order of 'bank'"):
        loaded(order, stored.root)


def test_a_store_that_comes_back_in_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1")
    with store.bucket(tmp_path) as address:
        port = int(address.rpartition(":")[2])
    use(address, monkeypatch)
    came_back, done = threading.Event(), threading.Event()

    def come_back() -> None:
        with store.bucket(tmp_path, port):
            came_back.set()
            done.wait(20)

    with pytest.raises(CannotServe) as first:
        loaded(parsed(folder), tmp_path)
    threading.Thread(target=come_back, daemon=True).start()
    try:
        assert loaded(parsed(folder), tmp_path, 20).manifest.model == "shop"
    finally:
        done.set()
    assert (first.value.reason, first.value.retry, came_back.is_set()) == ("StoreUnavailable", True, True)


def test_a_store_that_stays_away_is_given_up_and_worth_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1")
    use("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(CannotServe, match="cannot be reached") as refused:
        loaded(parsed(folder), tmp_path)
    assert refused.value.retry
