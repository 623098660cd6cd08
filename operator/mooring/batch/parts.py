"""The output's folder: part-00000.parquet, … by input file, and files with `_` that readers of Parquet pass over.

    _parts/00000.json   what the part holds, written after it: a run that is begun again goes on behind it
    _profile.json       what was counted, in the form of a pod's ledger
    _summary.json       what the whole run came to
    _SUCCESS            empty, written last: without it the folder is unfinished

Every file appears whole or not at all: stores put it so, and in folders it is renamed into place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mooring.api.base import Model
from mooring.artifact.store import Entry, Store
from mooring.batch.scorer import Counts
from mooring.ledger.interval import Interval, Reading, Stream, cells
from mooring.ledger.layout import Layout
from mooring.ledger.readable import readable
from mooring.training.failure import user_error

SUCCESS = "_SUCCESS"
SUMMARY = "_summary.json"
PROFILE = "_profile.json"
FILE_LIMIT = 20_100
"""Two files for each of the most input files."""


class Part(Model):
    """What became of one input file."""

    order: str
    """The fingerprint of what was ordered."""
    file: str
    size: int
    tag: str
    """By which the store tells one content of the file from another."""
    rows: int
    predicted: int
    refused: dict[str, int]
    counts: list[int]
    """A ledger's cells."""

    def is_of(self, order: str, entry: Entry) -> bool:
        """Return whether this is what the order would write of the file."""
        return (self.order, self.file, self.size, self.tag) == (order, entry.path, entry.size, entry.tag)


class Refused(Model):
    """Rows without an answer."""

    rows: int
    by_column: dict[str, int]
    """One row may be wrong in several."""


class Summary(Model):
    """What a run came to."""

    format_version: int = 1
    order: str
    model: str
    version: str
    digest: str
    backend: str
    input: str
    output: str
    files: int
    resumed: int
    """Files that an earlier attempt had finished."""
    rows: int
    predicted: int
    refused: Refused
    on_bad_row: str
    seconds: float
    """Of this attempt."""
    started_at: str
    finished_at: str


class Folder:
    """The output."""

    def __init__(self, store: Store, scratch: Path) -> None:
        self._store = store
        self._scratch = scratch
        self._entries = {entry.path: entry for entry in store.files(limit=FILE_LIMIT)}

    def finished(self, order: str) -> Summary | None:
        """Return the summary of the same order if it was finished here before.

        Raises RunFailed (User) where anything else lies here.
        """
        where = self._store.location
        if SUCCESS in self._entries and SUMMARY in self._entries:
            summary = Summary.model_validate_json(bytes(self._store.read(self._entries[SUMMARY])))
            if summary.order == order:
                return summary
            raise user_error("OutputTaken", f"{where} holds the finished answers of another order; name another folder")
        strange = [path for path in self._entries if not path.startswith(("part-", "_"))]
        if strange:
            raise user_error("OutputTaken", f"{where} holds other files ({strange[0]}); name a folder of its own")
        return None

    def part(self, index: int) -> Part | None:
        """Return what an earlier attempt wrote of the input's file of that place."""
        entry = self._entries.get(_record(index))
        return Part.model_validate_json(bytes(self._store.read(entry))) if entry else None

    def put(self, index: int, file: Path, part: Part) -> None:
        """Write a part, and then that it is there."""
        self._store.write(f"part-{index:05}.parquet", file)
        self._text(_record(index), part.model_dump_json(by_alias=True))

    def finish(self, profile: str, summary: Summary) -> None:
        """Write what the run came to, the mark last."""
        self._text(PROFILE, profile)
        self._text(SUMMARY, summary.model_dump_json(by_alias=True, indent=1))
        self._text(SUCCESS, "")

    def _text(self, path: str, content: str) -> None:
        file = self._scratch / "text"
        file.write_text(content, encoding="utf-8")
        self._store.write(path, file)


def part_of(order: str, entry: Entry, counts: Counts) -> Part:
    """Return the record of a file that was scored."""
    return Part(
        order=order,
        file=entry.path,
        size=entry.size,
        tag=entry.tag,
        rows=counts.rows,
        predicted=counts.predicted,
        refused=dict(counts.refused),
        counts=counts.vector.tolist(),
    )


def total(parts: Sequence[Part]) -> Refused:
    """Return the refused rows of all parts."""
    by_column: Counter[str] = Counter()
    for part in parts:
        by_column.update(part.refused)
    rows = sum(part.rows - part.predicted for part in parts)
    return Refused(rows=rows, by_column=dict(by_column.most_common()))


def profile(parts: Sequence[Part], layout: Layout, stream: Stream, start: float, end: float) -> dict[str, object]:
    """Return the counts of all parts as a pod's ledger would be read: one interval, role `stable`."""
    vector = np.zeros(layout.size, dtype=np.int64)
    for part in parts:
        vector += np.array(part.counts, dtype=np.int64)
    interval = Interval(1, int(start * 1000), int(end * 1000), {"stable": cells(vector.tobytes())})
    return readable(Reading(stream, layout.to_json(), 1, 2, True, (interval,)))


def _record(index: int) -> str:
    return f"_parts/{index:05}.json"
