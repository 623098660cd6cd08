"""JSON schemas and examples that one model's signature makes. Examples hold no row of the data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Feature, Interface
from mooring.serving.v2.datatypes import EXACT_INT, FLOAT_LIMITS

Json = dict[str, object]

_TYPES: Mapping[Datatype, str] = {"FP64": "number", "INT64": "integer", "BOOL": "boolean", "BYTES": "string"}
_LIMITS: Mapping[Datatype, float] = {"FP64": FLOAT_LIMITS["FP64"], "INT64": EXACT_INT}
_EXAMPLES: Mapping[Datatype, object] = {"FP64": 1.5, "INT64": 1, "BOOL": True, "BYTES": "text"}


def example(feature: Feature) -> object:
    """Return a value that the feature takes."""
    return feature.categories[0] if feature.categories else _EXAMPLES[feature.datatype]


def value(feature: Feature) -> Json:
    """Return the schema of one value of a feature: the plainest form of it; others that equal it are taken too."""
    kind = _TYPES[feature.datatype]
    schema: Json = {"type": [kind, "null"] if feature.nullable else kind}
    if feature.datatype in _LIMITS:
        limit = _LIMITS[feature.datatype]
        schema |= {"minimum": -limit, "maximum": limit}
    if feature.categories is not None:
        schema["enum"] = [*feature.categories, *([None] if feature.nullable else [])]
    return schema


def request(manifest: Interface) -> Json:
    """Return the schema of a request of V2."""
    each = [_tensor(feature) for feature in manifest.features]
    inputs: Json = {"type": "array", "items": {"oneOf": each}, "minItems": len(each), "maxItems": len(each)}
    outputs: Json = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"enum": [output.name for output in manifest.outputs]}},
        },
    }
    return _titled("A tensor for each feature", {"inputs": inputs, "id": {"type": "string"}, "outputs": outputs})


def _tensor(feature: Feature) -> Json:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"const": feature.name},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
            "datatype": {"const": feature.datatype},
            "data": {"type": "array", "items": value(feature), "minItems": 1},
        },
    }


def rows(manifest: Interface, key: str) -> Json:
    """Return the schema of a body that has rows as objects under `key`."""
    properties = {feature.name: value(feature) for feature in manifest.features}
    row = {"type": "object", "required": list(properties), "properties": properties}
    return _titled("Rows", {key: {"type": "array", "items": row, "minItems": 1}})


def _titled(title: str, properties: Json) -> Json:
    return {"title": title, "type": "object", "required": [next(iter(properties))], "properties": properties}


def request_example(manifest: Interface) -> Json:
    """Return a request of V2 that the model answers."""
    return {
        "inputs": [
            {"name": feature.name, "shape": [1], "datatype": feature.datatype, "data": [example(feature)]}
            for feature in manifest.features
        ]
    }


def rows_example(manifest: Interface, key: str) -> Json:
    """Return a body with one row that the model answers."""
    return {key: [{feature.name: example(feature) for feature in manifest.features}]}


def csv_example(features: Sequence[Feature]) -> str:
    """Return the same as a table."""
    values = [
        str(example(feature)).lower() if feature.datatype == "BOOL" else str(example(feature)) for feature in features
    ]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([[feature.name for feature in features], values])
    return out.getvalue()
