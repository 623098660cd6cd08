"""The body of an infer request, to the columns that the pipeline reads."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from mooring.artifact.manifest import Interface
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.body import listed, read_json
from mooring.serving.errors import bad_input, bad_tensor, shown, too_large
from mooring.serving.v2.column import Column, Value
from mooring.serving.v2.tensor import BinaryData, Tensor
from mooring.serving.v2.usual import Usual
from mooring.serving.v2.wanted import Wanted, WantedOutputs


class Asked:
    """A valid request: `columns[i]` holds `rows` values of the manifest's feature i."""

    __slots__ = ("columns", "id", "outputs", "prediction_id", "rows")

    def __init__(self, *, id: str | None, rows: int, columns: Packed, outputs: Sequence[Wanted]) -> None:
        self.id = id
        self.rows = rows
        self.columns = columns
        self.outputs = outputs
        self.prediction_id: str | None = None
        """By which the truth can be told later."""


class Decoder:
    """Reads requests for one model. Features come as one tensor each, or all numbers (or all texts) in one."""

    def __init__(self, manifest: Interface, max_rows: int) -> None:
        self._columns = [Column(feature) for feature in manifest.features]
        self._names = [column.name for column in self._columns]
        self._index = {name: index for index, name in enumerate(self._names)}
        self._outputs = WantedOutputs([output.name for output in manifest.outputs])
        self._max_rows = max_rows
        self._kinds = Kinds([column.is_text for column in self._columns])
        self._usual = Usual(self._columns, self._kinds)

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a body asks; `json_size` is where its binary data begins.

        Raises Rejected: 400 with the input that is wrong, or 413 for too many rows.
        """
        if json_size is None:
            return read_json(body, self.read)
        size = _json_size(json_size, len(body))
        binary = BinaryData(memoryview(body)[size:])
        asked = read_json(body[:size], lambda sent: self.read(sent, binary))
        binary.finish()
        return asked

    def read(self, sent: object, binary: BinaryData | None = None) -> Asked:
        """Return what a body asks that is parsed already; raises Rejected like `decode`."""
        if not isinstance(sent, dict):
            raise bad_input(f"the body is {shown(sent)}; expected an object with inputs")
        inputs = sent.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise bad_input(f"inputs is {shown(inputs)}; expected a list with one tensor for each of {self._wanted()}")
        identity = sent.get("id")
        if identity is not None and not isinstance(identity, str):
            raise bad_input(f"id is {shown(identity)}; expected a string")
        wanted, parameters = sent.get("outputs"), sent.get("parameters")
        outputs = self._outputs.read(wanted, parameters) if wanted or parameters else self._outputs.all
        columns = self._usual.tensors(inputs) if binary is None else None
        if columns is None:
            columns = Packed.of(self._kinds, self._any(inputs, binary))
        elif columns.rows > self._max_rows:
            raise self._too_many(columns.rows)
        return Asked(id=identity, rows=columns.rows, columns=columns, outputs=outputs)

    def _any(self, inputs: list[object], binary: BinaryData | None) -> list[Sequence[Value]]:
        tensors = [Tensor(tensor, binary) for tensor in inputs]
        rows = tensors[0].rows
        if rows > self._max_rows:
            raise self._too_many(rows)
        if len(tensors) == 1 and tensors[0].name not in self._index and tensors[0].columns is not None:
            return self._from_matrix(tensors[0])
        return self._from_columns(tensors, rows)

    def _too_many(self, rows: int) -> Exception:
        return too_large(f"{rows} rows are more than {self._max_rows} (maxBatchRows): send fewer at once")

    def _from_columns(self, tensors: list[Tensor], rows: int) -> list[Sequence[Value]]:
        found: dict[int, Sequence[Value]] = {}
        for tensor in tensors:
            index = self._index.get(tensor.name)
            if index is None:
                raise bad_input(self._unknown(tensor.name))
            if index in found:
                raise bad_tensor(tensor.name, "is sent twice; expected once")
            if tensor.rows != rows or tensor.columns not in (None, 1):
                shape = [tensor.rows] if tensor.columns is None else [tensor.rows, tensor.columns]
                raise bad_tensor(tensor.name, f"shape is {shape}; expected [{rows}], as the first input has it")
            found[index] = self._columns[index].convert(tensor.values, tensor.datatype)
        if len(found) < len(self._columns):
            missing = [name for index, name in enumerate(self._names) if index not in found]
            raise bad_input(f"missing {'inputs' if len(missing) > 1 else 'input'}: {listed(missing)}")
        return [found[index] for index in range(len(self._columns))]

    def _from_matrix(self, tensor: Tensor) -> list[Sequence[Value]]:
        count = len(self._columns)
        if tensor.columns != count:
            sent = f"input {shown(tensor.name)}: has {tensor.columns} columns"
            raise bad_input(f"{sent}; expected the {count} features {self._wanted()}, in this order")
        return [column.convert(tensor.values[i::count], tensor.datatype) for i, column in enumerate(self._columns)]

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name[:80], self._names, n=1)
        hint = f"did you mean {shown(near[0])}?" if near else f"expected {self._wanted()}"
        return f"input {shown(name)}: the model has no feature of this name; {hint}"

    def _wanted(self) -> str:
        return listed(self._names)


def _json_size(header: bytes, available: int) -> int:
    if not header.isdigit() or len(header) > 12 or int(header) > available:
        sent = shown(header.decode("latin-1"))
        raise bad_input(f"Inference-Header-Content-Length is {sent}; expected a number up to the body's {available}")
    return int(header)
