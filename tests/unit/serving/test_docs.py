"""The OpenAPI document and the page: made from the signature, and what they show works."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from tests.unit.serving.conftest import Running
from tests.unit.serving.talk import ask

PREDICTS = ["/v2/models/shop/infer", "/v1/models/shop:predict", "/invocations"]


async def api(app: Running) -> dict[str, Any]:
    reply = await ask(app.port, "GET", "/openapi.json")
    assert reply.headers["content-type"] == "application/json"
    return dict(reply.json())


@pytest.mark.parametrize("path", PREDICTS)
async def test_each_example_of_a_request_is_answered(app: Running, path: str) -> None:
    content = (await api(app))["paths"][path]["post"]["requestBody"]["content"]
    assert (await ask(app.port, "POST", path, content["application/json"]["example"])).status == 200


async def test_each_path_that_is_read_answers(app: Running) -> None:
    paths = [path for path, operations in (await api(app))["paths"].items() if "get" in operations]
    assert [(await ask(app.port, "GET", path)).status for path in paths] == [200] * len(paths)


async def test_the_schema_says_what_each_feature_takes(app: Running) -> None:
    schema = (await api(app))["paths"]["/v1/models/shop:predict"]["post"]["requestBody"]["content"]
    row = schema["application/json"]["schema"]["properties"]["instances"]["items"]
    assert row["required"] == ["age", "income", "member", "color"]
    assert row["properties"] == {
        "age": {"type": "integer", "minimum": -(2**53), "maximum": 2**53},
        "income": {"type": ["number", "null"], "minimum": -3.4028234663852886e38, "maximum": 3.4028234663852886e38},
        "member": {"type": "boolean"},
        "color": {"type": "string", "enum": ["blue", "green", "red"]},
    }


async def test_the_page_runs_only_its_own_script_and_loads_nothing_from_elsewhere(app: Running) -> None:
    reply = await ask(app.port, "GET", "/docs")
    page = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "{{" not in page
    assert "//" not in re.sub(r"location\) \+|// .*", "", page.replace("<!doctype", ""))
    for tag in ("script", "style"):
        inside = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in reply.headers["content-security-policy"]


async def test_the_page_names_the_model_as_json_has_it(app: Running) -> None:
    page = (await ask(app.port, "GET", "/docs")).body.decode()
    assert f"encodeURIComponent({json.dumps('shop')})" in page
