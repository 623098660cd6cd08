"""Between the protocol's messages and what the decoder of V2 reads: the checks are the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from google.protobuf.message import DecodeError

from mooring.api.modelversion import OutputTensor
from mooring.serving.backends import Answers
from mooring.serving.errors import Rejected, bad_input, bad_tensor, shown
from mooring.serving.grpc.messages import Message, message
from mooring.serving.http import Head, Heads
from mooring.serving.v2.decode import Asked, Decoder
from mooring.serving.v2.encode import binary
from mooring.serving.v2.tensor import BinaryData

_CONTENTS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Where each datatype's values are; FP16 has no field, and comes raw."""
_InferRequest, _InferResponse = message("ModelInferRequest"), message("ModelInferResponse")


class Addressed:
    """Says whether a message is for the one model that this server has."""

    def __init__(self, model: str, version: str) -> None:
        self._model = model
        self._version = version
        self._versions = ("", version, version.rpartition("-v")[2])

    def check(self, model: str, version: str) -> None:
        """Raise Rejected (404) for another model or version; no version stands for the one there is."""
        if model != self._model:
            raise _missing(f"there is no model {shown(model)} here: this server has {shown(self._model)}")
        if version not in self._versions:
            raise _missing(f"there is no version {shown(version)} here: this server has {shown(self._version)}")


class GrpcDecoder:
    """Reads ModelInferRequest."""

    def __init__(self, decoder: Decoder, addressed: Addressed) -> None:
        self._decoder = decoder
        self._addressed = addressed

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a message asks; raises Rejected (400, 404, 413)."""
        try:
            sent = _InferRequest.FromString(bytes(body))
        except DecodeError:
            raise bad_input("the message is no ModelInferRequest") from None
        self._addressed.check(sent.model_name, sent.model_version)
        raw = sent.raw_input_contents
        if raw and len(raw) != len(sent.inputs):
            raise bad_input(
                f"{len(raw)} raw_input_contents are sent for {len(sent.inputs)} inputs; expected one for each"
            )
        data = BinaryData(memoryview(b"".join(raw))) if raw else None
        sizes = [len(part) for part in raw] if raw else [None] * len(sent.inputs)
        asked = self._decoder.read(
            {
                "id": sent.id or None,
                "inputs": [_tensor(tensor, size) for tensor, size in zip(sent.inputs, sizes, strict=True)],
                "outputs": [{"name": output.name} for output in sent.outputs],
                "parameters": {"binary_data_output": bool(raw)},
            },
            data,
        )
        if data is not None:
            data.finish()
        return asked


class GrpcEncoder:
    """Writes ModelInferResponse: raw where the request was, else in typed fields."""

    def __init__(self, model: str, version: str, outputs: Sequence[OutputTensor], heads: Heads) -> None:
        self._model = model
        self._version = version
        self._outputs = list(outputs)
        self._head = heads.get()

    def encode(self, asked: Asked, answers: Answers) -> tuple[Head, bytes]:
        """Return the message; the head stands for its status."""
        answer = _InferResponse(model_name=self._model, model_version=self._version, id=asked.id or "")
        if asked.prediction_id is not None:
            answer.parameters["prediction_id"].string_param = asked.prediction_id
        for wanted in asked.outputs:
            output, values = self._outputs[wanted.index], answers[wanted.index]
            shape = [asked.rows, *output.shape[1:]]
            tensor = answer.outputs.add(name=output.name, datatype=output.datatype, shape=shape)
            if wanted.binary:
                answer.raw_output_contents.append(binary(output.datatype, values))
                continue
            text = output.datatype == "BYTES"
            sent = [str(value).encode() for value in values] if text else values
            getattr(tensor.contents, _CONTENTS[output.datatype]).extend(sent)
        if asked.prediction_id is not None:
            answer.parameters["prediction_id"].string_param = asked.prediction_id
        return self._head, answer.SerializeToString()


def _tensor(sent: Message, size: int | None) -> dict[str, object]:
    found: dict[str, object] = {"name": sent.name, "datatype": sent.datatype, "shape": list(sent.shape)}
    if size is not None:
        return found | {"parameters": {"binary_data_size": size}}
    field = _CONTENTS.get(sent.datatype)
    values = list(getattr(sent.contents, field)) if field else []
    return found | {"data": _texts(values, sent.name) if sent.datatype == "BYTES" else values}


def _texts(values: list[bytes], name: str) -> list[str]:
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError:
        raise bad_tensor(name, "has bytes that are not UTF-8 text") from None


def _missing(message: str) -> Rejected:
    return Rejected(HTTPStatus.NOT_FOUND, message)
