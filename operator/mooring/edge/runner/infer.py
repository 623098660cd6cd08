"""An infer request to its answer."""

from __future__ import annotations

import json
from typing import Any

from .cells import cells
from .model import Model
from .refused import Refused
from .tensor import pack, read_tensor


def infer(model: Model, name: str, version: str, body: bytes, json_size: str | None) -> tuple[bytes, int | None]:
    """Return the answer's body and, where binary data follows its JSON, the size of that JSON; raises Refused."""
    size = _size(json_size, len(body))
    try:
        sent = json.loads(body[:size])
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON (a missing value is written null)") from None
    if not isinstance(sent, dict) or not isinstance(sent.get("inputs"), list) or not sent["inputs"]:
        raise Refused("expected an object with inputs: a list with one tensor for each feature")
    if not isinstance(sent.get("id", ""), str):
        raise Refused("id: expected a string")
    wanted = _wanted(model, sent)
    columns = _columns(model, sent["inputs"], memoryview(body)[size:])
    found = model.ask(columns)
    outputs: list[dict[str, Any]] = []
    raws: list[bytes] = []
    for output, binary in wanted:
        values = found[output["name"]]
        flat = [value for row in values for value in row] if len(output["shape"]) > 1 else values
        shape = [len(columns[0]), *output["shape"][1:]]
        tensor = {"name": output["name"], "datatype": output["datatype"], "shape": shape}
        if binary:
            raws.append(pack(output["datatype"], flat))
            outputs.append({**tensor, "parameters": {"binary_data_size": len(raws[-1])}})
        else:
            outputs.append({**tensor, "data": flat})
    answer = {"model_name": name, "model_version": version, "outputs": outputs}
    text = json.dumps({**answer, "id": sent["id"]} if "id" in sent else answer).encode()
    return (text + b"".join(raws), len(text) if raws else None)


def _size(header: str | None, available: int) -> int:
    if header is None:
        return available
    if not header.isdigit() or int(header) > available:
        raise Refused(f"Inference-Header-Content-Length is {header!r:.60}; expected a number up to {available}")
    return int(header)


def _columns(model: Model, tensors: list[Any], binary: memoryview) -> list[list[Any]]:
    features = {feature["name"]: feature for feature in model.features}
    listed = ", ".join(map(repr, list(features)[:20]))
    found: dict[str, list[Any]] = {}
    rows = None
    for sent in tensors:
        name, datatype, shape, values, binary = read_tensor(sent, binary)
        if len(tensors) == 1 and name not in features and len(shape) == 2:
            if shape[1] != len(features):
                raise Refused(f"input {name!r}: has {shape[1]} columns; expected the {len(features)} features {listed}")
            every = [values[at :: shape[1]] for at in range(shape[1])]
            found = {one: cells(features[one], every[at], datatype) for at, one in enumerate(features)}
            break
        if name not in features:
            raise Refused(f"input {name!r}: the model has no feature of this name; expected {listed}")
        if name in found:
            raise Refused(f"input {name!r}: is sent twice; expected once")
        rows = shape[0] if rows is None else rows
        if shape not in ([rows], [rows, 1]):
            raise Refused(f"input {name!r}: shape is {shape}; expected [{rows}], as the first input has it")
        found[name] = cells(features[name], values, datatype)
    if len(binary):
        raise Refused(f"{len(binary)} bytes of binary data belong to no input: check each binary_data_size")
    if missing := [name for name in features if name not in found]:
        raise Refused(f"missing input{'s' * (len(missing) > 1)}: {', '.join(map(repr, missing[:20]))}")
    return [found[name] for name in features]


def _wanted(model: Model, sent: dict[str, Any]) -> list[tuple[dict[str, Any], bool]]:
    """Return the outputs to answer, each with whether as binary data."""
    outputs = {output["name"]: output for output in model.manifest["outputs"]}
    asked, parameters = sent.get("outputs") or list(outputs.values()), sent.get("parameters")
    default = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    found: dict[str, tuple[dict[str, Any], bool]] = {}
    for one in asked if isinstance(asked, list) else [asked]:
        name = one.get("name") if isinstance(one, dict) else one
        if not isinstance(one, dict) or not isinstance(name, str) or name not in outputs:
            raise Refused(f"outputs: the model has no output {name!r:.60}; expected {', '.join(map(repr, outputs))}")
        if name in found:
            raise Refused("outputs: an output is asked for twice; expected once")
        own = one.get("parameters")
        binary = own.get("binary_data", default) is True if isinstance(own, dict) else default
        found[name] = (outputs[name], binary)
    return list(found.values())
