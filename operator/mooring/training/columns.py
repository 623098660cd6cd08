"""From the columns of the data to the features of the model."""

from __future__ import annotations

import difflib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mooring.api.modelversion import Datatype
from mooring.api.trainingjob import DataSource
from mooring.artifact.manifest import Feature
from mooring.training.failure import RunFailed, data_error, listed, user_error

CATEGORY_LIMIT = 1000
"""A text column with more values than this has too many to list: only the most frequent ones are encoded."""
NAME_LIMIT = 128


def check_names(table: pa.Table, source: DataSource) -> None:
    """Raise RunFailed where the recipe names columns that are not there."""
    names = table.column_names
    if source.target not in names:
        message = f"there is no target column {source.target!r}; {nearest(source.target, names)}"
        raise data_error("TargetMissing", message)
    named: dict[str, list[str]] = {
        "ignore": source.ignore,
        "timeColumn": [source.time_column or ""],
        "groupColumn": [source.group_column or ""],
    }
    for field, columns in named.items():
        for column in columns:
            if column and column not in names:
                message = f"data.{field} names {column!r}, which is no column; {nearest(column, names)}"
                raise user_error("ColumnNotFound", message)
            if column == source.target:
                raise user_error(
                    "TargetNamedTwice", f"data.{field} names the target column {column!r}; remove it there"
                )


def feature_names(table: pa.Table, source: DataSource) -> list[str]:
    """Return the columns that are features: all but the target, the ignored, the time and the group column.

    Raises RunFailed where none is left.
    """
    others = {source.target, source.time_column, source.group_column, *source.ignore}
    names = [name for name in table.column_names if name not in others]
    if not names:
        raise data_error(
            "NoFeatures", "no column is left to learn from: every one is the target, ignored, time or group"
        )
    return names


def infer_features(table: pa.Table, names: list[str]) -> list[Feature]:
    """Return the features by the columns' types.

    Raises RunFailed (Data) with every column that cannot be one.
    """
    problems: list[RunFailed] = []
    features: list[Feature] = []
    for name in names:
        try:
            features.append(_feature(name, table.column(name)))
        except RunFailed as problem:
            problems.append(problem)
    if problems:
        raise data_error(problems[0].failure.reason, "; ".join(problem.failure.message for problem in problems))
    return features


def values_of(column: pa.ChunkedArray, datatype: Datatype) -> NDArray[np.float64] | NDArray[np.object_]:
    """Return a column's values (n,): float64 with NaN for missing, or str objects with None."""
    if datatype != "BYTES":
        numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
        return numbers
    encoded = pc.dictionary_encode(_plain(column).cast(pa.large_string())).combine_chunks()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    texts: NDArray[np.object_] = words[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return texts


def datatype_of(kind: pa.DataType) -> Datatype | None:
    """Return the tensor datatype of an Arrow type, or None where a feature cannot have it."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return "BOOL"
    if pa.types.is_integer(kind):
        return "INT64"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "FP64"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "BYTES"
    return None


def categories_of(column: pa.ChunkedArray) -> list[str] | None:
    """Return the distinct texts of a column, sorted by code point, or None where there are too many to list."""
    distinct = pc.unique(_plain(column)).drop_null()
    return sorted(distinct.to_pylist()) if len(distinct) <= CATEGORY_LIMIT else None


def _feature(name: str, column: pa.ChunkedArray) -> Feature:
    if not name or len(name) > NAME_LIMIT:
        raise data_error(
            "ColumnName", f"column {name[:40]!r} has a name of {len(name)} characters; 1 to 128 are allowed"
        )
    if column.null_count == len(column):
        raise data_error("ColumnAllNull", f"column {name!r} has no value in any row; fill it or add it to data.ignore")
    datatype = datatype_of(column.type)
    if datatype is None:
        message = (
            f"column {name!r} is of type {column.type}, which cannot be a feature: convert it or add it to data.ignore"
        )
        raise data_error("ColumnTypeUnsupported", message)
    missing = column.null_count > 0
    if datatype == "FP64":
        missing = _checked_floats(name, column) or missing
    categories = categories_of(column) if datatype == "BYTES" else None
    return Feature(name=name, datatype=datatype, nullable=missing, categories=categories)


def _checked_floats(name: str, column: pa.ChunkedArray) -> bool:
    """Return whether any value is NaN; raise RunFailed where all are, or where one is infinite."""
    if not pa.types.is_floating(column.type):
        return False
    missing = pc.sum(pc.is_nan(column)).as_py() or 0
    if missing + column.null_count == len(column):
        raise data_error("ColumnAllNull", f"column {name!r} has no value in any row; fill it or add it to data.ignore")
    if pc.any(pc.is_inf(column)).as_py():
        raise data_error(
            "ColumnInfinite", f"column {name!r} holds infinite numbers; replace them or add it to data.ignore"
        )
    return bool(missing)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def nearest(name: str, names: list[str]) -> str:
    """Return which of the names may have been meant, for a sentence."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    near = near or [other for other in names if other.lower() == name.lower()]
    return f"did you mean {listed(near)}?" if near else f"the columns are {listed(names, 12)}"
