"""From the rows as found to what is fitted and what is held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mooring.api.trainingjob import DataSource
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Feature
from mooring.training.columns import check_names, feature_names, infer_features, values_of
from mooring.training.failure import data_error, listed
from mooring.training.slices import SlicedColumn
from mooring.training.split import Mask, split_rows
from mooring.training.target import Target, read_target
from mooring.training.times import Blocks, blocks_of

ROWS_NEEDED = 50
"""Fewer rows with a target teach nothing that could be checked."""


@dataclass(frozen=True)
class Prepared:
    """The rows that have a target (n): features, target, and which are held out."""

    features: list[Feature]
    frame: pd.DataFrame
    target: Target
    holdout: Mask
    split_columns: list[str]
    dropped: int
    """Rows without a target, left out of everything."""
    blocks: Blocks | None = None
    """The block of time of each row; None without a time column, and where there are too few rows."""
    slices: tuple[SlicedColumn, ...] = ()
    """In the recipe's order."""


def prepare(table: pa.Table, source: DataSource, model: str, recorded_split: list[str]) -> Prepared:
    """Return the rows ready to fit.

    Raises RunFailed (User or Data) for everything in the data that a fit would trip over, before any compute is spent.
    """
    check_names(table, source)
    labelled = _with_target(table, source.target)
    names = feature_names(labelled, source)
    features = infer_features(labelled, names)
    target = read_target(labelled.column(source.target), source)
    split = split_rows(labelled, source, model, names, recorded_split)
    _check_classes(target, split.holdout)
    columns = {feature.name: values_of(labelled.column(feature.name), feature.datatype) for feature in features}
    dropped = table.num_rows - labelled.num_rows
    blocks = blocks_of(split.times) if split.times else None
    return Prepared(features, to_frame(features, columns), target, split.holdout, split.columns, dropped, blocks)


def _with_target(table: pa.Table, target: str) -> pa.Table:
    """Return the rows whose target is neither null nor NaN."""
    column = table.column(target)
    missing = column.is_null(nan_is_null=pa.types.is_floating(column.type))
    absent = pc.sum(missing).as_py()
    if absent == table.num_rows:
        raise data_error("TargetAllNull", f"the target {target!r} has no value in any row")
    labelled = table.filter(pc.invert(missing)) if absent else table
    if labelled.num_rows < ROWS_NEEDED:
        message = f"{labelled.num_rows} rows have a target, at least {ROWS_NEEDED} are needed"
        raise data_error("TooFewRows", message)
    return labelled


def _check_classes(target: Target, holdout: Mask) -> None:
    """Raise RunFailed (Data) where a class does not occur in the training part."""
    if target.classes is None:
        return
    counts = np.bincount(target.codes()[~holdout], minlength=len(target.classes))
    absent = [str(label) for label, count in zip(target.classes, counts, strict=True) if count == 0]
    if absent:
        message = f"class {listed(absent)} of the target has no row in the training part; merge or remove rare classes"
        raise data_error("ClassTooRare", message)
