"""ONNX files of other tools: what skl2onnx writes, and graphs made by hand for what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mooring.api.modelversion import Signature
from mooring.artifact.brought import Brought
from mooring.artifact.brought.interface import check_probabilities
from mooring.artifact.errors import ModelRefused
from tests.unit.artifact.brought.models import brought, rows, signature, target

TABLE = np.nan_to_num(rows())


def onnx_of(model: Any, **options: Any) -> bytes:
    content: bytes = to_onnx(model, TABLE[:1].astype(np.float32), target_opset=18, **options).SerializeToString()
    return content


def loaded(folder: Path, content: bytes, record: Signature) -> Brought:
    return brought(folder, "Onnx", content, "model.onnx", record)


@pytest.mark.parametrize("zipmap", [True, False], ids=["maps", "a matrix"])
@pytest.mark.parametrize("kind", ["binary", "three"])
def test_a_classifier_answers_as_scikit_learn(tmp_path: Path, kind: str, zipmap: bool) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(TABLE, target(kind).astype(int))
    content = onnx_of(model, options={"zipmap": zipmap})
    classes = 2 + (kind == "three")
    record = signature("BinaryClassification" if kind == "binary" else "MulticlassClassification", classes=classes)
    record = record.model_copy(update={"inputs": [i.model_copy(update={"nullable": None}) for i in record.inputs]})
    answers = loaded(tmp_path, content, record).model.ask(list(TABLE.T))
    np.testing.assert_allclose(answers.probability, model.predict_proba(TABLE), rtol=0, atol=1e-4)
    assert (answers.codes == model.predict(TABLE)).mean() > 0.99


def test_a_regression_answers_as_scikit_learn(tmp_path: Path) -> None:
    model = LinearRegression().fit(TABLE, target("number"))
    answers = loaded(tmp_path, onnx_of(model), signature("Regression")).model.ask(list(TABLE.T))
    np.testing.assert_allclose(answers.prediction, model.predict(TABLE), rtol=1e-4, atol=1e-3)


def test_columns_of_text_and_numbers_are_inputs_by_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": TABLE[:, 0], "school": np.where(TABLE[:, 3] > 0, "college", "none")})
    columns = ColumnTransformer([("n", StandardScaler(), ["age"]), ("t", OneHotEncoder(), ["school"])])
    labels = np.where(target("binary") > 0, "yes", "no")
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0)).fit(frame, labels)
    types = [("age", FloatTensorType([None, 1])), ("school", StringTensorType([None, 1]))]
    content = to_onnx(model, initial_types=types, target_opset=18).SerializeToString()
    record = Signature.model_validate(
        {
            "inputs": [{"name": "school", "datatype": "BYTES"}, {"name": "age", "datatype": "FP64"}],
            "inputsTotal": 2,
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [-1]},
                {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
            ],
            "task": "BinaryClassification",
            "classes": ["no", "yes"],
        }
    )
    found = loaded(tmp_path, content, record)
    answers = found.model.ask([frame["school"].tolist(), frame["age"].tolist()])
    np.testing.assert_allclose(answers.probability, model.predict_proba(frame), rtol=0, atol=1e-5)
    assert (found.interface.classes, found.interface.positive_class) == (["no", "yes"], "yes")
    swapped = record.model_copy(update={"classes": ["ja", "nein"]})
    with pytest.raises(ModelRefused, match=r"signature\.classes has 'ja', and the model's are 'no', 'yes'"):
        loaded(tmp_path, content, swapped).model.ask([["none"], [1.0]])


def graph(op: str, inputs: Sequence[Any], outputs: Sequence[Any], weights: Sequence[Any] = ()) -> bytes:
    names = [[part.name for part in parts] for parts in (inputs, outputs)]
    node = helper.make_node(op, [*names[0], *(weight.name for weight in weights)], names[1])
    made = helper.make_graph([node], "g", list(inputs), list(outputs), list(weights))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def value(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


BINARY = signature("BinaryClassification")


def test_one_column_of_probabilities_is_the_second_class(tmp_path: Path) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1, 1], [0.25])
    content = graph("Mul", [value("x", [None, 1])], [value("p", [None, 1])], [weights])
    answers = loaded(tmp_path, content, signature("BinaryClassification", names=["x0"])).model.ask([[1.0, 2.0]])
    np.testing.assert_allclose(answers.probability, [[0.75, 0.25], [0.5, 0.5]])


def test_numbers_that_are_no_probabilities_are_noticed(tmp_path: Path) -> None:
    content = graph("Identity", [value("x", [None, 2])], [value("p", [None, 2])])
    answers = loaded(tmp_path, content, signature("BinaryClassification", names=["a", "b"])).model.ask([[3.0], [-1.0]])
    with pytest.raises(ModelRefused, match="it answers 3, -1, which are no probabilities"):
        check_probabilities(answers)


WRONG: dict[str, tuple[Signature, list[Any], list[Any], str]] = {
    "another width": (BINARY, [value("x", [None, 4])], [value("p", [None, 2])], "the model's inputs are x"),
    "other names": (BINARY, [value("a", [None, 1])], [value("p", [None, 2])], "signature.inputs must have these names"),
    "images": (
        BINARY,
        [value("x", [None, 3, 8, 8])],
        [value("p", [None, 2])],
        "the model's inputs are x [None, 3, 8, 8]",
    ),
    "text": (
        BINARY,
        [value("x", [None, 5], TensorProto.STRING)],
        [value("p", [None, 5], TensorProto.STRING)],
        "which output is the answer?",
    ),
    "half floats": (
        BINARY,
        [value("x", [None, 5], TensorProto.FLOAT16)],
        [value("p", [None, 5], TensorProto.FLOAT16)],
        "which output is the answer?",
    ),
    "missing integers": (
        BINARY,
        [value("x", [None, 5], TensorProto.INT64)],
        [value("p", [None, 5], TensorProto.INT64)],
        "which output is the answer?",
    ),
}


@pytest.mark.parametrize(("record", "inputs", "outputs", "sentence"), WRONG.values(), ids=WRONG)
def test_these_are_refused_with_a_sentence(
    tmp_path: Path, record: Signature, inputs: list[Any], outputs: list[Any], sentence: str
) -> None:
    with pytest.raises(ModelRefused) as refused:
        loaded(tmp_path, graph("Identity", inputs, outputs), record)
    assert sentence in str(refused.value)


def test_a_missing_value_needs_floats(tmp_path: Path) -> None:
    cast = helper.make_node("Cast", ["x"], ["p"], to=TensorProto.FLOAT)
    made = helper.make_graph([cast], "g", [value("x", [None, 5], TensorProto.INT64)], [value("p", [None, 5])])
    content = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    with pytest.raises(ModelRefused, match="input 'x0' is nullable, and tensor"):
        loaded(tmp_path, content, BINARY)


@pytest.mark.parametrize("place", ["/proc/self/environ", "../secret", "secret"])
def test_weights_in_files_beside_the_model_are_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "secret").write_bytes(b"0123456789abcdef" * 2)
    monkeypatch.chdir(tmp_path)
    weights = TensorProto(name="w", data_type=1, dims=[5], data_location=TensorProto.EXTERNAL)
    for key, text in {"location": place, "offset": "0", "length": "20"}.items():
        weights.external_data.add(key=key, value=text)
    content = graph("Add", [value("x", [None, 5])], [value("p", [None, 5])], [weights])
    with pytest.raises(ModelRefused, match="ONNX Runtime does not read it"):
        loaded(tmp_path, content, BINARY)


def test_junk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="ONNX Runtime does not read it"):
        loaded(tmp_path, b"\x08junk", BINARY)
