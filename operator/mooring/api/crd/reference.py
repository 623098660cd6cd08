"""The tables of fields in the documentation, between the marks of a document that people write the rest of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mooring.api.crd.document import crd
from mooring.api.crd.kinds import KINDS
from mooring.api.crd.schema import Schema

_PART = re.compile(r"(<!-- fields: (\w+)\.(spec|status) -->\n).*?(<!-- end of fields -->)", re.DOTALL)


def filled(document: str) -> str:
    """Return `document` with the table of fields between each pair of marks."""
    schemas = {kind.name: _schema(crd(kind)) for kind in KINDS}
    return _PART.sub(lambda part: part[1] + _table(schemas[part[2]]["properties"][part[3]]) + part[4], document)


def _schema(document: Schema) -> Schema:
    schema: Schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _table(schema: Schema) -> str:
    rows = "".join(f"| {' | '.join(row)} |\n" for row in _rows(schema, ""))
    return f"\n| Field | Type | Default | |\n|---|---|---|---|\n{rows}\n"


def _rows(schema: Schema, prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (path, type, default, what it is) of each field below `schema`, parents first."""
    for name, field in schema["properties"].items():
        need = "required" if name in schema.get("required", []) else ""
        default = field.get("default", need)
        text = "" if default == {} else f"`{str(default).lower()}`" if isinstance(default, bool) else str(default)
        yield f"`{prefix}{name}`", _type(field), text, field.get("description", "").replace("|", "\\|")
        inner = field.get("items", field)
        if "properties" in inner:
            yield from _rows(inner, f"{prefix}{name}{'[]' if 'items' in field else ''}.")


def _type(field: Schema) -> str:
    if "items" in field:
        return f"list of {_type(field['items'])}, ≤ {field['maxItems']} items"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if "x-kubernetes-int-or-string" in field:
        return "quantity"
    if field["type"] == "integer":
        return f"integer, {field['minimum']} to {field['maximum']}" if field["format"] == "int32" else "integer"
    if "maxLength" in field:
        return f"string ≤ {field['maxLength']} characters"
    return "time" if field.get("format") == "date-time" else str(field["type"])
