"""Answers as columns of Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from mooring.artifact.manifest import Interface
from mooring.artifact.predict import PROBABILITY
from mooring.artifact.sample import ARROW_TYPES
from mooring.batch.scorer import Scored
from mooring.training.failure import listed, user_error

VERSION = "version"
REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """One column of answers: output `output`, of which column `place` where it has several."""

    name: str
    kind: pa.DataType
    output: int
    place: int | None = None


def answers_of(manifest: Interface, *, probabilities: bool) -> list[Answer]:
    """Return the columns of a model's answers: label or prediction first, then probability_<class> of each class."""
    found: list[Answer] = []
    for index, output in enumerate(manifest.outputs):
        kind = ARROW_TYPES[output.datatype]
        if len(output.shape) == 1:
            found.insert(0, Answer(output.name, kind, index))
        elif output.name != PROBABILITY or probabilities:
            names: Sequence[object] = manifest.classes if output.name == PROBABILITY and manifest.classes else ()
            width = output.shape[1]
            names = names or range(width)
            found += [Answer(f"{output.name}_{name}", kind, index, place) for place, name in enumerate(names)]
    return found


def check_kept(kept: Sequence[str], answers: Sequence[Answer], *, null: bool) -> None:
    """Raise RunFailed (User) where a kept column has the name of an answer."""
    taken = {answer.name for answer in answers} | {VERSION} | ({REFUSED} if null else set())
    if both := sorted(taken & set(kept)):
        raise user_error("NameTaken", f"--keep {listed(both)}: answers are called so; rename the column, or drop it")


class PartWriter:
    """Writes one Parquet file, batch by batch."""

    def __init__(
        self, file: Path, schema: pa.Schema, kept: Sequence[str], answers: Sequence[Answer], version: str, *, null: bool
    ) -> None:
        self._kept = [schema.field(name) for name in kept]
        self._answers = answers
        self._version = version
        self._null = null
        fields = [*self._kept, *(pa.field(answer.name, answer.kind) for answer in answers)]
        fields += [pa.field(VERSION, pa.string())] + [pa.field(REFUSED, pa.string())] * null
        self._schema = pa.schema(fields)
        # A dictionary of probabilities would be tried in vain.
        worth = [field.name for field in fields if not pa.types.is_floating(field.type)]
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, use_dictionary=worth)

    def write(self, batch: pa.RecordBatch, scored: Scored) -> None:
        """Write the rows of a batch with their answers: all rows, or those that were not refused."""
        rows, refused = batch.num_rows, scored.refused
        keep = None if refused is None or self._null else pa.array(~refused)
        columns = [_plain(batch.column(field.name), field.type) for field in self._kept]
        columns = columns if keep is None else [column.filter(keep) for column in columns]
        count = rows if keep is None or refused is None else int((~refused).sum())
        place = _places(refused) if self._null and refused is not None else None
        columns += [_column(answer, scored, place, count) for answer in self._answers]
        columns.append(pa.repeat(pa.scalar(self._version), count))
        if self._null:
            reasons = pa.nulls(count, pa.string()) if scored.reasons is None else pa.array(scored.reasons, pa.string())
            columns.append(reasons)
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()


def _column(answer: Answer, scored: Scored, place: Any, count: int) -> Any:
    if scored.outputs is None:
        return pa.nulls(count, answer.kind)
    values = scored.outputs[answer.output]
    if answer.place is not None:
        values = np.ascontiguousarray(values[:, answer.place])
    found = pa.array(values, type=answer.kind)
    return found if place is None else found.take(place)


def _places(refused: Any) -> Any:
    """Return for each row where its answer stands; null where it has none."""
    return pa.array(np.cumsum(~refused) - 1, mask=refused)


def _plain(column: Any, kind: pa.DataType) -> Any:
    return column if column.type == kind else column.cast(kind)
