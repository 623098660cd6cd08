"""Requests as the documentation of other servers has them, for the model of irises that all of them show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mooring.artifact.manifest import Feature
from mooring.serving.app import build
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import ask

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROWS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
FLAT = [value for row in ROWS for value in row]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
V2, V1, MLFLOW = "/v2/models/shop/infer", "/v1/models/shop:predict", "/invocations"


def tensor(**changed: object) -> dict[str, object]:
    return {"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": ROWS, **changed}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    model = loaded(AgeBackend())
    features = [Feature(name=name, datatype="FP64", nullable=False) for name in NAMES]
    irises = replace(model, manifest=model.manifest.model_copy(update={"features": features}))
    app = build(order(), irises, lambda: True)
    yield await app.listener.start("127.0.0.1", 0)
    app.listener.close()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param(V2, {"inputs": [tensor()]}, id="KServe V2"),
        pytest.param(V2, {"id": "1", "inputs": [tensor(data=FLAT)]}, id="KServe V2, flat"),
        pytest.param(V2, {"inputs": [tensor(name="predict", datatype="FP64")]}, id="MLServer, scikit-learn"),
        pytest.param(V2, {"inputs": [tensor(parameters={"content_type": "np"})]}, id="MLServer, numpy"),
        pytest.param(
            V2,
            {
                "parameters": {"content_type": "pd"},
                "inputs": [
                    {"name": name, "shape": [2], "datatype": "FP64", "data": [row[place] for row in ROWS]}
                    for place, name in enumerate(NAMES)
                ],
            },
            id="MLServer, pandas",
        ),
        pytest.param(V2, {"inputs": [tensor(name="x")], "outputs": [{"name": "label"}]}, id="Triton, chosen outputs"),
        pytest.param(V1, {"instances": ROWS}, id="KServe V1"),
        pytest.param(V1, {"inputs": ROWS}, id="KServe V1, inputs"),
        pytest.param(V1, {"instances": RECORDS}, id="KServe V1, by name"),
        pytest.param(MLFLOW, {"dataframe_split": {"columns": NAMES, "data": ROWS}}, id="MLflow, split"),
        pytest.param(MLFLOW, {"dataframe_records": RECORDS}, id="MLflow, records"),
        pytest.param(MLFLOW, {"instances": ROWS}, id="MLflow, instances"),
        pytest.param(MLFLOW, {"inputs": ROWS}, id="MLflow, inputs"),
        pytest.param(MLFLOW, {"inputs": ROWS, "params": {"max_length": 1}}, id="MLflow, params"),
    ],
)
async def test_an_example_is_answered_for_both_rows(port: int, path: str, content: dict[str, object]) -> None:
    reply = await ask(port, "POST", path, content, content_type="application/json")
    assert reply.status == 200, reply.body
    answer = reply.json()
    outputs = answer.get("outputs")
    labels = answer["predictions"] if outputs is None else outputs[0]["data"]  # type: ignore[index]
    assert labels == [0, 0]


async def test_an_example_in_csv_is_answered_for_both_rows(port: int) -> None:
    text = "\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)])
    reply = await ask(port, "POST", MLFLOW, text.encode(), content_type="text/csv")
    assert (reply.status, reply.json()["predictions"]) == (200, [0, 0])


@pytest.mark.parametrize("count", [3, 5])
async def test_a_wrong_number_of_features_is_the_callers_mistake(port: int, count: int) -> None:
    row = [0.5] * count
    for path, content in (
        (V2, {"inputs": [tensor(shape=[1, count], data=[row])]}),
        (V1, {"instances": [row]}),
        (MLFLOW, {"inputs": [row]}),
    ):
        reply = await ask(port, "POST", path, content)
        assert (reply.status, "expected the 4" in reply.error) == (400, True), reply.error
