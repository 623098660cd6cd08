"""A record that does not fit its model is refused with the field and what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mooring.api.modelversion import Signature
from mooring.artifact.brought import read_brought
from mooring.artifact.errors import ModelRefused
from tests.unit.artifact.brought.models import lightgbm_file, rows, signature, target

NAMES = ["age", "hours", "gap", "school", "member"]
RECORD = signature("BinaryClassification", names=NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("model")
    (found / "model.txt").write_text(lightgbm_file({"objective": "binary"}, target("binary"), feature_name=NAMES))
    return found


def changed(**fields: Any) -> Signature:
    return Signature.model_validate(RECORD.to_json() | fields)


def outputs(*outputs: tuple[str, str, list[int]]) -> list[dict[str, object]]:
    return [{"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in outputs]


LABEL, PROBABILITY = ("label", "INT64", [-1]), ("probability", "FP64", [-1, 2])
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "the task": (
        {"task": "Regression", "outputs": outputs(("prediction", "FP64", [-1]))},
        "signature.task is Regression, and LightGBM binary makes a BinaryClassification",
    ),
    "the order": (
        {"inputs": [{"name": name, "datatype": "FP64"} for name in ["hours", "age", *NAMES[2:]]]},
        "signature.inputs[0] is 'hours', and the model has 'age' there",
    ),
    "too few": ({"inputs": [{"name": "age", "datatype": "FP64"}], "inputsTotal": 1}, "the model reads 5 features"),
    "text": (
        {"inputs": [{"name": name, "datatype": "BYTES"} for name in NAMES]},
        "input 'age' is BYTES, and LightGBM binary reads numbers",
    ),
    "twice": ({"inputs": [{"name": "age", "datatype": "FP64"}] * 5}, "signature.inputs names an input twice"),
    "an output": (
        {"outputs": outputs(LABEL)},
        "signature.outputs are ['label']; a BinaryClassification has label and probability",
    ),
    "classes": (
        {"outputs": outputs(LABEL, ("probability", "FP64", [-1, 3])), "task": "BinaryClassification"},
        "signature.task is BinaryClassification, and probability has 3 columns",
    ),
    "a class too many": ({"classes": ["a", "b", "c"]}, "signature.classes has 3 values for 2 columns"),
    "words for numbers": ({"classes": ["no", "yes"]}, "signature.classes has 'no', and the output label is INT64"),
    "a shape": ({"outputs": outputs(LABEL, ("probability", "FP64", [2]))}, "write shape [-1, CLASSES] for probability"),
    "a datatype": ({"outputs": outputs(LABEL, ("probability", "BYTES", [-1, 2]))}, "probability is BYTES; write FP64"),
}


@pytest.mark.parametrize(("fields", "sentence"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused(folder: Path, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_brought(folder, "LightGBM", changed(**fields))
    assert sentence in str(refused.value)


def test_labels_are_the_records(folder: Path) -> None:
    record = changed(classes=["no", "yes"], outputs=outputs(PROBABILITY, ("label", "BYTES", [-1])))
    interface = read_brought(folder, "LightGBM", record).interface
    assert (interface.classes, interface.positive_class) == (["no", "yes"], "yes")


def test_features_past_those_of_the_record_are_the_files(folder: Path) -> None:
    record = changed(inputs=[{"name": "age", "datatype": "INT64"}], inputsTotal=5)
    found = read_brought(folder, "LightGBM", record)
    assert [feature.name for feature in found.interface.features] == NAMES
    assert len(found.model.ask(list(rows().T)).codes) == len(rows())


def test_two_files_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes((folder / "model.txt").read_bytes())
    with pytest.raises(ModelRefused, match=r"exactly one file that ends in .txt or .lgb; there is a.txt, b.txt"):
        read_brought(tmp_path, "LightGBM", RECORD)
