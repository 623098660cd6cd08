"""Joined rows as Parquet: a folder a day of prediction (UTC), files of bounded size.

A folder that was written before is written over: names are counted, and files that are left over are deleted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from mooring.artifact.store import Entry, Store
from mooring.batch.label.schema import Columns, Row
from mooring.training.failure import user_error

BATCH_ROWS = 4_096
GROUP_ROWS = 65_536
FILE_ROWS = 1_000_000
FILE_LIMIT = 100_000
SUMMARY = "_summary.json"
_OURS = re.compile(r"(\d{4}-\d\d-\d\d)/part-\d{5}\.parquet|_summary\.json")


@dataclass
class _Day:
    rows: list[Row] = field(default_factory=list)
    batches: list[pa.RecordBatch] = field(default_factory=list)
    waiting: int = 0
    writer: pyarrow.parquet.ParquetWriter | None = None
    in_file: int = 0


class Sink:
    """The output of one run."""

    def __init__(self, store: Store, columns: Columns, scratch: Path) -> None:
        self._store = store
        self._columns = columns
        self._scratch = scratch
        self._days: dict[str, _Day] = {}
        self._before: dict[str, Entry] = {entry.path: entry for entry in store.files(limit=FILE_LIMIT)}
        strange = [path for path in self._before if not _OURS.fullmatch(path)]
        if strange:
            message = f"{store.location} holds other files ({strange[0]}); name a folder of its own"
            raise user_error("OutputTaken", message)
        self._written: set[str] = set()
        self._numbers: Counter[str] = Counter()
        self.rows = 0

    @property
    def files(self) -> int:
        """How many were written."""
        return len(self._written)

    @property
    def days(self) -> int:
        """Of how many days."""
        return len(self._numbers)

    def add(self, day: str, row: Row) -> None:
        """Write a row, sooner or later."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = _Day()
        found.rows.append(row)
        self.rows += 1
        if len(found.rows) >= BATCH_ROWS:
            self._pack(day, found)

    def close_before(self, day: str) -> None:
        """Finish the days before one: nothing of them comes any more."""
        for name in [name for name in self._days if name < day]:
            self._close(name)

    def finish(self, first_day: str) -> None:
        """Finish all days, and delete what earlier runs wrote of days from `first_day` on, and this one did not."""
        for name in [*self._days]:
            self._close(name)
        for path, entry in self._before.items():
            match = _OURS.fullmatch(path)
            if match and match[1] and match[1] >= first_day and path not in self._written:
                self._store.delete(entry)

    def note(self, summary: str) -> None:
        """Write what it came to beside the rows."""
        self._store.write(SUMMARY, summary.encode())

    def _pack(self, name: str, day: _Day) -> None:
        day.batches.append(self._columns.batch(day.rows))
        day.waiting += len(day.rows)
        day.rows = []
        if day.waiting >= GROUP_ROWS:
            self._group(name, day)

    def _group(self, name: str, day: _Day) -> None:
        if not day.waiting:
            return
        if day.writer is None:
            day.writer = pyarrow.parquet.ParquetWriter(self._local(name), self._columns.schema)
        day.writer.write_table(pa.Table.from_batches(day.batches, self._columns.schema), row_group_size=GROUP_ROWS)
        day.in_file += day.waiting
        day.batches, day.waiting = [], 0
        if day.in_file >= FILE_ROWS:
            self._upload(name, day)

    def _upload(self, name: str, day: _Day) -> None:
        if day.writer is None:
            return
        day.writer.close()
        day.writer, day.in_file = None, 0
        path = f"{name}/part-{self._numbers[name]:05}.parquet"
        self._numbers[name] += 1
        self._store.write(path, self._local(name))
        self._written.add(path)
        self._local(name).unlink()

    def _close(self, name: str) -> None:
        day = self._days.pop(name)
        if day.rows:
            self._pack(name, day)
        self._group(name, day)
        self._upload(name, day)

    def _local(self, name: str) -> Path:
        return self._scratch / f"{name}.parquet"
