"""The OpenAPI document of one model: every path with schemas and examples that its own signature makes."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from mooring.artifact.manifest import Interface
from mooring.serving.schemas import Json, csv_example, request, request_example, rows, rows_example

_ERRORS = {
    "400": "What is wrong, at which feature, and what was expected",
    "413": "Too many bytes or rows at once",
    "503": "Too much to do: try again after Retry-After seconds",
}
_ENDING = {"503": "Not any more: the pod is ending"}


def document(*, model: str, version: str, manifest: Interface, keyed: bool, with_feedback: bool = True) -> Json:
    """Return the document; `keyed` says that predictions want a bearer key, `with_feedback` that truths are taken."""
    told = {f"/v2/models/{quote(model)}/feedback": _told(keyed)} if with_feedback else {}
    found: Json = {
        "openapi": "3.1.0",
        "info": {"title": model, "version": version, "description": _description(manifest)},
        "paths": _reading(quote(model)) | _predicting(quote(model), manifest, keyed) | told,
    }
    if keyed:
        found["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return found


def _reading(name: str) -> Json:
    return {
        "/v2": _reads("The server's name, version and extensions"),
        "/v2/health/live": _reads("Whether the process lives"),
        "/v2/health/ready": _reads("Whether predictions are answered", _ENDING),
        f"/v2/models/{name}": _reads("The model's signature"),
        f"/v2/models/{name}/ready": _reads("Whether the model answers", _ENDING),
        "/v1/models": _reads("The model's name"),
        f"/v1/models/{name}": _reads("Whether the model answers", _ENDING),
        "/ping": _reads("Whether predictions are answered", _ENDING),
    }


def _predicting(name: str, manifest: Interface, keyed: bool) -> Json:
    v1, mlflow = "instances", "dataframe_records"
    infer = _content(request(manifest), request_example(manifest))
    instances = _content(rows(manifest, v1), rows_example(manifest, v1))
    invocation = _content(rows(manifest, mlflow), rows_example(manifest, mlflow))
    invocation["text/csv"] = {"schema": {"type": "string"}, "example": csv_example(manifest.features)}
    return {
        f"/v2/models/{name}/infer": _posts("Predict (V2)", infer, _v2_answer(), keyed),
        f"/v1/models/{name}:predict": _posts("Predict (V1)", instances, _predictions(), keyed),
        "/invocations": _posts("Predict (MLflow)", invocation, _predictions(), keyed),
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


def _description(manifest: Interface) -> str:
    return f"{manifest.estimator} for {manifest.target}" if manifest.target else manifest.estimator


def _reads(summary: str, otherwise: Mapping[str, str] | None = None) -> Json:
    said = {"200": summary, **(otherwise or {})}
    answers = {status: {"description": why, "content": _json({"type": "object"})} for status, why in said.items()}
    return {"get": {"summary": summary, "responses": answers}}


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
    return _posts("Tell what became of predictions", _content(schema, example), answer, keyed)


def _posts(summary: str, content: Json, answer: Json, keyed: bool) -> Json:
    error: Json = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    errors = {**_ERRORS, "401": "The bearer key is missing or wrong"} if keyed else _ERRORS
    operation: Json = {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": summary, "content": _json(answer)},
            **{status: {"description": why, "content": _json(error)} for status, why in errors.items()},
        },
    }
    return {"post": operation | ({"security": [{"key": []}]} if keyed else {})}


def _content(schema: Json, example: Json) -> Json:
    return {"application/json": {"schema": schema, "example": example}}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
