"""ONNX files of others: rows in, answers out, whatever made them.

Features are the columns of one matrix, or inputs of their own by name. Probabilities are a matrix, one column (of the
second class) or, as skl2onnx has it unless told otherwise, a map for each row. External data is not read: ONNX Runtime
refuses it of a file that it got as bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mooring.api.modelversion import Signature
from mooring.artifact.brought.interface import Found, interface_of
from mooring.artifact.compiled.matrix import Values
from mooring.artifact.compiled.trees import session_of
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers

_KINDS: dict[str, type[Any]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}
_FLOATS = ("tensor(float)", "tensor(double)")
_MAPS = ("seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))")
_NAMED = ("probability", "probabilities", "output_probability", "prediction", "variable")

Feed = Callable[[Sequence[Values]], dict[str, NDArray[Any]]]
Node = Any
"""onnxruntime.NodeArg, which has no types."""


class OnnxModel:
    """Answers rows by one ONNX file, on one thread. Not for several threads at once."""

    def __init__(self, content: bytes, signature: Signature) -> None:
        """Read a file; raises ModelRefused."""
        try:
            self._session = session_of(content)
        except Exception as error:  # onnxruntime's own classes, which have no common one
            raise ModelRefused(f"ONNX Runtime does not read it: {_first_line(error)}") from None
        inputs, width = self._session.get_inputs(), len(signature.inputs)
        self._output = _answer(self._session.get_outputs(), signature)
        self.interface = interface_of(signature, Found("ONNX", width=width))
        self._feed = (
            _matrix(inputs[0], self.interface.features)
            if _is_matrix(inputs, self.interface.features)
            else (_columns(inputs, self.interface.features))
        )
        self._regression = signature.task == "Regression"
        self._maps = self._output.type in _MAPS

    def ask(self, columns: Sequence[Values]) -> Answers:
        """Return the answers; raises ValueError for values that the model cannot compute with."""
        try:
            found = self._session.run([self._output.name], self._feed(columns))[0]
        except Exception as error:
            raise ValueError(_first_line(error)) from None
        if self._regression:
            return Answers(prediction=_flat(np.asarray(found, dtype=np.float64), len(columns[0]), self._output.name))
        probability = self._probability(found, len(columns[0]))
        return Answers(probability=probability, codes=probability.argmax(axis=1))

    def _probability(self, found: Any, rows: int) -> NDArray[np.float64]:
        classes = self.interface.classes or []
        if self._maps:
            try:
                return np.array([[row[label] for label in classes] for row in found], dtype=np.float64)
            except KeyError as error:
                known = ", ".join(map(repr, found[0]))
                raise ModelRefused(f"signature.classes has {error.args[0]!r}, and the model's are {known}") from None
        matrix = np.asarray(found, dtype=np.float64)
        if len(classes) == 2 and matrix.size == rows:
            positive = matrix.reshape(-1)
            matrix = np.stack([1.0 - positive, positive], axis=1)
        if matrix.shape != (rows, len(classes)):
            raise ModelRefused(
                f"output {self._output.name!r} is {list(matrix.shape)} for {rows} rows of {len(classes)} classes"
            )
        return matrix


def _is_matrix(inputs: Sequence[Node], features: Sequence[Feature]) -> bool:
    if len(inputs) != 1 or len(inputs[0].shape) != 2:
        return False
    width = inputs[0].shape[1]
    return (width == len(features) and (len(features) > 1 or inputs[0].name != features[0].name)) or not isinstance(
        width, int
    )


def _matrix(node: Node, features: Sequence[Feature]) -> Feed:
    kind = _kind(node)
    for feature in features:
        _check(feature, node, kind)

    def feed(columns: Sequence[Values]) -> dict[str, NDArray[Any]]:
        return {node.name: np.ascontiguousarray(np.array(columns, dtype=kind).T)}

    return feed


def _columns(inputs: Sequence[Node], features: Sequence[Feature]) -> Feed:
    nodes, names = {node.name: node for node in inputs}, {feature.name for feature in features}
    if set(nodes) != names or len(features) != len(inputs):
        shown = ", ".join(f"{node.name} {node.shape}" for node in inputs[:8])
        raise ModelRefused(
            f"the model's inputs are {shown}; signature.inputs must have these names, or be the columns of one matrix"
        )
    parts = []
    for index, feature in enumerate(features):
        node = nodes[feature.name]
        if len(node.shape) not in (1, 2) or (
            len(node.shape) == 2 and node.shape[1] not in (1, None) and isinstance(node.shape[1], int)
        ):
            raise ModelRefused(
                f"input {node.name!r} has shape {node.shape}; one value a row is served: [rows] or [rows, 1]"
            )
        kind = _kind(node)
        _check(feature, node, kind)
        parts.append((node.name, index, kind, (-1,) if len(node.shape) == 1 else (-1, 1)))

    def feed(columns: Sequence[Values]) -> dict[str, NDArray[Any]]:
        return {name: np.array(columns[index], dtype=kind).reshape(shape) for name, index, kind, shape in parts}

    return feed


def _kind(node: Node) -> type[Any]:
    if node.type not in _KINDS:
        raise ModelRefused(f"input {node.name!r} is {node.type}; served are {', '.join(_KINDS)}")
    return _KINDS[node.type]


def _check(feature: Feature, node: Node, kind: type[Any]) -> None:
    if (feature.datatype == "BYTES") != (kind is object):
        raise ModelRefused(f"input {feature.name!r} is {feature.datatype} in the record and {node.type} in the model")
    if feature.nullable and kind not in (np.float32, np.float64):
        raise ModelRefused(f"input {feature.name!r} is nullable, and {node.type} has no missing value")
    if kind in (np.int64, np.int32, np.bool_) and feature.datatype == "FP64":
        raise ModelRefused(
            f"input {feature.name!r} is FP64 in the record and {node.type} in the model: write INT64 or BOOL"
        )


def _answer(outputs: Sequence[Node], signature: Signature) -> Node:
    """Return the output that holds probabilities or predictions: the only one of floats, or the one of a known name."""
    regression = signature.task == "Regression"
    found = [node for node in outputs if node.type in _FLOATS or (not regression and node.type in _MAPS)]
    if len(found) > 1:
        found = [node for node in found if node.name in _NAMED]
    if len(found) != 1:
        shown = ", ".join(f"{node.name} {node.type}" for node in outputs[:8])
        raise ModelRefused(
            f"which output is the answer? They are {shown}; name one of floats `{_NAMED[3 if regression else 0]}`"
        )
    return found[0]


def _flat(found: NDArray[np.float64], rows: int, name: str) -> NDArray[np.float64]:
    if found.size != rows:
        raise ModelRefused(f"output {name!r} is {list(found.shape)} for {rows} rows; a Regression has one number a row")
    return found.reshape(-1)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
