"""The user's ground truth: a table of keys and truths, some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from mooring.batch.label.order import KEY_COLUMNS, ROW, TRUTH, LabelOrder
from mooring.batch.source import Inputs, Wanted, find, names_of, on_disk, opened
from mooring.training.failure import data_error, listed


class Told(NamedTuple):
    """One row of a table."""

    key: str | None
    row: object
    """Of the prediction's rows; None: nobody said."""
    truth: object
    """None: not known yet."""


@dataclass(frozen=True)
class Columns:
    """Where the table has what."""

    key: str
    truth: str
    row: str | None

    @classmethod
    def of(cls, names: Sequence[str], order: LabelOrder, target: str, file: str) -> Columns:
        """Return the columns of a file with these names; raises RunFailed (Data) that says what to write."""
        wanted = KEY_COLUMNS.get(order.key, (order.key,))
        key = next((name for name in wanted if name in names), None)
        if key is None:
            say = "Name the column of callers' own request ids with --key NAME, or --key id for prediction ids"
            raise _missing(file, "keys", wanted, names, say)
        truths = (order.truth_column,) if order.truth_column else (target, TRUTH)
        truth = next((name for name in truths if name in names and name != key), None)
        if truth is None:
            raise _missing(file, "truths", truths, names, "Name it with --truth-column NAME")
        return cls(key, truth, ROW if ROW in names and ROW not in (key, truth) else None)

    @property
    def names(self) -> tuple[str, ...]:
        """Those to read."""
        return (self.key, self.truth, *([self.row] if self.row else []))


class Table:
    """The files of an order's truths. Read as often as needed."""

    def __init__(self, order: LabelOrder, uri: str, credentials: Mapping[str, str], target: str, scratch: Path) -> None:
        self._inputs: Inputs = find(uri, order.form, credentials)
        self._order = order
        self._target = target
        self._scratch = scratch

    def rows(self) -> Iterator[Told]:
        """Yield the rows of all files in their order; raises RunFailed (Data)."""
        form = self._inputs.form
        for entry in self._inputs.entries:
            with on_disk(self._inputs, entry, self._scratch) as local:
                columns = Columns.of(names_of(local, entry.path, form), self._order, self._target, entry.path)
                _, batches = opened(local, entry.path, form, Wanted((), frozenset(), columns.names), None)
                for batch in batches:
                    yield from _told(batch, columns)


def _told(batch: pa.RecordBatch, columns: Columns) -> Iterator[Told]:
    keys, truths = (batch.column(name).to_pylist() for name in (columns.key, columns.truth))
    rows: list[Any] = batch.column(columns.row).to_pylist() if columns.row else [None] * len(keys)
    for key, row, truth in zip(keys, rows, truths, strict=True):
        yield Told(_key(key), row, None if truth != truth else truth)


def _key(value: object) -> str | None:
    """Return a key as callers write it: numbers without what pandas adds to those with gaps."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int) and value != "" else None


def _missing(file: str, what: str, wanted: Sequence[str], names: Sequence[str], say: str) -> Exception:
    near = get_close_matches(wanted[0], names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {listed(list(names))}."
    looked = " or ".join(map(repr, wanted))
    return data_error("ColumnMissing", f"{file} has no column {looked} with {what}; {hint} {say}")
