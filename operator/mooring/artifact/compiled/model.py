"""A compiled model: matrix, scores, answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mooring.api.trainingjob import Task
from mooring.artifact.compiled.few import few
from mooring.artifact.compiled.matrix import Floats, Matrix, Values
from mooring.artifact.compiled.table import COMPILED, LEAVES, ONNX, Linear, Link, Table
from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers

Scores = Callable[[Floats], Floats]
"""From the matrix (n, width) to scores (n, k)."""

_EXP_LIMIT = 709.0
"""e^709 is the last whole power that float64 holds."""


class CompiledModel:
    """Answers rows by the table. Not for several threads at once."""

    def __init__(self, table: Table, scores: Scores, task: Task, features: Sequence[str]) -> None:
        self._matrix = Matrix(table, features)
        self._scores = scores
        self._task = task
        self._answer = _LINKS[table.link]
        self.few = few(table, features, self._scored)
        """From a few rows to predictions, or the second class' probabilities; None for rows that `ask` must answer."""

    def ask(self, columns: Sequence[Values]) -> Answers:
        """Return the answers to rows; `columns[i]` holds feature i of the manifest."""
        found = self._answer(self._scored(columns))
        if self._task == "Regression":
            return Answers(prediction=found[:, 0])
        return Answers(probability=found, codes=found.argmax(axis=1))

    def _scored(self, columns: Sequence[Values]) -> Floats:
        return self._scores(self._matrix.encode(columns))


def load_compiled(folder: Path, task: Task, features: Sequence[Feature]) -> CompiledModel:
    """Return the compiled model of a verified folder.

    Raises ArtifactMismatch where this Mooring cannot read it.
    """
    try:
        table = Table.model_validate_json((folder / COMPILED).read_bytes())
        return CompiledModel(table, _scores(table, folder), task, [feature.name for feature in features])
    except Exception as error:  # whatever a damaged file makes pydantic, numpy or ONNX Runtime raise
        message = f"the compiled model cannot be read: {type(error).__name__}: {error}"
        raise ArtifactMismatch(message[:500]) from error


def _scores(table: Table, folder: Path) -> Scores:
    if isinstance(table.estimator, Linear):
        return _linear(table.estimator)
    # Not before: a linear model has no use for ONNX Runtime's 20 MB.
    from mooring.artifact.compiled.trees import trees

    leaves = np.load(folder / LEAVES, allow_pickle=False) if table.estimator.has_leaves else None
    return trees(table.estimator, (folder / ONNX).read_bytes(), leaves)


def _linear(linear: Linear) -> Scores:
    weights = np.ascontiguousarray(np.array(linear.coefficients, dtype=np.float64).T)
    intercepts = np.array(linear.intercepts, dtype=np.float64)
    return lambda matrix: matrix @ weights + intercepts


def _identity(scores: Floats) -> Floats:
    return scores


def _share(scores: Floats) -> Floats:
    return scores if scores.shape[1] > 1 else _two(scores[:, 0])


def _logistic(scores: Floats) -> Floats:
    powers = np.minimum(-scores[:, 0], _EXP_LIMIT)
    np.exp(powers, out=powers)
    powers += 1.0
    return _two(1.0 / powers)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _two(positive: Floats) -> Floats:
    """Return both classes' probabilities (n, 2) by the second's (n,)."""
    found = np.empty((len(positive), 2))
    found[:, 1] = positive
    np.subtract(1.0, positive, out=found[:, 0])
    return found


_LINKS: dict[Link, Callable[[Floats], Floats]] = {
    "Identity": _identity,
    "Exp": np.exp,
    "Share": _share,
    "Logistic": _logistic,
    "Softmax": _softmax,
}
