"""`mooring import`: a file of another tool becomes a record that a serving pod can load, or a sentence why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mooring.api.modelversion import ModelVersion
from mooring.api.wire import ServeOrder
from mooring.artifact.manifest import GOLDEN, PROFILE
from mooring.cli.main import main
from mooring.serving.load import load_ordered
from tests.unit.artifact.brought.models import lightgbm_file, rows, target, xgboost_file
from tests.unit.artifact.brought.test_mlflow import FOLDERS, MADE
from tests.unit.artifact.brought.test_onnx import TABLE, onnx_of
from tests.unit.serving import store

NAMES = ["age", "hours", "gap", "school", "member"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a store, whose credentials are in the environment."""
    with store.bucket(tmp_path / "bucket") as address:
        for name, text in {"ENDPOINT_URL": address, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
            monkeypatch.setenv(f"AWS_{name}", text)
        yield tmp_path / "bucket"


@pytest.fixture
def run(bucket: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that imports a file as churn-v1 into the folder `there` of the store; and what was said."""

    def start(source: Path | str, *more: str, to: str | None = "s3://models/there") -> tuple[int, str, str]:
        words = ["import", str(source), "--model", "churn", "--number", "1", *more]
        status = main([*words, *(["--to", to] if to else [])])
        said = capsys.readouterr()
        return status, said.out, said.err

    return start


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "model.json"
    file.write_bytes(xgboost_file({"objective": "binary:logistic"}, target("binary"), names=NAMES))
    return file


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "rows.parquet"
    pd.DataFrame(rows(), columns=NAMES).assign(other=1).to_parquet(file)
    return file


def served(text: str, folder: Path) -> Any:
    """Load the record's model as a serving pod would, from the folder that it was uploaded to."""
    version = ModelVersion.model_validate(yaml.safe_load(text))
    spec = version.spec
    order = ServeOrder(model="churn", version="churn-v1", artifact=spec.artifact, signature=spec.signature)
    return load_ordered(order, folder)


def test_a_record_comes_out_that_a_pod_can_serve(run: Run, model: Path, sample: Path, bucket: Path) -> None:
    status, out, said = run(model, "--sample", str(sample), "--secret", "object-store", "--classes", "stays,leaves")
    assert status == 0, said
    assert "600 rows of the sample are answered as XGBoost" in said
    spec = yaml.safe_load(out)["spec"]
    assert [tensor["name"] for tensor in spec["signature"]["inputs"]] == NAMES
    assert spec["signature"]["classes"] == ["stays", "leaves"]
    assert spec["artifact"]["format"] == "XGBoost"
    assert "gate" not in spec
    loaded = served(out, bucket / "there")
    assert loaded.profile is not None
    assert [number.name for number in loaded.profile.numbers] == NAMES
    assert sum(loaded.profile.predictions.counts) == 600
    golden = json.loads((bucket / "there" / GOLDEN).read_text())
    assert set(golden["outputs"]["label"]) == {"stays", "leaves"}
    assert any(value is None for value in golden["inputs"]["age"])


def test_without_a_sample_it_says_what_the_ledger_lacks(run: Run, model: Path, bucket: Path) -> None:
    status, out, said = run(model)
    assert status == 0
    assert "the ledger has no reference" in said
    assert not (bucket / "there" / PROFILE).exists()
    assert served(out, bucket / "there").profile is None


def test_lightgbm_is_compared_with_lightgbm(run: Run, sample: Path, tmp_path: Path, bucket: Path) -> None:
    file = tmp_path / "model.txt"
    file.write_text(lightgbm_file({"objective": "regression"}, target("number"), feature_name=NAMES))
    status, out, said = run(file, "--sample", str(sample))
    assert status == 0, said
    assert "are answered as LightGBM" in said
    assert yaml.safe_load(out)["spec"]["signature"]["task"] == "Regression"
    served(out, bucket / "there")


@pytest.mark.parametrize("name", ["sklearn", "xgboost", "lightgbm", "onnx"])
def test_folders_of_mlflow_describe_themselves(run: Run, name: str, tmp_path: Path, bucket: Path) -> None:
    frame = pd.DataFrame(MADE["rows"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    status, out, said = run(FOLDERS / name, "--sample", str(tmp_path / "rows.csv"))
    assert status == 0, said
    signature = yaml.safe_load(out)["spec"]["signature"]
    assert signature["inputs"][0]["name"] == "age"
    assert signature.get("classes") == (["no", "yes"] if name == "sklearn" else None)
    loaded = served(out, bucket / "there")
    columns = [frame[feature.name].tolist() for feature in loaded.manifest.features]
    probability = next(output for output in loaded.backend.predict(columns) if output.ndim == 2)
    np.testing.assert_allclose(probability[:, 1], MADE["answers"][name], atol=1e-5)


def test_onnx_takes_names_from_the_command_line(run: Run, tmp_path: Path, bucket: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    file = tmp_path / "model.onnx"
    fitted = LogisticRegression(max_iter=2000).fit(TABLE, target("three").astype(int))
    file.write_bytes(onnx_of(fitted, options={"zipmap": False}))
    status, out, said = run(file, "--features", ",".join(NAMES))
    assert status == 0, said
    signature = yaml.safe_load(out)["spec"]["signature"]
    assert (signature["task"], [tensor["name"] for tensor in signature["inputs"]]) == (
        "MulticlassClassification",
        NAMES,
    )
    served(out, bucket / "there")


def test_what_lies_in_a_store_stays_where_it_is(bucket: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bucket / "churn").mkdir(parents=True)
    (bucket / "churn" / "model.json").write_bytes(model.read_bytes())
    assert main(["import", "s3://models/churn/model.json", "--model", "churn", "--number", "7"]) == 0
    spec = yaml.safe_load(capsys.readouterr().out)["spec"]
    assert spec["artifact"]["uri"] == "s3://models/churn/model.json"
    assert spec["artifact"]["bytes"] == model.stat().st_size


def test_a_pickle_is_opened_only_when_told(run: Run) -> None:
    status, out, said = run(FOLDERS / "pickled")
    assert (status, out) == (42, "")
    assert "say --trust-pickles" in said
    assert run(FOLDERS / "pickled", "--trust-pickles")[0] == 0


THERE = "s3://models/there"
WRONG = {
    "a folder of this machine": (("model.json",), "./there", "a pod has no files of this machine; name s3://"),
    "no place": (("model.json",), None, "--to is missing"),
    "no file": (("nothing.json",), THERE, "nothing.json does not exist"),
    "a name": (("model.json", "--model", "Churn"), THERE, "use lowercase letters"),
    "a class too many": (
        ("model.json", "--classes", "a,b,c"),
        THERE,
        "signature.task is BinaryClassification, and probability has 3 columns",
    ),
    "the task": (("model.json", "--task", "Regression"), THERE, "signature.task is Regression"),
    "other names": (
        ("model.json", "--features", "a,b,c,d,e"),
        THERE,
        "signature.inputs[0] is 'a', and the model has 'age'",
    ),
    "a number": (("model.json", "--number", "0"), THERE, "number: Input should be greater than or equal to 1"),
}


@pytest.mark.parametrize(("words", "to", "sentence"), WRONG.values(), ids=WRONG)
def test_these_are_refused_with_a_sentence(
    run: Run, model: Path, words: tuple[str, ...], to: str | None, sentence: str
) -> None:
    status, out, said = run(model.parent / words[0], *words[1:], to=to)
    assert (status, out) == (42, "")
    assert sentence in said


def test_a_sample_without_a_feature_is_refused(run: Run, model: Path, tmp_path: Path) -> None:
    pd.DataFrame({"age": [1.0, 2.0]}).to_csv(tmp_path / "rows.csv", index=False)
    status, _, said = run(model, "--sample", str(tmp_path / "rows.csv"))
    assert status == 42
    assert "the sample has no column 'hours'; it has age" in said
