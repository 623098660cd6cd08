"""A pydantic model as a structural OpenAPI v3 schema, or a loud refusal with the path of what cannot be said.

The API server refuses most of what pydantic writes for everyday models ($defs, anyOf with null, const, numeric
exclusive bounds), and drops silently what a schema does not name. So every keyword is either translated or refused.
Everything must be bounded, because the server refuses CEL rules whose worst case it cannot estimate.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from mooring.api.base import HINT

Schema = dict[str, Any]
"""JSON; its values have no common type worth the casts."""

_CEL = "x-kubernetes-validations"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_ANY = {"title", "description", "default", "type", _CEL}
_KEYWORDS: dict[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format", "enum", "const", HINT, _INT_OR_STRING},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "const"},
    "boolean": set(),
    "array": {"items", "minItems", "maxItems", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"},
    "object": {"properties", "required", "x-kubernetes-map-type"},
}
_ADVICE = {
    "number": "Kubernetes keeps no floats: use Decimal",
    "null": "there is nothing to write: leave the field out",
    "anyOf": "unions have no structural form: use optional fields and a rule",
    "oneOf": "unions have no structural form: use optional fields and a rule",
    "allOf": "use one model",
    "prefixItems": "tuples have no structural form: use a model or a list",
    "uniqueItems": "sets have no structural form: use a list, or map_list of a key",
    "additionalProperties": "maps have no bound: use a list of names and values",
}


class UnsupportedError(TypeError):
    """A model says what a structural schema cannot, or gives no bound. The message begins with the path."""

    def __init__(self, path: str, what: str) -> None:
        advice = _ADVICE.get(what)
        super().__init__(f"{path}: {what} is not supported: {advice}" if advice else f"{path}: {what}")


def structural(model: type[BaseModel], path: str, *, hints: bool = True) -> Schema:
    """Return the structural schema of `model`; `path` begins the messages of `UnsupportedError`.

    `hints`: say in a rule what to write where a pattern does not match. Needless where no person writes.
    """
    raw = model.model_json_schema(by_alias=True)
    return _Translation(raw.pop("$defs", {}), hints).schema(raw, path)


class _Translation:
    """One model's translation: its definitions, and those being unfolded."""

    def __init__(self, definitions: Schema, hints: bool) -> None:
        self._definitions = definitions
        self._hints = hints
        self._open: list[str] = []

    def schema(self, raw: Schema, path: str) -> Schema:
        reference = _only(raw).get("$ref")
        if reference in self._open:
            raise UnsupportedError(path, "refers to itself, which has no structural form")
        if reference is None:
            return self._typed(_merged(_only(raw), raw), path)
        self._open.append(reference)
        named = self._definitions[reference.removeprefix("#/$defs/")]
        result = self._typed(_merged(named, _merged(_only(raw), raw)), path)
        self._open.pop()
        return result

    def _typed(self, raw: Schema, path: str) -> Schema:
        kind = raw.get("type", "string" if "const" in raw or "enum" in raw else None)
        for keyword in [*_ADVICE, kind]:
            if keyword in _ADVICE and (keyword in raw or keyword == kind):
                raise UnsupportedError(path, keyword)
        if kind not in _KEYWORDS:
            raise UnsupportedError(path, "has no single type, which a structural schema needs")
        for keyword in sorted(raw.keys() - _ANY - _KEYWORDS[kind]):
            raise UnsupportedError(path, f"{keyword} is not known of {kind}")
        result = _described(raw) | {"type": kind} | _default(raw, path)
        result |= getattr(self, f"_{kind}")(raw, path)
        if raw.get(_INT_OR_STRING):
            result = _int_or_string(result)
        if rules := raw.get(_CEL):
            ordered = [{key: rule[key] for key in sorted(rule, reverse=True)} for rule in rules]
            result[_CEL] = [*result.pop(_CEL, []), *ordered]
        return result

    def _string(self, raw: Schema, path: str) -> Schema:
        if choices := _choices(raw, path):
            return choices
        if "format" in raw:
            if raw["format"] != "date-time":
                raise UnsupportedError(path, f"format {raw['format']} is not known of string")
            return {"format": "date-time"}
        _bounded(raw, path, "maxLength")
        result: Schema = {key: raw[key] for key in ("minLength", "maxLength", "pattern") if key in raw}
        if HINT in raw and "pattern" not in raw:
            # pydantic writes no pattern for a string whose validator comes before it.
            raise UnsupportedError(path, "has a hint without a pattern")
        if HINT in raw and self._hints:
            result[_CEL] = [{"rule": f"self.matches(r'{raw['pattern']}')", "message": raw[HINT]}]
        return result

    def _integer(self, raw: Schema, path: str) -> Schema:
        if choices := _choices(raw, path):
            return choices
        result: Schema = {}
        for side in ("Minimum", "Maximum"):
            if (bound := raw.get(f"exclusive{side}")) is not None:
                result |= {side.lower(): bound, f"exclusive{side}": True}
            else:
                _bounded(raw, path, side.lower())
                result[side.lower()] = raw[side.lower()]
        small = result["minimum"] >= -(2**31) and result["maximum"] < 2**31
        return {"format": "int32" if small else "int64"} | result

    def _boolean(self, raw: Schema, path: str) -> Schema:
        return {}

    def _array(self, raw: Schema, path: str) -> Schema:
        _bounded(raw, path, "maxItems")
        items = self.schema(raw["items"], f"{path}[]")
        result: Schema = {key: raw[key] for key in ("minItems", "maxItems") if key in raw}
        result["x-kubernetes-list-type"] = raw.get("x-kubernetes-list-type", "atomic")
        if keys := raw.get("x-kubernetes-list-map-keys"):
            if missing := ", ".join(sorted(set(keys) - set(items.get("required", [])))):
                raise UnsupportedError(path, f"is merged by {missing}, which its items need not have")
            result["x-kubernetes-list-map-keys"] = list(keys)
        return result | {"items": items}

    def _object(self, raw: Schema, path: str) -> Schema:
        if "properties" not in raw:
            raise UnsupportedError(path, "has no fields, and would keep none")
        required = raw.get("required", [])
        properties = {}
        for name, field in raw["properties"].items():
            properties[name] = self.schema(field, f"{path}.{name}")
            # pydantic writes no default where a factory makes one; `{}` lets the API server fill in those inside.
            if name not in required and "default" not in field and _has_defaults(properties[name]):
                properties[name]["default"] = {}
        result: Schema = {"required": list(required)} if required else {}
        return result | {"properties": properties}


def _only(raw: Schema) -> Schema:
    """Return the one alternative beside null (unset is absent in Kubernetes), or the schema itself."""
    branches = [branch for branch in raw.get("anyOf", []) if branch.get("type") != "null"]
    return branches[0] if len(branches) == 1 else raw


def _merged(inner: Schema, outer: Schema) -> Schema:
    """Return the type's schema with what the field adds; the field's own words win, rules of both hold."""
    if inner is outer:
        return inner
    added = {key: value for key, value in outer.items() if key not in ("anyOf", "$ref")}
    return inner | added | {_CEL: [*inner.get(_CEL, []), *outer.get(_CEL, [])]}


def _described(raw: Schema) -> Schema:
    return {"description": " ".join(raw["description"].split())} if "description" in raw else {}


def _default(raw: Schema, path: str) -> Schema:
    value = raw.get("default")
    if value is None or value == []:
        return {}
    if not isinstance(value, str | int | bool):
        raise UnsupportedError(path, "has a composed default: use default_factory")
    return {"default": value}


def _choices(raw: Schema, path: str) -> Schema:
    choices = [raw["const"]] if "const" in raw else list(raw.get("enum", []))
    if choices and len({type(choice) for choice in choices}) > 1:
        raise UnsupportedError(path, "offers choices of different types")
    return {"enum": choices} if choices else {}


def _bounded(raw: Schema, path: str, keyword: str) -> None:
    if keyword not in raw:
        raise UnsupportedError(path, f"needs {keyword}, so that the cost of CEL rules is bounded")


def _int_or_string(text: Schema) -> Schema:
    """Return the schema that takes what `text` takes, and whole numbers; such a schema has no type."""
    result = {key: value for key, value in text.items() if key != "type"}
    result |= {_INT_OR_STRING: True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    for rule in result.get(_CEL, []):
        rule["rule"] = f"type(self) == int ? self >= 0 : {rule['rule']}"
    return result


def _has_defaults(schema: Schema) -> bool:
    return any("default" in field for field in schema.get("properties", {}).values())
