"""Reading the rows: a file or a folder of files, digested as they are read."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mooring.artifact.digest import files_digest, listing_digest
from mooring.artifact.errors import StoreRefused, StoreUnavailable
from mooring.artifact.manifest import FileEntry
from mooring.artifact.store import Entry, Store
from mooring.training.failure import RunFailed, data_error, listed, user_error

FILE_LIMIT = 10_000
ENDINGS = {"Parquet": (".parquet", ".pq"), "CSV": (".csv", ".csv.gz")}

Format = Literal["Parquet", "CSV"]


@dataclass(frozen=True)
class Loaded:
    """The rows as they were found, and the digest of the files that they came from."""

    table: pa.Table
    digest: str
    listing: str
    """The digest of what the store said of them."""
    files: int
    bytes: int


def load(uri: str, form: Format, credentials: Mapping[str, str]) -> Loaded:
    """Return the rows at `uri`.

    Raises RunFailed: Data for what lies there (or does not), User for an address or credentials that the store refuses,
    Infrastructure for a store that cannot be reached.
    """
    with _explained():
        store = Store(uri, credentials)
        entries = data_files(store.files(limit=FILE_LIMIT), uri, form)
        read = [_read(store, entry, form) for entry in entries]
    files = [file for file, _ in read]
    table = _joined([(file.path, table) for file, table in read])
    if table.num_rows == 0:
        raise data_error("NoRows", f"{uri} holds no rows, only column names")
    return Loaded(table, files_digest(files), listing_digest(entries), len(files), sum(file.size for file in files))


def listed_data(uri: str, form: Format, credentials: Mapping[str, str]) -> list[Entry]:
    """Return the files that `load` would read, without reading them; raises RunFailed as it does."""
    with _explained():
        return data_files(Store(uri, credentials).files(limit=FILE_LIMIT), uri, form)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except StoreRefused as error:
        raise user_error("DataStoreRefused", str(error)) from None
    except StoreUnavailable as error:
        raise RunFailed("Infrastructure", "DataStoreUnavailable", str(error)) from None


def data_files(entries: list[Entry], uri: str, form: Format) -> list[Entry]:
    """Return the files to read: of the format's endings, not hidden, not empty; a file named by the URI as it is."""
    if not entries:
        raise data_error("DataNotFound", f"there is nothing at {uri}; correct the address (data.uri)")
    if len(entries) == 1 and uri.rstrip("/").endswith(entries[0].path):
        if entries[0].size == 0:
            raise data_error("DataEmpty", f"{uri} is empty (0 bytes)")
        return entries
    visible = [entry for entry in entries if entry.size and not _hidden(entry.path)]
    chosen = [entry for entry in visible if entry.path.lower().endswith(ENDINGS[form])]
    if not chosen:
        seen = f"it holds {listed([entry.path for entry in visible], 3)}" if visible else "all its files are empty"
        raise data_error(
            "DataEmpty", f"{uri} holds no {' or '.join(ENDINGS[form])} files ({seen}); check the format (data.format)"
        )
    return chosen


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/"))


def _read(store: Store, entry: Entry, form: Format) -> tuple[FileEntry, pa.Table]:
    content = store.read(entry)
    file = FileEntry(path=entry.path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    try:
        return file, _parquet(content) if form == "Parquet" else _csv(content)
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        kind = looks_like(bytes(content[:512]))
        hint = f"it looks like {kind}" if kind != form else str(error).splitlines()[0][:200]
        raise data_error(f"Not{form}", f"{entry.path} at {store.location} is not readable {form}: {hint}") from None


def _parquet(content: memoryview) -> pa.Table:
    return pyarrow.parquet.ParquetFile(pa.BufferReader(pa.py_buffer(content))).read()


def _csv(content: memoryview) -> pa.Table:
    raw = gzip.decompress(content) if bytes(content[:2]) == b"\x1f\x8b" else content
    if b"\0" in bytes(raw[:4096]):
        raise ValueError("it holds zero bytes")
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    return pyarrow.csv.read_csv(pa.BufferReader(pa.py_buffer(raw)), convert_options=options)


def looks_like(head: bytes) -> str:
    """Return what the first bytes of a file look like."""
    signatures = {b"PAR1": "Parquet", b"\x1f\x8b": "gzip", b"PK": "a zip archive", b"ORC": "ORC", b"Obj\x01": "Avro"}
    for signature, kind in signatures.items():
        if head.startswith(signature):
            return kind
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "HTML or XML"
    if text.startswith((b"{", b"[")):
        return "JSON"
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head)
    return "CSV" if printable == len(head) and b"," in head else "text" if printable == len(head) else "binary data"


def _joined(read: list[tuple[str, pa.Table]]) -> pa.Table:
    """Return the files' rows below one another, with the columns in the first file's order.

    Raises RunFailed (Data) where the columns differ.
    """
    first_path, first = read[0]
    _check_duplicates(first_path, first)
    tables = [first]
    for path, table in read[1:]:
        _check_duplicates(path, table)
        missing, extra = (set(a.column_names) - set(b.column_names) for a, b in ((first, table), (table, first)))
        if missing or extra:
            what = f"lacks {listed(sorted(missing))}" if missing else f"also has {listed(sorted(extra))}"
            raise data_error("ColumnsDiffer", f"the files' columns differ: {path} {what}, compared with {first_path}")
        tables.append(table.select(first.column_names))
    try:
        return pa.concat_tables([table.replace_schema_metadata() for table in tables], promote_options="permissive")
    except pa.ArrowException:
        raise _types_differ([(path, table) for (path, _), table in zip(read, tables, strict=True)]) from None


def _check_duplicates(path: str, table: pa.Table) -> None:
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise data_error("DuplicateColumns", f"{path} has more than one column named {listed(twice)}; rename them")


def _types_differ(read: list[tuple[str, pa.Table]]) -> RunFailed:
    first_path, first = read[0]
    for path, table in read[1:]:
        for name in first.column_names:
            here, there = first.schema.field(name).type, table.schema.field(name).type
            try:
                pa.unify_schemas([pa.schema([(name, here)]), pa.schema([(name, there)])], promote_options="permissive")
            except pa.ArrowException:
                message = f"column {name!r} is {here} in {first_path} and {there} in {path}; make them alike"
                return data_error("TypesDiffer", message)
    return data_error("TypesDiffer", "the files' column types differ in a way that cannot be reconciled")
