"""Things that cost minutes to make and never change once made.

An entry is named by the hash of its inputs, made under a temporary name and renamed when complete: a name that
exists is whole, whoever was killed while making it.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.locks import locked
from cluster.paths import CACHE
from cluster.say import step

HASH_LENGTH = 16
KEPT = 2
"""Entries kept of each name: this checkout's, and the one before it (a branch, a bisection)."""


def content_key(parts: Iterable[bytes | str]) -> str:
    """A short name for these inputs, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:HASH_LENGTH]


def cached_file(name: str, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The cache's file for `key`, made now if it is not there.

    `make` is given the path to write, which is on the same file system as the cache.
    """
    folder = CACHE / name
    wanted = folder / key
    if wanted.exists():
        return wanted
    with locked(CACHE / "locks" / name, waiting_for=what):
        if wanted.exists():
            return wanted
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{key}.partial"
        with step(what):
            make(partial)
        partial.rename(wanted)
        _prune(folder)
    return wanted


def _prune(folder: Path) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[KEPT:]:
        path.unlink()
