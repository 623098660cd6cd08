"""Which rows are held out. A row once held out stays held out in every later run of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mooring.api.trainingjob import DataSource
from mooring.training.failure import data_error, listed
from mooring.training.rowhash import held_out, row_hashes
from mooring.training.times import Times, read_times

SPLIT_COLUMN_LIMIT = 64
SPLIT_NAMES_LIMIT = 512
"""Bytes of all the hashed columns' names: they travel in the termination message."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """The rows held out (n,), and the columns whose hash decided it (none where time did), or their times."""

    holdout: Mask
    columns: list[str]
    times: Times | None = None


def split_rows(table: pa.Table, source: DataSource, model: str, features: list[str], recorded: list[str]) -> Split:
    """Return the split of rows that all have a target.

    `recorded` are the columns that the model's first version was split by: they are hashed even where they are ignored
    today. A group column that the recipe names goes before them, for its promise is about this very run.
    Raises RunFailed (Data) where a recorded column is gone, or where time or hash leave one side empty.
    """
    if source.time_column is not None:
        times = read_times(table.column(source.time_column), source.time_column)
        split = Split(_newest(table, source, times), [], times)
    else:
        columns = [source.group_column] if source.group_column else recorded or choose_columns(features)
        _check_present(table, columns)
        hashes = row_hashes([table.column(name) for name in columns], model)
        split = Split(held_out(hashes, source.holdout_per_mille), columns)
    held = int(split.holdout.sum())
    if held in (0, table.num_rows):
        message = (
            f"{held} of {table.num_rows} rows would be held out: too many rows are alike in {listed(split.columns)}"
        )
        raise data_error("SplitImpossible", message + "; add rows, or name a timeColumn or groupColumn that differs")
    return split


def choose_columns(features: list[str]) -> list[str]:
    """Return the columns to hash: sorted by name, as many as the record has room for."""
    chosen: list[str] = []
    for name in sorted(features)[:SPLIT_COLUMN_LIMIT]:
        if sum(len(other.encode()) for other in [*chosen, name]) <= SPLIT_NAMES_LIMIT:
            chosen.append(name)
    return chosen


def _check_present(table: pa.Table, columns: list[str]) -> None:
    if gone := [name for name in columns if name not in table.column_names]:
        message = (
            f"column {listed(gone)} is gone, by which earlier versions of this model held out rows: without it rows "
            "that were trained on would be tested on; bring it back (ignored, if you like), or use another spec.model"
        )
        raise data_error("SplitColumnMissing", message)


def _newest(table: pa.Table, source: DataSource, times: Times) -> Mask:
    """Return the newest rows: those at or after a time that at most `holdout_per_mille` of the rows come after.

    Rows of one time stay together; rows without a time are trained on. With a group column, a group that has a row
    among the newest is held out whole.
    """
    known = times.known
    if len(known) == 0 or known.min() == known.max():
        raise data_error(
            "TimeColumnConstant", f"timeColumn {source.time_column!r} holds fewer than two different times"
        )
    wanted = max(1, round(len(known) * source.holdout_per_mille / 1000))
    cut = np.partition(known, len(known) - wanted)[len(known) - wanted]
    newest: Mask = times.order >= (cut if cut > known.min() else np.nextafter(cut, np.inf))
    return _whole_groups(table.column(source.group_column), newest) if source.group_column else newest


def _whole_groups(groups: pa.ChunkedArray, newest: Mask) -> Mask:
    touched = pc.unique(groups.filter(pa.array(newest)))
    held: Mask = pc.is_in(groups, value_set=touched).to_numpy()
    return held
