"""The files in which captured rows lie until they are joined: lines of JSON, gzipped. `docs/formats.md` describes them.

The first line says what follows; then each line is a request with its rows, or a truth.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Annotated, Literal

import orjson
from pydantic import Field

from mooring.api.base import Model
from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Interface, Scalar
from mooring.ledger.layout import ROLES
from mooring.ledger.packed import Values
from mooring.serving.capture.waiting import Predicted, Told
from mooring.serving.record import Scoring

ENDING = ".jsonl.gz"
Kind = Literal["rows", "truths"]
PAUSE_SECONDS = 0.0002
"""After each line the interpreter's lock is given up: requests are answered meanwhile. A sleep of nothing gives it up
too, and takes it again so soon that the event loop was late by 3 ms one time in ten; so by 0.3 ms."""
_GZIP = 31
_LINE_LIMIT = 256 << 20


class ColumnType(Model):
    """A column's name, and what its values are."""

    name: str
    datatype: Datatype


class Head(Model):
    """The first line: whose rows, and what their places mean."""

    format_version: Annotated[int, Field(ge=1, le=1)] = 1
    kind: Kind
    model: str
    version: str
    digest: str
    pod: str
    features: list[ColumnType] = Field(default_factory=list)
    """In the order of a row's values."""
    target: ColumnType
    classes: list[Scalar] | None = None
    """None: a regression."""


class Unreadable(ValueError):
    """A file that is no part of ours; the message says why."""


class Encoder:
    """Makes parts of one version's rows and truths."""

    def __init__(self, head: Head, scoring: Scoring) -> None:
        self._head = head
        self._scoring = scoring
        self._datatypes = [feature.datatype for feature in head.features]

    def rows(self, items: Sequence[Predicted]) -> bytes:
        """Return the part with these requests; blocks, but lets other threads in after every line."""
        return self._part("rows", map(self._row_line, items))

    def truths(self, items: Sequence[Told]) -> bytes:
        """Return the part with these truths."""
        lines = ({"id": one.id, "row": one.row, "truth": one.truth, "at": _milliseconds(one.at)} for one in items)
        return self._part("truths", lines)

    def _part(self, kind: Kind, lines: Iterator[object]) -> bytes:
        squeeze = zlib.compressobj(wbits=_GZIP)
        head = self._head.model_copy(update={"kind": kind} if kind == "rows" else {"kind": kind, "features": []})
        found: list[bytes] = []
        for line in chain([head.to_json()], lines):
            found.append(squeeze.compress(orjson.dumps(line) + b"\n"))
            time.sleep(PAUSE_SECONDS)
        return b"".join([*found, squeeze.flush()])

    def _row_line(self, item: Predicted) -> object:
        scoring, rows = self._scoring, item.rows
        columns = [_typed(column[:rows], kind) for column, kind in zip(item.columns, self._datatypes, strict=True)]
        line: dict[str, object] = {"id": item.id, "role": ROLES[item.role], "at": _milliseconds(item.at)}
        if item.request is not None:
            line["request"] = item.request
        line["rows"] = [*zip(*columns, strict=True)]
        if scoring.label is None:
            return line | {"predictions": item.answers[scoring.score][:rows]}
        return line | {"predictions": item.answers[scoring.label][:rows], "scores": scoring.shown(item.answers)[:rows]}


def head_of(interface: Interface, *, model: str, version: str, digest: str, pod: str) -> Head:
    """Return the head of a version's parts."""
    label = next((output for output in interface.outputs if output.name in ("label", "prediction")), None)
    return Head(
        kind="rows",
        model=model,
        version=version,
        digest=digest,
        pod=pod,
        features=[ColumnType(name=feature.name, datatype=feature.datatype) for feature in interface.features],
        target=ColumnType(name=interface.target or "target", datatype=label.datatype if label else "FP64"),
        classes=interface.classes,
    )


def read_part(content: bytes | memoryview) -> tuple[Head, Iterator[dict[str, object]]]:
    """Return the head and the other lines of a part; raises Unreadable, also while the lines are read."""
    lines = _lines(content)
    first = next(lines, None)
    if first is None:
        raise Unreadable("it is empty")
    try:
        return Head.model_validate(first), lines
    except ValueError:
        raise Unreadable("its first line is no head of a part, or that of a later version of Mooring") from None


def _lines(content: bytes | memoryview) -> Iterator[dict[str, object]]:
    expand, rest = zlib.decompressobj(_GZIP), b""
    try:
        for start in range(0, len(content), 1 << 16):
            *whole, rest = (rest + expand.decompress(content[start : start + (1 << 16)])).split(b"\n")
            if len(rest) > _LINE_LIMIT:
                raise Unreadable("a line of it does not end")
            yield from map(orjson.loads, whole)
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise Unreadable(str(error)) from None
    if rest or not expand.eof:
        raise Unreadable("it is cut off")


def _typed(values: Values, datatype: Datatype) -> Sequence[object]:
    if datatype == "INT64":
        return [int(value) if value == value else None for value in values]  # type: ignore[arg-type]  # a number
    if datatype == "BOOL":
        return [bool(value) if value == value else None for value in values]
    return values if isinstance(values, list) else [*values]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
