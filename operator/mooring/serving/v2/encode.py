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


class Encoder:
    """Writes the answers of one version, as JSON or, for outputs that were asked for so, with binary data after it."""

    def __init__(self, model: str, version: str, outputs: Sequence[OutputTensor], heads: Heads) -> None:
        self._model = model
        self._version = version
        self._outputs = list(outputs)
        self._tails = [list(output.shape[1:]) for output in outputs]
        self._heads = heads
        self._json = heads.get()

    def encode(self, asked: Asked, answers: Answers) -> tuple[Head, bytes]:
        """Return head and body of an answer; `answers[i]` holds output i's values, row-major."""
        outputs: list[dict[str, object]] = []
        raws: list[bytes] = []
        for wanted in asked.outputs:
            output = self._outputs[wanted.index]
            values = answers[wanted.index]
            shape = [asked.rows, *self._tails[wanted.index]]
            tensor: dict[str, object] = {"name": output.name, "datatype": output.datatype, "shape": shape}
            if wanted.binary:
                raw = binary(output.datatype, values)
                tensor["parameters"] = {"binary_data_size": len(raw)}
                raws.append(raw)
            else:
                tensor["data"] = values
            outputs.append(tensor)
        body: dict[str, object] = {"model_name": self._model, "model_version": self._version, "outputs": outputs}
        if asked.id is not None:
            body["id"] = asked.id
        if asked.prediction_id is not None:
            body["parameters"] = {"prediction_id": asked.prediction_id}
        text = orjson.dumps(body)
        return (self._json, text) if not raws else self._with_binary(text, raws)

    def _with_binary(self, text: bytes, raws: list[bytes]) -> tuple[Head, bytes]:
        headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(text))}
        return self._heads.make(HTTPStatus.OK, headers), b"".join((text, *raws))


def binary(datatype: str, values: Sequence[Scalar]) -> bytes:
    """Return an output's values as the protocol's raw bytes."""
    if datatype == "BYTES":
        texts = [str(value).encode() for value in values]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.array(values, NUMPY_TYPES[datatype]).tobytes()
