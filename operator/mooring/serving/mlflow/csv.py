"""A table as text/csv, its first line the names of the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from contextlib import suppress

from mooring.artifact.manifest import Interface
from mooring.serving.errors import bad_input, shown
from mooring.serving.rows import RowReader
from mooring.serving.v2.decode import Asked

MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""What stands for a missing number, in any case; a missing text is the empty one."""
_BOOLS: Mapping[str, bool] = {"true": True, "false": False}


class CsvDecoder:
    """Reads the body of an invocation that is sent as text/csv."""

    def __init__(self, rows: RowReader, manifest: Interface) -> None:
        self._rows = rows
        self._texts = {feature.name for feature in manifest.features if feature.datatype == "BYTES"}
        self._names = {feature.name for feature in manifest.features}

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a body asks; raises Rejected (400, 413)."""
        try:
            lines = list(csv.reader(io.StringIO(str(body, "utf-8-sig"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise bad_input(f"the body is not CSV in UTF-8: {error}"[:300]) from None
        lines = [line for line in lines if line]
        if len(lines) < 2:
            raise bad_input(
                "the CSV has no rows; expected a line with the names of the columns and a line for each row"
            )
        columns, rows = lines[0], lines[1:]
        wrong = next((at for at, row in enumerate(rows) if len(row) != len(columns)), None)
        if wrong is not None:
            raise bad_input(f"row {wrong} of the CSV has {len(rows[wrong])} values, and {len(columns)} names are given")
        return self._rows.split(columns, [self._values(columns, row) for row in rows], "the CSV")

    def _values(self, columns: list[str], row: list[str]) -> list[object]:
        return [
            (text or None) if name in self._texts else _number(text, name) if name in self._names else None
            for name, text in zip(columns, row, strict=True)
        ]


def _number(text: str, name: str) -> object:
    word = text.strip().lower()
    if word in MISSING:
        return None
    if word in _BOOLS:
        return _BOOLS[word]
    for kind in (int, float):
        with suppress(ValueError):
            return kind(word)
    raise bad_input(f"input {shown(name)}: the CSV has {shown(text)}; expected a number")
