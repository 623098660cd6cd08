"""The body of an invocation, to the columns that the pipeline reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mooring.serving.body import read_json
from mooring.serving.errors import bad_input, shown
from mooring.serving.rows import RowReader
from mooring.serving.v2.decode import Asked


class InvocationDecoder:
    """Reads JSON with exactly one of MLflow's four forms of a table; `params` are accepted and change nothing."""

    def __init__(self, rows: RowReader) -> None:
        self._rows = rows
        self._forms: Mapping[str, Callable[[object], Asked]] = {
            "dataframe_split": self._split,
            "dataframe_records": self._records,
            "instances": lambda sent: self._tensor(sent, "instances"),
            "inputs": lambda sent: self._tensor(sent, "inputs"),
        }

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a body asks; raises Rejected (400, 413)."""
        return read_json(body, self._read)

    def _read(self, sent: object) -> Asked:
        keys = list(self._forms)
        if not isinstance(sent, dict):
            raise bad_input(f"the body is {shown(sent)}; expected an object with one of {', '.join(keys)}")
        found = [key for key in keys if key in sent]
        if len(found) != 1:
            said = " and ".join(found) or shown(sent)
            raise bad_input(f"the body has {said}; expected exactly one of {', '.join(keys)}")
        return self._forms[found[0]](sent[found[0]])

    def _split(self, sent: object) -> Asked:
        if not isinstance(sent, dict):
            raise bad_input(f"dataframe_split is {shown(sent)}; expected an object with columns and data")
        return self._rows.split(sent.get("columns"), sent.get("data"), "dataframe_split's data")

    def _records(self, sent: object) -> Asked:
        if not isinstance(sent, list) or not sent or not isinstance(sent[0], dict):
            raise bad_input(f"dataframe_records is {shown(sent)}; expected a list of objects")
        return self._rows.rows(sent, "dataframe_records")

    def _tensor(self, sent: object, key: str) -> Asked:
        return self._rows.columns(sent) if isinstance(sent, dict) else self._rows.rows(sent, key)
