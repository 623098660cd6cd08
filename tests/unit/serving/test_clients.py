"""Another project's client, unchanged, against the real process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.unit.serving import artifacts
from tests.unit.serving.artifacts import FEATURES
from tests.unit.serving.conftest import Real

NUMPY = {"INT64": np.int64, "FP64": np.float64, "BOOL": np.bool_, "BYTES": np.object_}


@pytest.fixture
def client(real: Real) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(f"127.0.0.1:{real.port}")
    yield client
    client.close()


def inputs(rows: int, *, binary: bool) -> list[triton.InferInput]:
    data = artifacts.data(rows)
    data["income"] = data["income"].fillna(1000.0)
    found = []
    for feature in FEATURES:
        tensor = triton.InferInput(feature.name, [rows], feature.datatype)
        tensor.set_data_from_numpy(data[feature.name].to_numpy().astype(NUMPY[feature.datatype]), binary_data=binary)
        found.append(tensor)
    return found


def expected(rows: int) -> tuple[list[int], np.ndarray]:
    data = artifacts.data(rows)
    data["income"] = data["income"].fillna(1000.0)
    return artifacts.pipeline().predict(data).tolist(), artifacts.pipeline().predict_proba(data)


@pytest.mark.parametrize("binary_in", [False, True])
@pytest.mark.parametrize("binary_out", [False, True])
def test_triton_gets_the_pipelines_answers_as_json_and_binary(
    client: triton.InferenceServerClient, binary_in: bool, binary_out: bool
) -> None:
    wanted = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("label", "probability")]
    answer = client.infer("shop", inputs(7, binary=binary_in), "3", outputs=wanted, request_id="r")
    label, probability = expected(7)
    assert answer.as_numpy("label").tolist() == label
    assert np.allclose(answer.as_numpy("probability"), probability, atol=1e-12)
    assert (answer.get_response()["model_version"], answer.get_response()["id"]) == ("shop-v3", "r")


def test_triton_with_nothing_but_its_defaults(client: triton.InferenceServerClient) -> None:
    assert client.infer("shop", inputs(1, binary=True)).as_numpy("label").tolist() == expected(1)[0]


def test_triton_reads_health_and_metadata(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("shop", "3")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert [tensor["name"] for tensor in client.get_model_metadata("shop")["inputs"]] == [f.name for f in FEATURES]


def test_triton_shows_what_is_wrong(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="missing input: 'color'"):
        client.infer("shop", inputs(1, binary=True)[:3])
