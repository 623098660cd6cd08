"""The model's outputs, to the body of an infer response."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import numpy as np
import orjson

from mooring.api.modelversion import OutputTensor
from mooring.serving.backends import Answers, Scalar
from mooring.serving.http import Head, Heads
from mooring.serving.v2.datatypes import NUMPY_TYPES
from mooring.serving.v2.decode import Asked
from mooring.serving.v2.wanted import Everything

_REMEMBERED_ROWS = 256


class Encoder:
    """Writes the answers of one version, as JSON or, for outputs that were asked for so, with binary data after it."""

    def __init__(self, model: str, version: str, outputs: Sequence[OutputTensor], heads: Heads) -> None:
        self._start = orjson.dumps({"model_name": model, "model_version": version})[:-1] + b',"outputs":['
        self._outputs = list(outputs)
        self._tails = [list(output.shape[1:]) for output in outputs]
        self._heads = heads
        self._json = heads.get()
        self._tensors: dict[tuple[int, int], bytes] = {}
        """What stands before an output's data, by output and rows."""
        self._whole: dict[int, bytes] = {}
        """Whole answers, but for the outputs' data and the prediction's id, by rows."""

    def encode(self, asked: Asked, answers: Answers) -> tuple[Head, bytes]:
        """Return head and body of an answer; `answers[i]` holds output i's values, row-major."""
        if type(asked.outputs) is Everything and asked.id is None and asked.prediction_id is not None:
            whole = self._whole.get(asked.rows) or self._template(asked.rows)
            return self._json, whole % (*map(orjson.dumps, answers), asked.prediction_id.encode())
        tensors: list[bytes] = []
        raws: list[bytes] = []
        for wanted in asked.outputs:
            at, values = wanted.index, answers[wanted.index]
            start = self._tensors.get((at, asked.rows)) or self._tensor(at, asked.rows)
            if wanted.binary:
                raw = binary(self._outputs[at].datatype, values)
                tensors.append(b'%b"parameters":{"binary_data_size":%d}}' % (start, len(raw)))
                raws.append(raw)
            else:
                tensors.append(b'%b"data":%b}' % (start, orjson.dumps(values)))
        text = b"%b%b]%b}" % (self._start, b",".join(tensors), _end(asked))
        return (self._json, text) if not raws else self._with_binary(text, raws)

    def _template(self, rows: int) -> bytes:
        tensors = [self._tensor(at, rows).replace(b"%", b"%%") + b'"data":%b}' for at in range(len(self._outputs))]
        start = self._start.replace(b"%", b"%%")
        found = b'%b%b],"parameters":{"prediction_id":"%%b"}}' % (start, b",".join(tensors))
        if rows <= _REMEMBERED_ROWS:
            self._whole[rows] = found
        return found

    def _tensor(self, at: int, rows: int) -> bytes:
        """Return an output up to its data; remembers the few sizes that are asked for again and again."""
        output = self._outputs[at]
        about = {"name": output.name, "datatype": output.datatype, "shape": [rows, *self._tails[at]]}
        found = orjson.dumps(about)[:-1] + b","
        if rows <= _REMEMBERED_ROWS:
            self._tensors[at, rows] = found
        return found

    def _with_binary(self, text: bytes, raws: list[bytes]) -> tuple[Head, bytes]:
        headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(text))}
        return self._heads.make(HTTPStatus.OK, headers), b"".join((text, *raws))


def _end(asked: Asked) -> bytes:
    """Return what stands after the outputs."""
    identity = b"" if asked.id is None else b',"id":%b' % orjson.dumps(asked.id)
    if asked.prediction_id is None:
        return identity
    return b'%b,"parameters":{"prediction_id":"%b"}' % (identity, asked.prediction_id.encode())


def binary(datatype: str, values: Sequence[Scalar]) -> bytes:
    """Return an output's values as the protocol's raw bytes."""
    if datatype == "BYTES":
        texts = [str(value).encode() for value in values]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.array(values, NUMPY_TYPES[datatype]).tobytes()
