from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mooring.artifact.manifest import Manifest
from mooring.serving.backends import Output
from mooring.serving.backends.pipeline import PipelineBackend
from tests.unit.serving import artifacts

COLUMNS = [np.array([1.0, 2.0])] * 3 + [np.array(["red", "blue"], dtype=object)]


class Fixed:
    """A pipeline that answers the same whatever it is asked, and remembers what it was asked."""

    def __init__(self, answer: Output) -> None:
        self._answer = answer
        self.rows = pd.DataFrame()

    def predict(self, rows: pd.DataFrame) -> Output:
        self.rows = rows
        return self._answer

    predict_proba = predict


def manifest(**changed: object) -> Manifest:
    sent = artifacts.manifest().model_dump(by_alias=True)
    return Manifest.model_validate({**sent, **changed})


def test_the_pipeline_gets_its_columns_by_name_in_the_manifests_order() -> None:
    pipeline = Fixed(np.array([[0.3, 0.7], [0.6, 0.4]]))
    PipelineBackend(pipeline, manifest()).predict(COLUMNS)
    assert list(pipeline.rows) == ["age", "income", "member", "color"]
    assert pipeline.rows["color"].tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("classes", "datatype", "labels"),
    [([0, 1], "INT64", [1, 0]), (["no", "yes"], "BYTES", ["yes", "no"]), ([False, True], "BOOL", [True, False])],
)
def test_the_label_is_the_class_of_the_highest_probability(
    classes: list[object], datatype: str, labels: list[object]
) -> None:
    outputs = [
        {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
        {"name": "label", "datatype": datatype, "shape": [-1]},
    ]
    backend = PipelineBackend(Fixed(np.array([[0.3, 0.7], [0.6, 0.4]])), manifest(classes=classes, outputs=outputs))
    probability, label = backend.predict(COLUMNS)
    assert (label.tolist(), probability.shape) == (labels, (2, 2))


def test_a_regression_answers_its_prediction() -> None:
    outputs = [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]
    backend = PipelineBackend(Fixed(np.array([1.5, 2.5])), manifest(classes=None, outputs=outputs, task="Regression"))
    assert [output.tolist() for output in backend.predict(COLUMNS)] == [[1.5, 2.5]]
