"""Files are scored as serving would answer their rows, and what is written is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mooring.api.modelversion import ModelVersion
from mooring.api.wire import ServeOrder
from mooring.artifact.folder import file_entry, read_manifest, stored
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Manifest
from mooring.artifact.model import load_model
from mooring.artifact.predict import ask
from mooring.batch import run as batch_run
from mooring.batch import source
from mooring.batch.order import BatchOrder, Credentials
from mooring.batch.parts import Summary
from mooring.batch.run import Batch, execute
from mooring.training.failure import RunFailed
from tests.unit.artifact.brought.models import signature, target, xgboost_file
from tests.unit.batch.conftest import people
from tests.unit.serving.store import bucket

Rows = Callable[..., Path]


@pytest.fixture
def score(model: Path, tmp_path: Path) -> Callable[..., Summary]:
    """Return a function that scores a file or folder into `tmp_path/out`."""

    def start(input: Path, **given: object) -> Summary:
        told = {"model": str(model), "input": str(input), "output": str(tmp_path / "out"), "version": "income-v1"}
        return execute(Batch(BatchOrder(**{**told, **given})))

    return start


def answers(folder: Path) -> pd.DataFrame:
    """Return what a reader of Parquet finds who is given the folder."""
    return pd.read_parquet(folder)


def expected(model: Path, frame: pd.DataFrame) -> tuple[np.ndarray, list[object]]:
    manifest: Manifest = read_manifest(model)
    columns = {
        name: [None if pd.isna(value) else value for value in frame[name]]
        for name in (f.name for f in manifest.features)
    }
    found = ask(load_model(model / "model.skops"), manifest.task, to_frame(manifest.features, columns))
    return found.probability, [manifest.classes[code] for code in found.codes]


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(RunFailed) as caught:
        call()
    return f"{caught.value.failure.class_} {caught.value.failure.reason}: {caught.value.failure.message}"


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.csv.gz"])
def test_a_file_is_answered_as_the_pipeline_answers_its_rows(
    score: Callable[..., Summary], rows: Rows, model: Path, tmp_path: Path, name: str
) -> None:
    summary = score(rows(name), keep=("id",))
    found = answers(tmp_path / "out")
    probability, labels = expected(model, people())
    assert list(found) == ["id", "label", "probability_0", "probability_1", "version"]
    assert np.abs(found[["probability_0", "probability_1"]].to_numpy() - probability).max() < 1e-9
    assert found["label"].tolist() == labels
    assert found["id"].astype(int).tolist() == people()["id"].tolist()
    assert set(found["version"]) == {"income-v1"}
    assert (summary.rows, summary.predicted, summary.refused.rows, summary.backend) == (300, 300, 0, "onnx")
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_a_model_that_was_brought_is_read_by_its_record(tmp_path: Path) -> None:
    names = ["age", "hours", "gap", "school", "member"]
    file = tmp_path / "bucket" / "shop" / "3" / "model.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(xgboost_file({"objective": "binary:logistic"}, target("binary"), names=names))
    found = stored([file_entry(file)])
    artifact = {
        "uri": "s3://models/shop/3/model.json",
        "digest": found.digest,
        "bytes": found.bytes,
        "format": "XGBoost",
    }
    spec = {"model": "shop", "number": 3, "artifact": artifact}
    spec["signature"] = signature("BinaryClassification", names=names).to_json()
    serve = ServeOrder.of(ModelVersion.model_validate({"metadata": {"name": "shop-v3"}, "spec": spec}))
    rows = tmp_path / "rows.parquet"
    pd.DataFrame(np.random.default_rng(1).normal(size=(40, 5)), columns=names).to_parquet(rows)
    with bucket(tmp_path / "bucket") as address:
        keys = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
        record = {"digest": serve.artifact.digest, "version": serve.version, "serve": serve}
        told = BatchOrder(serve.artifact.uri, str(rows), str(tmp_path / "out"), **record)
        summary = execute(Batch(told, Credentials(model=keys)))
    assert (summary.model, summary.version, summary.predicted) == ("shop", "shop-v3", 40)
    scores = answers(tmp_path / "out")
    assert list(scores) == ["label", "probability_0", "probability_1", "version"]
    assert np.allclose(scores["probability_0"] + scores["probability_1"], 1)


def test_columns_are_found_by_name_whatever_their_order_and_company(
    score: Callable[..., Summary], rows: Rows, model: Path, tmp_path: Path
) -> None:
    frame = people()[["wage", "citizen", "age", "job"]].assign(surplus=1.5, age=lambda f: f["age"].astype("int8"))
    score(rows(frame=frame))
    probability, _ = expected(model, people())
    assert np.abs(answers(tmp_path / "out")["probability_1"] - probability[:, 1]).max() < 1e-9


def test_a_regression_has_one_column(regression: Path, rows: Rows, tmp_path: Path) -> None:
    execute(Batch(BatchOrder(str(regression), str(rows()), str(tmp_path / "out"))))
    found = answers(tmp_path / "out")
    assert list(found) == ["prediction", "version"]
    assert found["prediction"].between(-200, 300).all()
    assert found["version"][0].startswith("income@")


def test_labels_alone_are_written_where_that_is_asked(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path
) -> None:
    score(rows(), probabilities=False)
    assert list(answers(tmp_path / "out")) == ["label", "version"]


def spoiled() -> pd.DataFrame:
    """Return people of whom rows 3 and 7 are wrong, 7 in two columns."""
    frame = people().astype({"age": "float64"})
    frame.loc[3, "age"] = np.nan
    frame.loc[7, "age"] = 39.5
    frame.loc[7, "job"] = "pirate"
    return frame


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_a_bad_row_ends_the_run_with_its_place_unless_told_otherwise(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path, name: str
) -> None:
    found = failure(lambda: score(rows(name, spoiled())))
    assert found.startswith(f"Data BadRow: {name}, row 3 (from 0): column 'age' is missing")
    assert "--on-bad-row" in found
    assert not (tmp_path / "out" / "_SUCCESS").exists()


def test_bad_rows_are_left_out_and_counted_by_column(score: Callable[..., Summary], rows: Rows, tmp_path: Path) -> None:
    summary = score(rows(frame=spoiled()), on_bad_row="skip", keep=("id",))
    assert (summary.rows, summary.predicted, summary.refused.rows) == (300, 298, 2)
    assert summary.refused.by_column == {"age": 2, "job": 1}
    assert sorted(set(range(1000, 1300)) - set(answers(tmp_path / "out")["id"])) == [1003, 1007]


def test_bad_rows_are_kept_without_an_answer_and_say_why(
    score: Callable[..., Summary], rows: Rows, model: Path, tmp_path: Path
) -> None:
    score(rows(frame=spoiled()), on_bad_row="null")
    found = answers(tmp_path / "out")
    assert found.index[found["label"].isna()].tolist() == [3, 7]
    assert found.loc[[3, 7], "refused"].tolist() == ["age", "age"]
    probability, _ = expected(model, people())
    fine = found["label"].notna().to_numpy()
    assert np.abs(found["probability_1"][fine] - probability[fine, 1]).max() < 1e-9


def test_in_csv_a_line_with_too_few_fields_is_a_bad_row_too(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path
) -> None:
    file = rows("rows.csv")
    file.write_text(file.read_text() + "1,2\n")
    assert "Data NotCSV: rows.csv is not readable CSV" in failure(lambda: score(file))
    summary = score(file, on_bad_row="skip")
    assert (summary.rows, summary.predicted, summary.refused.by_column) == (301, 300, {"(line)": 1})


def test_words_among_the_numbers_of_csv_are_bad_cells(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path
) -> None:
    frame = people().astype({"age": object})
    frame.loc[5, "age"] = "old"
    assert "row 5 (from 0): column 'age' is 'old', expected a whole number" in failure(
        lambda: score(rows("rows.csv", frame))
    )


def test_the_profile_is_that_of_a_pods_ledger(score: Callable[..., Summary], rows: Rows, tmp_path: Path) -> None:
    score(rows(frame=spoiled()), on_bad_row="skip")
    profile = json.loads((tmp_path / "out" / "_profile.json").read_text())
    (interval,) = profile["intervals"]
    counts = interval["roles"]["stable"]
    kept = spoiled().drop([3, 7])
    assert counts["rows"] == [298]
    assert sum(counts["predictions"]) == 298
    assert counts["rejected"] == [2, 0, 0, 0, 0]
    assert sum(counts["features"]["age"]["bins"]) + counts["features"]["age"]["under"] <= 298
    assert counts["features"]["wage"]["missing"] == int(kept["wage"].isna().sum())
    assert counts["features"]["job"]["missing"] == int(kept["job"].isna().sum())
    assert counts["features"]["job"]["bins"] == [int((kept["job"] == job).sum()) for job in ("baker", "clerk", "miner")]


def test_many_batches_are_one_file(
    score: Callable[..., Summary], rows: Rows, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH_ROWS", 7)
    score(rows(), keep=("id",))
    probability, _ = expected(model, people())
    assert np.abs(answers(tmp_path / "out")["probability_1"] - probability[:, 1]).max() < 1e-9


def test_a_run_that_was_ended_goes_on_behind_its_finished_parts(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rows("a.parquet").parent
    rows("b.parquet", people(50, seed=6))
    (folder / "c.parquet").write_bytes(b"not Parquet")
    assert "Data NotParquet: c.parquet" in failure(lambda: score(folder))
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    rows("c.parquet", people(20, seed=7))
    rows("b.parquet", people(60, seed=8))
    summary = score(folder)
    assert (summary.files, summary.resumed, summary.rows) == (3, 1, 380)
    assert len(answers(tmp_path / "out")) == 380
    profile = json.loads((tmp_path / "out" / "_profile.json").read_text())
    assert profile["intervals"][0]["roles"]["stable"]["rows"] == [380]


def test_an_order_that_was_finished_does_nothing_and_another_is_refused(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path
) -> None:
    file = rows()
    first = score(file)
    assert score(file) == first
    assert "User OutputTaken" in failure(lambda: score(file, keep=("id",)))


def test_a_failed_write_leaves_no_part_behind(
    score: Callable[..., Summary], rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(batch_run.PartWriter, "write", full)
    file = rows()
    with pytest.raises(OSError, match="no space left"):
        score(file)
    assert not (tmp_path / "out").exists()


def mistakes(tmp_path: Path, rows: Rows) -> dict[str, tuple[dict[str, object], str]]:
    file = rows()
    return {
        "a missing feature": (
            {"input": rows("lacking.parquet", people().drop(columns=["age", "job"]))},
            "Data ColumnMissing: lacking.parquet lacks 'age', 'job', which the model reads",
        ),
        "another case": (
            {"input": rows("case.parquet", people().rename(columns={"age": "Age"}))},
            "'Age' must be written as the model knows it",
        ),
        "text for a number": (
            {"input": rows("text.parquet", people().astype({"age": str}))},
            "Data ColumnType: column 'age' is of type",
        ),
        "a kept column that is not there": (
            {"input": file, "keep": ("name",)},
            "rows.parquet has no column 'name' to keep; it has 'id', 'age'",
        ),
        "a kept column with an answer's name": (
            {"input": rows("label.parquet", people().assign(label=1)), "keep": ("label",)},
            "User NameTaken: --keep 'label'",
        ),
        "nothing there": ({"input": tmp_path / "nowhere"}, "Data DataNotFound: there is nothing at"),
        "output among the input": (
            {"input": file.parent, "output": str(file.parent / "scores")},
            "User OutputInInput",
        ),
        "another digest": ({"input": file, "digest": "sha256:" + "0" * 64}, "User ModelUnusable: the files of"),
        "no model": ({"input": file, "model": str(tmp_path / "rows")}, "is unfinished (it has no manifest.json)"),
        "an output of others": ({"input": file, "output": str(tmp_path / "taken")}, "User OutputTaken"),
    }


CASES = (
    "a missing feature", "another case", "text for a number", "a kept column that is not there",
    "a kept column with an answer's name", "nothing there", "output among the input", "another digest", "no model",
    "an output of others",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_mistakes_are_explained(score: Callable[..., Summary], rows: Rows, tmp_path: Path, case: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").touch()
    given, sentence = mistakes(tmp_path, rows)[case]
    assert sentence in failure(lambda: score(**given))
