"""The OpenAPI document of one model: every path with schemas and examples that its own signature makes."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Feature, Manifest

Json = dict[str, object]

_TYPES: Mapping[Datatype, str] = {"FP64": "number", "INT64": "integer", "BOOL": "boolean", "BYTES": "string"}
_EXAMPLES: Mapping[Datatype, object] = {"FP64": 1.5, "INT64": 1, "BOOL": True, "BYTES": "text"}
_ERRORS = {
    "400": "What is wrong, at which feature, and what was expected",
    "413": "Too many bytes or rows at once",
    "503": "Too much to do: try again after Retry-After seconds",
}


def document(*, model: str, version: str, manifest: Manifest, keyed: bool) -> Json:
    """Return the document; `keyed` says that predictions want a bearer key. Examples hold no row of the data."""
    name = quote(model)
    tensor = _schema("A tensor", _tensors(manifest.features))
    paths: dict[str, Json] = {
        "/v2": {"get": _reads("The server's name, version and extensions")},
        "/v2/health/live": {"get": _reads("Whether the process lives")},
        "/v2/health/ready": {"get": _reads("Whether predictions are answered")},
        f"/v2/models/{name}": {"get": _reads("The model's signature")},
        f"/v2/models/{name}/ready": {"get": _reads("Whether the model answers")},
        f"/v2/models/{name}/infer": {
            "post": _posts("Predict (V2)", tensor, _v2_example(manifest), _v2_answer(), keyed)
        },
        f"/v2/models/{name}/feedback": {"post": _told(keyed)},
        "/v1/models": {"get": _reads("The model's name")},
        f"/v1/models/{name}": {"get": _reads("Whether the model answers")},
        f"/v1/models/{name}:predict": {
            "post": _posts(
                "Predict (V1)",
                _rows(manifest, "instances"),
                _rows_example(manifest, "instances"),
                _predictions(),
                keyed,
            )
        },
        "/invocations": {
            "post": _posts(
                "Predict (MLflow)",
                _rows(manifest, "dataframe_records"),
                _rows_example(manifest, "dataframe_records"),
                _predictions(),
                keyed,
            )
        },
    }
    found: Json = {
        "openapi": "3.1.0",
        "info": {"title": model, "version": version, "description": f"{manifest.estimator} for {manifest.target}"},
        "paths": paths,
    }
    if keyed:
        found["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return found


def example_row(features: list[Feature]) -> Json:
    """Return a row that the model accepts."""
    return {feature.name: _example(feature) for feature in features}


def _example(feature: Feature) -> object:
    return feature.categories[0] if feature.categories else _EXAMPLES[feature.datatype]


def _value(feature: Feature) -> Json:
    kind = _TYPES[feature.datatype]
    schema: Json = {"type": [kind, "null"] if feature.nullable else kind}
    if feature.categories is not None:
        schema["enum"] = [*feature.categories, *([None] if feature.nullable else [])]
    return schema


def _tensors(features: list[Feature]) -> Json:
    each = [
        {
            "type": "object",
            "required": ["name", "shape", "datatype", "data"],
            "properties": {
                "name": {"const": feature.name},
                "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
                "datatype": {"const": feature.datatype},
                "data": {"type": "array", "items": _value(feature), "minItems": 1},
            },
        }
        for feature in features
    ]
    inputs = {"type": "array", "items": {"oneOf": each}, "minItems": len(each)}
    return {"inputs": inputs, "id": {"type": "string"}, "outputs": {"type": "array", "items": {"type": "object"}}}


def _schema(title: str, properties: Json) -> Json:
    return {"title": title, "type": "object", "required": [next(iter(properties))], "properties": properties}


def _rows(manifest: Manifest, key: str) -> Json:
    properties = {feature.name: _value(feature) for feature in manifest.features}
    row = {"type": "object", "required": list(properties), "properties": properties}
    return _schema("Rows", {key: {"type": "array", "items": row, "minItems": 1}})


def _rows_example(manifest: Manifest, key: str) -> Json:
    return {key: [example_row(manifest.features)]}


def _v2_example(manifest: Manifest) -> Json:
    return {
        "inputs": [
            {"name": feature.name, "shape": [1], "datatype": feature.datatype, "data": [_example(feature)]}
            for feature in manifest.features
        ]
    }


def _v2_answer() -> Json:
    return {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "outputs": {"type": "array", "items": {"type": "object"}},
        },
    }


def _predictions() -> Json:
    properties: Json = {"predictions": {"type": "array"}, "prediction_id": {"type": "string"}}
    return {"type": "object", "required": ["predictions"], "properties": properties}


def _reads(summary: str) -> Json:
    return {"summary": summary, "responses": {"200": {"description": summary, "content": _json({"type": "object"})}}}


def _told(keyed: bool) -> Json:
    truth: Json = {
        "type": "object",
        "required": ["id", "truth"],
        "properties": {
            "id": {"type": "string", "description": "prediction_id of an answer's parameters"},
            "row": {"type": "integer", "minimum": 0, "description": "0 where it is left out"},
            "truth": {"description": "the row's class or number, or a list of them, one for each row"},
        },
    }
    counts = {name: {"type": "integer"} for name in ("accepted", "duplicate", "refused")}
    schema: Json = {"oneOf": [truth, {"type": "array", "items": truth, "minItems": 1}]}
    example: Json = {"id": "prediction_id of an answer", "row": 0, "truth": 1}
    answer: Json = {"type": "object", "required": list(counts), "properties": counts}
    return _posts("Tell what became of predictions", schema, example, answer, keyed)


def _posts(summary: str, schema: Json, example: Json, answer: Json, keyed: bool) -> Json:
    error: Json = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    errors = {**_ERRORS, "401": "The bearer key is missing or wrong"} if keyed else _ERRORS
    operation: Json = {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {
            "200": {"description": summary, "content": _json(answer)},
            **{status: {"description": why, "content": _json(error)} for status, why in errors.items()},
        },
    }
    return operation | ({"security": [{"key": []}]} if keyed else {})


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
