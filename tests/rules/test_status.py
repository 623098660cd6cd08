"""Nothing that the operator writes into a status is pruned: a field that the schema forgot is lost without an error."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mooring.api.base import NAME_PATTERN
from mooring.api.crd.kinds import KINDS, Kind
from tests.rules.apiserver import Server
from tests.rules.objects import changed, sample

SAMPLE_OF = {
    "TrainingJob": "trainingjob-minimal",
    "ModelVersion": "modelversion",
    "ModelDeployment": "modeldeployment-minimal",
    "DriftPolicy": "driftpolicy-minimal",
}
TEXT_OF = {
    NAME_PATTERN: "income",
    NAME_PATTERN.removesuffix("$") + "-v[1-9][0-9]{0,5}$": "income-v3",
    r"^[0-9a-f]{8}$": "0123abcd",
    r"^sha256:[0-9a-f]{64}$": "sha256:" + "0123456789abcdef" * 4,
    r"^[A-Za-z]([A-Za-z0-9]*)?$": "Ready",
    r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$": "0.25",
}
"""A text for each pattern in a status."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_status_with_every_field_comes_back_whole(server: Server, namespace: str, kind: Kind) -> None:
    model = {} if kind.name == "DriftPolicy" else {"spec.model": "status"}
    obj = changed(sample(SAMPLE_OF[kind.name], namespace), {"metadata.name": _name(kind)} | model)
    assert server.for_real().create(obj).message == ""
    status = _full(kind.status)
    written = {key: obj[key] for key in ("apiVersion", "kind", "metadata")} | {"status": status}
    answer = server.apply(written, "/status")
    assert answer.message == ""
    assert answer.body["status"] == status


def _name(kind: Kind) -> str:
    return "status-v3" if kind.name == "ModelVersion" else "status"


def _full(model: type[BaseModel]) -> dict[str, Any]:
    """Return a status with every field of the model set, as the operator would write it."""
    schema = model.model_json_schema(by_alias=True)
    filled = model.model_validate(_value(schema, schema.get("$defs", {})))
    return filled.model_dump(mode="json", by_alias=True, exclude_none=True)


def _value(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], definitions)
    match schema:
        case {"properties": properties}:
            return {name: _value(field, definitions) for name, field in properties.items()}
        case {"items": items}:
            return [_value(items, definitions)]
        case {"enum": [first, *_]} | {"const": first}:
            return first
        case {"type": "integer"}:
            return schema["maximum"]
        case {"type": "boolean"}:
            return True
        case {"format": "date-time"}:
            return "2026-11-21T10:14:00Z"
        case {"pattern": pattern}:
            return TEXT_OF[pattern]
    return "x" * schema["maxLength"]
