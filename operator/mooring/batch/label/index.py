"""What a join must look up, on disk: it may be more than a pod's memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, NamedTuple

from mooring.artifact.manifest import Scalar

CACHE_KIB: Final = 64 << 10
_TABLES = """
CREATE TABLE truths (id TEXT, row INTEGER, truth TEXT, at INTEGER, PRIMARY KEY (id, row)) WITHOUT ROWID;
CREATE TABLE requests (request TEXT PRIMARY KEY, id TEXT, digest BLOB) WITHOUT ROWID;
CREATE TABLE seen (key INTEGER PRIMARY KEY, truth INTEGER);
CREATE TABLE told (key INTEGER PRIMARY KEY);
"""
Once = Literal["new", "same", "other"]


class Known(NamedTuple):
    """A truth of a row, and when it was told (milliseconds since 1970 UTC)."""

    truth: Scalar
    at: int


@dataclass
class Index:
    """A scratch database. Nothing of it outlives the run."""

    file: Path

    def __post_init__(self) -> None:
        """Open it."""
        self._db = sqlite3.connect(self.file, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{CACHE_KIB}")
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")  # one, for good: what is not committed is nobody's loss

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def know(self, identity: str, row: int, truth: Scalar, at: int) -> bool:
        """Keep a truth, or return False: there is one of this row."""
        sentence = "INSERT OR IGNORE INTO truths VALUES (?, ?, ?, ?)"
        return self._db.execute(sentence, (identity, row, json.dumps(truth), at)).rowcount == 1

    def truths(self, identity: str) -> dict[int, Known]:
        """Return the truths of a prediction by row."""
        found = self._db.execute("SELECT row, truth, at FROM truths WHERE id = ?", (identity,))
        return {row: Known(json.loads(truth), at) for row, truth, at in found}

    def asked(self, request: str, identity: str, rows: object) -> Once:
        """Keep by which prediction a request was answered first, unless the caller used its id for different rows."""
        digest = blake2b(json.dumps(rows).encode(), digest_size=8).digest()
        added = self._db.execute("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", (request, identity, digest))
        if added.rowcount == 1:
            return "new"
        (before,) = self._db.execute("SELECT digest FROM requests WHERE request = ?", (request,)).fetchone()
        if before == digest:
            return "same"
        self._db.execute("UPDATE requests SET id = NULL WHERE request = ?", (request,))
        return "other"

    def prediction(self, request: str) -> tuple[bool, str | None]:
        """Return whether a request is known, and its prediction: None where its id stands for different rows."""
        found = self._db.execute("SELECT id FROM requests WHERE request = ?", (request,)).fetchone()
        return (False, None) if found is None else (True, found[0])

    def first_time(self, key: str, row: int, truth: Scalar) -> Once:
        """Return whether a table tells a truth for the first time, or again: the same, or another one."""
        place, value = _hash(key, row), _hash(repr(truth), 0)
        if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (place, value)).rowcount == 1:
            return "new"
        (before,) = self._db.execute("SELECT truth FROM seen WHERE key = ?", (place,)).fetchone()
        return "same" if before == value else "other"

    def told_before(self, keys: Iterable[int]) -> None:
        """Hear what earlier runs told."""
        self._db.executemany("INSERT OR IGNORE INTO told VALUES (?)", ((key,) for key in keys))

    def tell(self, identity: str, row: int) -> int | None:
        """Return by which key it is remembered that a truth was told, or None: it was told before."""
        key = _hash(identity, row)
        return key if self._db.execute("INSERT OR IGNORE INTO told VALUES (?)", (key,)).rowcount == 1 else None


def _hash(text: str, row: int) -> int:
    """Return 64 bits, signed as SQLite has them: two of a hundred million are alike once in 3700 runs."""
    return int.from_bytes(blake2b(f"{row}/{text}".encode(), digest_size=8).digest(), "little", signed=True)
