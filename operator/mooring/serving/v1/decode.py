"""The body of a V1 predict request, to the columns that the pipeline reads."""

from __future__ import annotations

from mooring.serving.body import read_json
from mooring.serving.errors import bad_input, shown
from mooring.serving.rows import RowReader
from mooring.serving.v1.frames import rows_of
from mooring.serving.v2.decode import Asked


class V1Decoder:
    """Reads {"instances": rows} or {"inputs": rows}; other keys, such as `signature_name`, choose nothing."""

    def __init__(self, rows: RowReader) -> None:
        self._rows = rows

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a body asks; raises Rejected (400, 413)."""
        return read_json(body, self._read)

    def _read(self, sent: object) -> Asked:
        if not isinstance(sent, dict):
            raise bad_input(f"the body is {shown(sent)}; expected an object with instances")
        found = [key for key in ("instances", "inputs") if key in sent]
        if len(found) != 1:
            raise bad_input(f"the body has {' and '.join(found) or 'no instances'}; expected instances or inputs, once")
        return self._rows.rows(rows_of(sent[found[0]], self._rows.names, found[0]), found[0])
