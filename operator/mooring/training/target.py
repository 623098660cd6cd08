"""What to predict: the task, the classes, and which of two is positive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mooring.api.modelversion import Datatype
from mooring.api.trainingjob import DataSource, Task
from mooring.artifact.manifest import Scalar
from mooring.training.columns import datatype_of, values_of
from mooring.training.failure import data_error, listed, user_error

FEW = 20
"""At most so many different whole numbers are taken for classes, more for quantities."""
CLASS_LIMIT = 100


@dataclass(frozen=True)
class Target:
    """The target (n,) in the type that the model answers with, and what was decided about it."""

    task: Task
    values: NDArray[Any]
    datatype: Datatype
    """Of the label, or of the prediction."""
    classes: list[Scalar] | None = None
    """Sorted; None in a regression."""
    positive: int | None = None
    """The positive class's place in `classes`; None unless there are two."""

    def codes(self) -> NDArray[np.int64]:
        """Return each row's place in `classes` (n,)."""
        return np.searchsorted(np.array(self.classes), self.values).astype(np.int64)


def read_target(column: pa.ChunkedArray, source: DataSource) -> Target:
    """Return the target of rows that all have one.

    Raises RunFailed: Data where the values allow no model or not the task, User for a wrong positive label.
    """
    column, datatype = _typed(column, source.target)
    distinct = sorted(pc.unique(column).to_pylist())
    if len(distinct) == 1:
        raise data_error("OneClass", f"the target {source.target!r} is {distinct[0]!r} in every row: nothing to learn")
    task = source.task or infer_task(datatype, distinct, source.target)
    if task == "Regression":
        return _regression(column, datatype, source)
    return _classification(column, datatype, distinct, task, source)


def infer_task(datatype: Datatype, distinct: list[Scalar], name: str) -> Task:
    """Return the task by the target's values: two of any kind, a few that are not fractions, or numbers."""
    if len(distinct) == 2:
        return "BinaryClassification"
    if datatype == "BYTES" and len(distinct) > CLASS_LIMIT:
        message = f"the target {name!r} has {len(distinct)} different texts, too many for classes ({CLASS_LIMIT})"
        raise data_error("TooManyClasses", message + "; group them, or name another target")
    if datatype == "FP64" or len(distinct) > max(FEW, CLASS_LIMIT if datatype == "BYTES" else 0):
        return "Regression"
    return "MulticlassClassification"


def _typed(column: pa.ChunkedArray, name: str) -> tuple[pa.ChunkedArray, Datatype]:
    """Return the column in one of four types; whole floats become integers, as one null makes floats of integers."""
    datatype = datatype_of(column.type)
    if datatype is None:
        raise data_error("TargetTypeUnsupported", f"the target {name!r} is of type {column.type}; convert it")
    if datatype == "BYTES":
        return column.cast(pa.large_string()), datatype
    if datatype == "BOOL":
        return column.cast(pa.bool_()), datatype
    if datatype == "INT64":
        return column.cast(pa.int64()), datatype
    column = column.cast(pa.float64(), safe=False)
    if not pc.all(pc.is_finite(column)).as_py():
        raise data_error("TargetInfinite", f"the target {name!r} holds infinite numbers; remove those rows")
    whole = pc.all(pc.equal(pc.floor(column), column)).as_py() and pc.max(pc.abs(column)).as_py() < 2**53
    return (column.cast(pa.int64()), "INT64") if whole else (column, "FP64")


def _regression(column: pa.ChunkedArray, datatype: Datatype, source: DataSource) -> Target:
    if datatype in ("BYTES", "BOOL"):
        kind = "text" if datatype == "BYTES" else "true or false"
        message = f"the target {source.target!r} is {kind}, which a Regression cannot predict; remove data.task"
        raise data_error("TaskMismatch", message)
    if source.positive_label is not None:
        raise user_error("PositiveLabel", "data.positiveLabel is for a BinaryClassification, this is a Regression")
    return Target("Regression", values_of(column, "FP64"), "FP64")


def _classification(
    column: pa.ChunkedArray, datatype: Datatype, distinct: list[Scalar], task: Task, source: DataSource
) -> Target:
    name = source.target
    if datatype == "FP64":
        message = f"the target {name!r} holds fractions such as {distinct[0]!r}, which are no classes; use Regression"
        raise data_error("TaskMismatch", message)
    if task == "BinaryClassification" and len(distinct) != 2:
        message = f"the target {name!r} has {len(distinct)} values, a BinaryClassification needs 2; remove data.task"
        raise data_error("TaskMismatch", message)
    if len(distinct) > CLASS_LIMIT:
        message = f"the target {name!r} has {len(distinct)} values, more than {CLASS_LIMIT} classes; use Regression"
        raise data_error("TooManyClasses", message)
    positive = _positive(distinct, source) if len(distinct) == 2 else None
    if len(distinct) > 2 and source.positive_label is not None:
        raise user_error("PositiveLabel", f"data.positiveLabel needs two classes, the target has {len(distinct)}")
    values = column.to_numpy()
    return Target(task, values.astype(str) if datatype == "BYTES" else values, datatype, distinct, positive)


def _positive(distinct: list[Scalar], source: DataSource) -> int:
    label = source.positive_label
    if label is None:
        return 1
    names = [str(value) for value in distinct]
    wanted = label.capitalize() if isinstance(distinct[0], bool) else label
    if wanted not in names:
        raise user_error("PositiveLabel", f"data.positiveLabel {label!r} does not occur: the target is {listed(names)}")
    return names.index(wanted)
