from __future__ import annotations

import json

import pytest

from tests.unit.serving.artifacts import body
from tests.unit.serving.conftest import Running
from tests.unit.serving.talk import ask, connected, replies, send

INFER = "/v2/models/shop/infer"


async def test_an_answer_names_model_version_and_outputs_and_echoes_the_id(app: Running) -> None:
    reply = await ask(app.port, "POST", INFER, {**body(2, age=[39, 60]), "id": "a-1"})
    assert (reply.status, reply.headers["mooring-version"]) == (200, "shop-v3")
    assert reply.json() == {
        "model_name": "shop",
        "model_version": "shop-v3",
        "id": "a-1",
        "parameters": {"prediction_id": reply.headers["mooring-prediction-id"]},
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [2], "data": [0, 1]},
            {"name": "probability", "datatype": "FP64", "shape": [2, 2], "data": [0.61, 0.39, 0.4, 0.6]},
        ],
    }


async def test_only_the_outputs_that_are_asked_for_are_answered_in_their_order(app: Running) -> None:
    wanted = [{"name": "probability"}, {"name": "label"}]
    reply = await ask(app.port, "POST", INFER, {**body(), "outputs": wanted})
    outputs = reply.json()["outputs"]
    assert isinstance(outputs, list)
    assert [output["name"] for output in outputs] == ["probability", "label"]


@pytest.mark.parametrize("version", ["", "/versions/shop-v3", "/versions/3"])
async def test_the_version_may_be_named_in_full_by_number_or_not_at_all(app: Running, version: str) -> None:
    assert (await ask(app.port, "POST", f"/v2/models/shop{version}/infer", body())).status == 200
    assert (await ask(app.port, "GET", f"/v2/models/shop{version}/ready")).json() == {"name": "shop", "ready": True}


async def test_metadata_is_the_whole_signature(app: Running) -> None:
    metadata = (await ask(app.port, "GET", "/v2/models/shop")).json()
    inputs = metadata["inputs"]
    assert isinstance(inputs, list)
    assert [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in inputs] == [
        ("age", "INT64", [-1]), ("income", "FP64", [-1]), ("member", "BOOL", [-1]), ("color", "BYTES", [-1]),
    ]  # fmt: skip
    assert inputs[3]["parameters"] == {"nullable": False, "categories": ["blue", "green", "red"]}
    assert metadata["outputs"] == [
        {"name": "label", "datatype": "INT64", "shape": [-1]},
        {"name": "probability", "datatype": "FP64", "shape": [-1, 2], "parameters": {"classes": [0, 1]}},
    ]


async def test_health_has_the_keys_of_the_text_and_of_its_servers(app: Running) -> None:
    assert (await ask(app.port, "GET", "/v2/health/live")).json() == {"live": True}
    assert (await ask(app.port, "GET", "/v2/health/ready")).json() == {"ready": True, "live": True}


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/v2/models/other", 404, "there is no model 'other' here: this server has 'shop'"),
        ("POST", "/v2/models/shop/versions/2/infer", 404, "no version '2' here: this server has 'shop-v3'"),
        ("GET", "/nothing", 404, "the model is at /v2/models/shop"),
        ("GET", INFER, 405, "GET is not answered here, only POST"),
        ("DELETE", "/v2", 405, "DELETE is not answered here, only GET, HEAD"),
    ],
)
async def test_what_is_not_there_is_said_so(app: Running, method: str, path: str, status: int, said: str) -> None:
    reply = await ask(app.port, method, path)
    assert reply.status == status
    assert said in reply.error
    assert ("allow" in reply.headers) == (status == 405)


async def test_a_path_may_have_a_query_be_escaped_or_be_a_whole_url(app: Running) -> None:
    for path in ("/v2?a=b", "/v2/models/sho%70", "http://x:1/v2/health/live"):
        assert (await ask(app.port, "GET", path)).status == 200


async def test_the_content_type_does_not_matter(app: Running) -> None:
    assert (await ask(app.port, "POST", INFER, body(), content_type="text/plain")).status == 200


async def test_a_body_over_the_limit_is_refused_with_413(app: Running) -> None:
    reply = await ask(app.port, "POST", INFER, b"x" * 20_001)
    assert (reply.status, "maxBodyBytes" in reply.error) == (413, True)


async def test_values_that_the_model_cannot_compute_with_are_the_callers_and_a_bug_is_ours(app: Running) -> None:
    callers = await ask(app.port, "POST", INFER, body(age=[666]))
    ours = [await ask(app.port, "POST", INFER, body(age=[age])) for age in (667, 668)]
    assert [callers.status, *(reply.status for reply in ours)] == [400, 500, 500]
    assert "bug" not in ours[0].error
    assert (await ask(app.port, "POST", INFER, body())).status == 200


async def test_pipelined_requests_are_one_call_of_the_model(app: Running) -> None:
    content = json.dumps(body()).encode()
    request = b"POST %s HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (INFER.encode(), len(content), content)
    bad = request.replace(b"green", b"mauve")
    assert [reply.status for reply in replies(await send(app.port, request + bad + request))] == [200, 400, 200]
    assert app.backend.batches == [2]


async def test_requests_are_counted_by_what_became_of_them(app: Running) -> None:
    for age in (39, 666, 667, None):
        await ask(app.port, "POST", INFER, body(age=[age]))
    samples = {metric.name: list(metric.samples) for metric in app.app.metrics()}
    counted = {labels["outcome"]: value for labels, value in samples["mooring_requests_total"]}
    assert counted == {"ok": 1, "caller": 2, "model": 1, "overload": 0}


async def test_a_client_that_leaves_does_not_disturb_the_others(app: Running) -> None:
    content = json.dumps(body()).encode()
    async with connected(app.port) as (_, writer):
        writer.write(b"POST %s HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (INFER.encode(), len(content), content))
        writer.transport.abort()
    assert (await ask(app.port, "POST", INFER, body())).status == 200
