"""Folders that the real MLflow wrote (`make_mlflow.py`) answer as their libraries did; MLflow is not installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mooring.api.modelversion import Signature
from mooring.artifact.brought import read_brought
from mooring.artifact.errors import ModelRefused

FOLDERS = Path(__file__).parent / "mlflow"
MADE = json.loads((FOLDERS / "answers.json").read_text())
ROWS = MADE["rows"]
NUMBERS = [{"name": "age", "datatype": "FP64"}, {"name": "hours", "datatype": "FP64"}]


def record(label: str = "INT64", **changed: Any) -> Signature:
    fields = {
        "inputs": NUMBERS,
        "inputsTotal": 2,
        "outputs": [
            {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
            {"name": "label", "datatype": label, "shape": [-1]},
        ],
        "task": "BinaryClassification",
    }
    return Signature.model_validate(fields | changed)


MIXED = record(
    "BYTES", inputs=[*NUMBERS, {"name": "school", "datatype": "BYTES"}], inputsTotal=3, classes=["no", "yes"]
)
SERVED = {
    "sklearn": (MIXED, "sklearn"),
    "pickled": (record(), "sklearn"),
    "xgboost": (record(), "onnx"),
    "lightgbm": (record(), "onnx"),
    "onnx": (record(), "onnx"),
}


@pytest.mark.parametrize("name", SERVED)
def test_answers_are_those_of_the_library(name: str) -> None:
    signature, kind = SERVED[name]
    found = read_brought(FOLDERS / name, "MLflow", signature, trusts_pickles=name == "pickled")
    answers = found.model.ask([ROWS[tensor.name] for tensor in signature.inputs])
    np.testing.assert_allclose(answers.probability[:, 1], MADE["answers"][name], rtol=0, atol=1e-5)
    assert found.kind == kind


def test_a_pickle_is_not_opened_without_trust() -> None:
    with pytest.raises(ModelRefused, match=r"model.pkl is a pickle, .*trust: \[Joblib\]"):
        read_brought(FOLDERS / "pickled", "MLflow", record())


def damaged(folder: Path, name: str, old: str, new: str) -> Path:
    shutil.copytree(FOLDERS / name, folder / name)
    file = folder / name / "MLmodel"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return folder / name


WRONG = {
    "a path out of the folder": (
        "data: model.ubj",
        "data: ../model.ubj",
        "'../model.ubj'; expected a file of the folder",
    ),
    "an absolute path": ("data: model.ubj", "data: /etc/passwd", "'/etc/passwd'; expected a file of the folder"),
    "a lost file": ("data: model.ubj", "data: model.json", "names 'model.json', which is not in the folder"),
    "a flavor of its own": ("  xgboost:", "  keras:", "it has the flavors python_function, keras; served is an onnx"),
    "no YAML": ("flavors:", "flavors: [", "MLmodel is no YAML"),
    "an alias": ("flavors:", "a: &a [1]\nb: [*a, *a]\nflavors:", "MLmodel has aliases"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), WRONG.values(), ids=WRONG)
def test_these_are_refused_with_their_place(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_brought(damaged(tmp_path, "xgboost", old, new), "MLflow", record())
    assert sentence in str(refused.value)


def test_a_list_of_trusted_types_in_the_folder_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = damaged(tmp_path, "sklearn", "skops_trusted_types: null", "skops_trusted_types: [os.system]")
    monkeypatch.setattr("mooring.artifact.model.TRUSTED", ())
    asked: list[object] = []
    monkeypatch.setattr("mooring.artifact.model.skops.load", lambda file, trusted: asked.append(trusted))
    with pytest.raises(ModelRefused):
        read_brought(folder, "MLflow", MIXED)
    assert asked == [[]]


def test_inputs_that_are_not_listed_are_refused_where_they_may_be_text() -> None:
    fewer = MIXED.model_copy(update={"inputs": MIXED.inputs[:2]})
    with pytest.raises(ModelRefused, match=r"lists 2 of 3 inputs, and .* does not say their datatypes"):
        read_brought(FOLDERS / "sklearn", "MLflow", fewer)


def test_classes_must_be_the_estimators() -> None:
    swapped = MIXED.model_copy(update={"classes": ["yes", "no"]})
    with pytest.raises(ModelRefused, match=r"signature\.classes are 'yes', 'no', and those of the model 'no', 'yes'"):
        read_brought(FOLDERS / "sklearn", "MLflow", swapped)
