"""The artifact's folder: written whole with its manifest last, read back only when its digest is the recorded one."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from mooring.api.modelversion import Artifact
from mooring.artifact.digest import files_digest
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing, StoreRefused
from mooring.artifact.location import credentials_from_env
from mooring.artifact.manifest import MANIFEST, SAMPLE, FileEntry, Manifest
from mooring.artifact.store import Entry, Store

FILE_LIMIT = 64
BYTES_LIMIT = 64 * 2**30
"""No artifact of ours comes near these; a folder beyond them is not an artifact."""


@dataclass(frozen=True)
class Stored:
    """What lies in an artifact's folder: its digest and its size in bytes, the manifest included."""

    digest: str
    bytes: int


def fetch(artifact: Artifact, credentials_prefix: str, into: Path) -> Manifest:
    """Download an artifact of ours into the folder `into`, verify its digest, and only then read its manifest.

    Raises like `fetch_files`.
    """
    fetch_files(artifact, credentials_prefix, into)
    return read_manifest(into)


def fetch_files(artifact: Artifact, credentials_prefix: str, into: Path) -> None:
    """Download an artifact, ours or one that a user brought, into the folder `into` and verify its digest.

    Rows of the training data that lie beside a model of ours stay where they are: what serves has no use for them.
    Credentials come from the environment variables named `credentials_prefix` + AWS_….
    Raises ArtifactMissing, ArtifactMismatch (the files then are no longer in `into`), StoreRefused, StoreUnavailable.
    """
    ours = artifact.format == "Skops"
    uri = artifact.uri.rstrip("/") + "/" if ours else artifact.uri
    store = Store(uri, credentials_from_env(credentials_prefix))
    try:
        stored = download(store, into, expected_bytes=artifact.bytes, ours=ours, leave=(SAMPLE,) if ours else ())
    except ArtifactMismatch:
        _remove(into)
        raise
    if stored.digest != artifact.digest:
        _remove(into)
        raise ArtifactMismatch(
            f"the files of {artifact.uri} have digest {stored.digest}, the record says {artifact.digest}: "
            "somebody changed them since; restore them, or record another version"
        )


def download(
    store: Store, into: Path, *, expected_bytes: int | None = None, ours: bool = True, leave: Container[str] = ()
) -> Stored:
    """Download every file of a finished folder and return what they are, without interpreting any byte.

    Not `ours`: a model of another tool, whose folder has no manifest and may have folders in it, or is one file.
    Of files to `leave` the manifest's word is taken, so that the digest is the record's if and only if manifest and all
    downloaded files are.
    Raises ArtifactMissing for an empty or unfinished folder and ArtifactMismatch for one that cannot be an artifact
    or is not of `expected_bytes`.
    """
    entries = store.files(limit=FILE_LIMIT)
    (_check_ours if ours else check_brought)(store, [entry.path for entry in entries])
    _check_size(store, entries, expected_bytes)
    into.mkdir(parents=True, exist_ok=True)
    saved = [_save(store, entry, into / entry.path) for entry in entries if entry.path not in leave]
    if len(saved) == len(entries):
        return stored(saved)
    told = {file.path: file for file in read_manifest(into).files if file.path in leave}
    return stored([*saved, *told.values()])


def upload(folder: Path, store: Store) -> Stored:
    """Upload every file of `folder`, the manifest last, and verify names and sizes by listing.

    Raises StoreRefused where the store then lists anything else, or refuses; StoreUnavailable.
    """
    files = sorted(files_below(folder), key=lambda file: (file.name == MANIFEST, file.name))
    for file in files:
        store.write(file.relative_to(folder).as_posix(), file)
    written = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    listed = {entry.path: entry.size for entry in store.files(limit=FILE_LIMIT)}
    if listed != written:
        strange = sorted({name for name, _ in listed.items() ^ written.items()})[0]
        raise StoreRefused(f"{store.location} does not hold what was just written there ({strange}); is it shared?")
    return stored(file_entry(file, folder) for file in files)


def files_below(folder: Path) -> list[Path]:
    """Return every file of a folder of this machine, and of the folders in it."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def stored(files: Iterable[FileEntry]) -> Stored:
    """Return digest and size of a folder's files."""
    listed = list(files)
    return Stored(files_digest(listed), sum(file.size for file in listed))


def file_entry(file: Path, folder: Path | None = None) -> FileEntry:
    """Return name (its path below `folder`, if that is given), size and SHA-256 of a file of this machine."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    path = file.relative_to(folder).as_posix() if folder else file.name
    return FileEntry(path=path, size=file.stat().st_size, sha256=digest)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a downloaded folder.

    Raises ArtifactMismatch where this Mooring cannot read it.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValueError as error:
        raise ArtifactMismatch(f"manifest.json is not one that this Mooring reads: {error}"[:500]) from None


def _check_ours(store: Store, paths: list[str]) -> None:
    if MANIFEST not in paths:
        state = "is unfinished (it has no manifest.json)" if paths else "is empty or does not exist"
        raise ArtifactMissing(f"the artifact's folder {store.location} {state}")
    if strange := sorted(path for path in paths if "/" in path or path.startswith(".")):
        raise ArtifactMismatch(f"{store.location} holds {strange[0]!r}, which no artifact does")


def check_brought(store: Store, paths: list[str]) -> None:
    """Raise for names that could lead out of the folder, or that nobody means to ship."""
    if not paths:
        raise ArtifactMissing(f"there is no file at {store.location}")
    for path in paths:
        parts = path.split("/")
        if any(part in ("", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            raise ArtifactMismatch(f"{store.location} holds {path!r}: rename it, or leave it out")
        if any("/".join(parts[:size]) in paths for size in range(1, len(parts))):
            raise ArtifactMismatch(f"{store.location} holds {parts[0]!r} both as a file and as a folder")


def _check_size(store: Store, entries: list[Entry], expected_bytes: int | None) -> None:
    size = sum(entry.size for entry in entries)
    if size > BYTES_LIMIT or expected_bytes not in (None, size):
        raise ArtifactMismatch(f"the files of {store.location} have {size} bytes, the record says {expected_bytes}")


def _save(store: Store, entry: Entry, file: Path) -> FileEntry:
    sha256, size = hashlib.sha256(), 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        for chunk in store.chunks(entry):
            sha256.update(chunk)
            size += out.write(chunk)
            if size > entry.size:
                raise ArtifactMismatch(f"{entry.path} of {store.location} grew while it was read")
    return FileEntry(path=entry.path, size=size, sha256=sha256.hexdigest())


def _remove(folder: Path) -> None:
    for file in files_below(folder):
        file.unlink()
