"""The compiled form's files, written into the artifact's folder and kept there only with a certificate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mooring.api.trainingjob import Task
from mooring.artifact.compiled import COMPILED, LEAVES, ONNX, Table, load_compiled
from mooring.artifact.manifest import CompiledRecord
from mooring.training.compile.certify import Comparison, Differs, Limits, compare_until
from mooring.training.compile.columns import Columns, read_columns
from mooring.training.compile.estimators import Compiled, compile_estimator
from mooring.training.compile.rows import blocks, boundary_rows, random_rows
from mooring.training.prepare import Prepared

LIMITS = Limits()
"""Of held out rows, of boundaries, and of random rows."""


@dataclass(frozen=True)
class Outcome:
    """The certificate, or None where nothing is shipped; and a sentence for the log."""

    record: CompiledRecord | None
    said: str


def compile_into(
    folder: Path, pipeline: Any, prepared: Prepared, task: Task, seed: int, limits: Limits = LIMITS
) -> Outcome:
    """Write the compiled form of a fitted pipeline into `folder` if it answers as the pipeline does.

    Never raises for what a model is: then the folder is as it was, and scikit-learn serves.
    """
    try:
        columns = read_columns(pipeline)
        compiled = compile_estimator(pipeline.named_steps["estimator"], task)
        _write(folder, columns, compiled)
        model = load_compiled(folder, task, prepared.features)  # as a server will
        comparison = Comparison(task)
        for frames in _tried(prepared, columns, compiled, seed):
            compare_until(limits, comparison, pipeline, model, frames)
    except Exception as error:
        for name in (COMPILED, ONNX, LEAVES):
            (folder / name).unlink(missing_ok=True)
        why = str(error) if isinstance(error, Differs | ValueError) else f"{type(error).__name__}: {error}"
        return Outcome(None, f"no compiled form, so scikit-learn serves it: {why}"[:500])
    return _certified(compiled, comparison)


def _tried(prepared: Prepared, columns: Columns, compiled: Compiled, seed: int) -> list[Iterable[pd.DataFrame]]:
    frame = prepared.frame
    return [
        blocks(frame[prepared.holdout]),
        boundary_rows(frame, columns, compiled.trees, seed),
        random_rows(prepared.features, frame, seed),
    ]


def _certified(compiled: Compiled, comparison: Comparison) -> Outcome:
    record = CompiledRecord(
        format="Linear" if compiled.estimator.kind == "Linear" else "Onnx",
        rows=comparison.rows,
        ties=comparison.ties,
        max_difference=comparison.max_difference,
    )
    said = f"compiled to {record.format}: {record.rows} rows are answered within {record.max_difference:.2g}"
    return Outcome(record, f"{said}, with {record.ties} ties")


def _write(folder: Path, columns: Columns, compiled: Compiled) -> None:
    table = Table(**vars(columns), estimator=compiled.estimator, link=compiled.link)
    (folder / COMPILED).write_text(table.model_dump_json(by_alias=True, exclude_none=True))
    if compiled.onnx is not None:
        (folder / ONNX).write_bytes(compiled.onnx)
    if compiled.leaves is not None:
        np.save(folder / LEAVES, compiled.leaves, allow_pickle=False)
