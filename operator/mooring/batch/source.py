"""Rows of files, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mooring.artifact.store import Entry, Store
from mooring.training.failure import RunFailed, data_error, listed
from mooring.training.load import ENDINGS, Format, data_files, looks_like

BATCH_ROWS = 65_536
BLOCK_BYTES = 2 << 20
"""Of CSV. Arrow reads 32 of them ahead."""
BUFFER_BYTES = 256 << 10
"""Of each column of Parquet: read ahead as Arrow does it by default, a whole row group would be in memory."""
FILE_LIMIT = 10_000


@dataclass(frozen=True)
class Wanted:
    """The columns to read: the model's features, of which some are texts, and those that are kept."""

    features: Sequence[str]
    texts: frozenset[str]
    kept: Sequence[str]

    @property
    def names(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys([*self.features, *self.kept]))


@dataclass(frozen=True)
class Inputs:
    """The files to score, in their order."""

    store: Store
    entries: list[Entry]
    form: Format


def find(uri: str, form: Format | None, credentials: Mapping[str, str]) -> Inputs:
    """Return the files at `uri`; raises RunFailed (Data) where there are none, or of both formats, StoreError."""
    store = Store(uri, credentials)
    entries = store.files(limit=FILE_LIMIT)
    chosen = form or _form(entries, uri)
    return Inputs(store, data_files(entries, uri, chosen), chosen)


def _form(entries: Sequence[Entry], uri: str) -> Format:
    found = {form for form, ends in ENDINGS.items() for entry in entries if entry.path.lower().endswith(ends)}
    if len(found) == 1:
        return "CSV" if "CSV" in found else "Parquet"
    if not found and not entries:
        raise data_error("DataNotFound", f"there is nothing at {uri}; correct the address")
    what = "both Parquet and CSV" if found else "no files whose endings tell a format"
    raise data_error("FormatUnclear", f"{uri} holds {what}; say --format Parquet or --format CSV")


@contextmanager
def on_disk(inputs: Inputs, entry: Entry, scratch: Path) -> Iterator[Path]:
    """Yield a file of this machine with the entry's content; one of a store is downloaded, and deleted afterwards."""
    if inputs.store.location.scheme == "file":
        yield Path("/", entry.key)
        return
    file = scratch / "input"
    with file.open("wb") as out:
        for chunk in inputs.store.chunks(entry):
            out.write(chunk)
    yield file
    file.unlink()


def opened(
    file: Path, name: str, form: Format, wanted: Wanted, skipped: Callable[[], None] | None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the columns' types and the rows of a file, in batches of at most BATCH_ROWS (CSV: of BLOCK_BYTES).

    In CSV everything comes as text. `skipped` is told of each of its lines that has another number of fields; None:
    such a line is a mistake. Raises RunFailed (Data), also while the batches are read.
    """
    with _explained(file, name, form):
        schema, batches = _parquet(file, name, wanted) if form == "Parquet" else _csv(file, name, wanted, skipped)
    return schema, _each(batches, file, name, form)


def names_of(file: Path, name: str, form: Format) -> list[str]:
    """Return the names of a file's columns; raises RunFailed (Data)."""
    with _explained(file, name, form):
        if form == "Parquet":
            return list(pyarrow.parquet.read_schema(file).names)
        with _stream(file) as content:
            return _header(content)


def _each(batches: Iterator[pa.RecordBatch], file: Path, name: str, form: Format) -> Iterator[pa.RecordBatch]:
    # Only reading is explained: what happens to a batch that was read has nothing to do with its file.
    while True:
        with _explained(file, name, form):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


@contextmanager
def _explained(file: Path, name: str, form: Format) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        with file.open("rb") as content:
            kind = looks_like(content.read(512))
        hint = f"it looks like {kind}" if kind not in (form, "gzip") else str(error).splitlines()[0][:200]
        raise data_error(f"Not{form}", f"{name} is not readable {form}: {hint}") from None


def _parquet(file: Path, name: str, wanted: Wanted) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    reader = pyarrow.parquet.ParquetFile(file)
    schema = reader.schema_arrow
    check_names(name, schema.names, wanted)
    texts = [one for one in wanted.texts if _is_text(schema.field(one).type)]
    reader = pyarrow.parquet.ParquetFile(file, read_dictionary=texts, buffer_size=BUFFER_BYTES, pre_buffer=False)
    schema = pa.schema([schema.field(one) for one in wanted.names])
    return schema, reader.iter_batches(batch_size=BATCH_ROWS, columns=wanted.names)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _csv(
    file: Path, name: str, wanted: Wanted, skipped: Callable[[], None] | None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    read = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)

    def skip(row: Any) -> str:
        if skipped is None:
            return "error"
        skipped()
        return "skip"

    parse = pyarrow.csv.ParseOptions(invalid_row_handler=skip)
    with _stream(file) as content:
        check_names(name, _header(content), wanted)
    schema = pa.schema([(one, pa.string()) for one in wanted.names])
    convert = pyarrow.csv.ConvertOptions(
        strings_can_be_null=True, include_columns=wanted.names, column_types=dict.fromkeys(wanted.names, pa.string())
    )
    reader = pyarrow.csv.open_csv(_stream(file), read_options=read, parse_options=parse, convert_options=convert)
    return schema, iter(reader)


def _header(content: Any) -> list[str]:
    line = bytearray()
    while b"\n" not in line and (more := content.read(4096)):
        line += more
    first = bytes(line).partition(b"\n")[0].rstrip(b"\r")
    if not first:
        raise ValueError("it is empty")
    names: list[str] = pyarrow.csv.read_csv(pa.BufferReader(first + b"\n")).column_names
    return names


def _stream(file: Path) -> Any:
    with file.open("rb") as content:
        compressed = content.read(2) == b"\x1f\x8b"
    return pa.input_stream(str(file), compression="gzip" if compressed else None)


def check_names(file: str, names: Sequence[str], wanted: Wanted) -> None:
    """Raise RunFailed (Data) where a wanted column is not there, or twice; others may be there."""
    missing = [name for name in wanted.names if name not in names]
    if missing:
        raise _missing(file, missing, names, wanted)
    twice = [name for name in wanted.names if list(names).count(name) > 1]
    if twice:
        raise data_error("DuplicateColumns", f"{file} has more than one column named {listed(twice)}; rename them")


def _missing(file: str, missing: list[str], names: Sequence[str], wanted: Wanted) -> RunFailed:
    asked = [name for name in missing if name not in wanted.features]
    if asked:
        return data_error(
            "ColumnMissing", f"{file} has no column {listed(asked)} to keep; it has {listed(list(names))}"
        )
    alike = [name for name in names if name.lower() in {one.lower() for one in missing}]
    hint = f"; {listed(alike)} must be written as the model knows it" if alike else f"; it has {listed(list(names))}"
    return data_error("ColumnMissing", f"{file} lacks {listed(missing)}, which the model reads{hint}")
