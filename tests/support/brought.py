"""Models of one's own that are good, or bad in one honest way each: ONNX files, served as any other that is brought.

Each row is `signal` in (-1, 1) and `kind`, a whole number below 100. The good one answers whether `signal` is positive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import obstore
import onnx
from onnx import TensorProto, helper, numpy_helper

from mooring.artifact.digest import files_digest
from mooring.artifact.manifest import FileEntry
from tests.e2e.place import Place, store

MODEL = "signal"
QUESTIONS = 100
_FILE = "model.onnx"
_OPSET = 17
_SIZE = 256
"""Of the matrix that a slow model multiplies."""


def model(
    *, fails_from: int = 100, slow_from: int = 100, trips: int = 60, dies_from: int = 100, shift: float = 0.0
) -> bytes:
    """Return an ONNX file.

    Rows whose `kind` is at least `fails_from` cannot be computed (an index out of a table), from `slow_from` on they
    take `trips` products of matrices, some 0.3 ms each, from `dies_from` on more memory than a pod has. With a `shift`
    above 0 it answers positive from there on, and so otherwise than the good one for half as many of all rows.
    """
    nodes, constants = [], [_constant("four", np.array(4, np.float32)), _constant("shift", np.array(shift, np.float32))]
    constants += [_constant("first", np.array([0])), _constant("second", np.array([1]))]
    nodes += [helper.make_node("Gather", ["rows", "first"], ["signal"], axis=1)]
    nodes += [helper.make_node("Gather", ["rows", "second"], ["kind"], axis=1)]
    nodes += [
        helper.make_node("Sub", ["signal", "shift"], ["moved"]),
        helper.make_node("Mul", ["moved", "four"], ["z"]),
    ]
    score = "z"
    for name, part in (("fails", _fails(fails_from)), ("slow", _slow(slow_from, trips)), ("dies", _dies(dies_from))):
        if {"fails": fails_from, "slow": slow_from, "dies": dies_from}[name] < QUESTIONS:
            more, needed = part
            nodes += [*more, helper.make_node("Add", [score, name], [f"{score}{name}"])]
            constants += needed
            score = f"{score}{name}"
    nodes.append(helper.make_node("Sigmoid", [score], ["probability"]))
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])
    answer = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, MODEL, [rows], [answer], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def record(place: Place, number: int, content: bytes) -> str:
    """Put a file into the store, record it as a version, and return the version's name."""
    path = f"{place.prefix}/brought/{number}/{_FILE}"
    obstore.put(store(place.kube, "models"), path, content)
    entry = FileEntry(path=_FILE, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    artifact = {
        "uri": f"s3://models/{path}",
        "digest": files_digest([entry]),
        "bytes": len(content),
        "format": "Onnx",
        "secretName": "object-store",
    }
    signature = {
        "inputs": [{"name": "signal", "datatype": "FP64"}, {"name": "kind", "datatype": "FP64"}],
        "inputsTotal": 2,
        "outputs": [
            {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
            {"name": "label", "datatype": "INT64", "shape": [-1]},
        ],
        "task": "BinaryClassification",
        "classes": ["0", "1"],
    }
    spec = {"model": MODEL, "number": number, "artifact": artifact, "signature": signature}
    place.kube.create({"kind": "ModelVersion", "metadata": {"name": f"{MODEL}-v{number}"}, "spec": spec})
    return f"{MODEL}-v{number}"


def questions() -> list[dict[str, Any]]:
    """Return a row of each kind with its truth, which the good model gets right nine times of ten."""
    return list(_questions())


def _questions() -> Iterator[dict[str, Any]]:
    for kind in range(QUESTIONS):
        signal = ((kind * 37) % QUESTIONS + 0.5) / (QUESTIONS / 2) - 1
        values = {"signal": signal, "kind": float(kind)}
        inputs = [{"name": name, "datatype": "FP64", "shape": [1], "data": [value]} for name, value in values.items()]
        yield {"body": {"inputs": inputs}, "truth": int((signal > 0) != (kind % 10 == 3))}


Part = tuple[list[onnx.NodeProto], list[onnx.TensorProto]]


def _fails(least: int) -> Part:
    nodes = [
        helper.make_node("Cast", ["kind"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["fails"], axis=0),
    ]
    return nodes, [_constant("table", np.zeros(least, np.float32))]


def _slow(least: int, trips: int) -> Part:
    """A loop of as many products as the slowest row wants."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("MatMul", ["before", "weights"], ["after"]),
        ],
        "products",
        [
            helper.make_tensor_value_info("trip", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, [_SIZE, _SIZE]),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, [_SIZE, _SIZE]),
        ],
    )
    nodes = [
        *_marked("slow", least),
        helper.make_node("Mul", ["slow_mark", "trips"], ["slow_many"]),
        helper.make_node("Cast", ["slow_many"], ["slow_count"], to=TensorProto.INT64),
        helper.make_node("Loop", ["slow_count", "", "begin"], ["product"], body=body),
        helper.make_node("ReduceSum", ["product"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["slow"]),
    ]
    weights = np.full((_SIZE, _SIZE), 1 / _SIZE, np.float32)
    constants = [
        _constant("weights", weights),
        _constant("begin", np.ones((_SIZE, _SIZE), np.float32)),
        _constant("trips", np.array(trips, np.float32)),
        _constant("nothing", np.array(0, np.float32)),
        *_mark_constants("slow", least),
    ]
    return nodes, constants


def _dies(least: int) -> Part:
    """More memory than any limit here: 4 GB of zeros, one after the other."""
    nodes = [
        *_marked("dies", least),
        helper.make_node("Mul", ["dies_mark", "plenty"], ["dies_many"]),
        helper.make_node("Cast", ["dies_many"], ["dies_count"], to=TensorProto.INT64),
        helper.make_node("Max", ["dies_count", "one"], ["dies_size"]),
        helper.make_node("Reshape", ["dies_size", "one"], ["dies_shape"]),
        helper.make_node("ConstantOfShape", ["dies_shape"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["dies"], keepdims=0),
    ]
    constants = [_constant("plenty", np.array(1e9, np.float32)), _constant("one", np.array([1]))]
    return nodes, [*constants, *_mark_constants("dies", least)]


def _marked(name: str, least: int) -> list[onnx.NodeProto]:
    """Nodes that make `NAME_mark`: 1 where any row's kind is at least `least`, else 0."""
    return [
        helper.make_node("ReduceMax", ["kind"], [f"{name}_kind"], keepdims=0),
        helper.make_node("Sub", [f"{name}_kind", f"{name}_least"], [f"{name}_over"]),
        helper.make_node("Clip", [f"{name}_over", f"{name}_low", f"{name}_high"], [f"{name}_mark"]),
    ]


def _mark_constants(name: str, least: int) -> list[onnx.TensorProto]:
    values = {"least": least - 1, "low": 0, "high": 1}
    return [_constant(f"{name}_{part}", np.array(value, np.float32)) for part, value in values.items()]


def _constant(name: str, value: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(value, name)
