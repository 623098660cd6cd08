"""Learning to tell captured rows from rows of the training data on one half, and judging that on the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from mooring.artifact.manifest import Feature
from mooring.batch.classify.matrix import matrix_of
from mooring.stats.bootstrap import Estimate
from mooring.stats.separation import separation
from mooring.training.failure import data_error
from mooring.training.rowhash import Hashes, row_hashes

LEAST_ROWS = 200
"""Of each sample."""
LEAST_OF_HALF = 50
"""Rows of each sample in each half."""
ITERATIONS = 100
TOP = 5
SHUFFLES = 3
_DIVISIONS = 8


@dataclass(frozen=True)
class Told:
    """How well rows are told apart, and by what."""

    auc: Estimate
    top: list[tuple[str, float]]
    """Features with what the AUC loses where their values are shuffled, the greatest first. None where none tells."""


def tell_apart(captured: pa.Table, reference: pa.Table, features: Sequence[Feature], seed: int) -> Told:
    """Return how well a classifier tells rows of `captured` from those of `reference`, by these of their columns.

    Rows that are equal fall into the same half, whichever sample they are of, and count as one draw there: what is
    learned by heart is worth nothing, and a request that is repeated proves no more than one that is not. The samples
    may have different sizes: they weigh the same.
    Raises RunFailed (Data) where too many rows are equal.
    """
    with threadpool_limits(limits=1):  # some thousand rows: threads would wait for each other
        return _tell_apart(captured, reference, features, seed)


def _tell_apart(captured: pa.Table, reference: pa.Table, features: Sequence[Feature], seed: int) -> Told:
    names = [feature.name for feature in features]
    table = pa.concat_tables([captured.select(names), reference.select(names)])
    ours = np.arange(table.num_rows) < captured.num_rows
    learned, rows = _divide(table, ours, seed)
    values = matrix_of(table, features, learned)
    texts = [feature.datatype == "BYTES" for feature in features]
    model = _model(texts, seed).fit(values[learned], ours[learned])
    judged = _Judged(model, values[~learned], ours[~learned], rows[~learned])
    auc = judged.auc(values[~learned])
    top = sorted(judged.losses(auc.value, seed), key=lambda loss: -loss[1])[:TOP] if (auc.low or 0) > 0.5 else []
    return Told(auc, [(names[at], loss) for at, loss in top if loss > 0])


def _model(texts: Sequence[bool], seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=ITERATIONS,
        max_leaf_nodes=15,
        early_stopping=False,
        categorical_features=np.array(texts),
        class_weight="balanced",
        random_state=seed,
    )


@dataclass(frozen=True)
class _Judged:
    model: HistGradientBoostingClassifier
    values: NDArray[np.float64]
    ours: NDArray[np.bool_]
    rows: Hashes

    def auc(self, values: NDArray[np.float64]) -> Estimate:
        return separation(self.model.predict_proba(values)[:, 1], self.ours, self.rows)

    def losses(self, auc: float, seed: int) -> Iterator[tuple[int, float]]:
        """Yield the loss of the AUC for each column, as the mean of some shuffles (Breiman 2001)."""
        random, shuffled = np.random.default_rng(seed), self.values.copy()
        for at in range(shuffled.shape[1]):
            found = []
            for _ in range(SHUFFLES):
                shuffled[:, at] = random.permutation(self.values[:, at])
                found.append(self.auc(shuffled).value)
            shuffled[:, at] = self.values[:, at]
            yield at, auc - float(np.mean(found))


def _divide(table: pa.Table, ours: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.bool_], Hashes]:
    """Return which rows are learned from (n,), about half of the different ones, and what equal rows share (n,).

    Where few rows differ, a division may leave one side without rows: then another one is tried.
    """
    for attempt in range(_DIVISIONS):
        rows = row_hashes(table.columns, f"{seed}/{attempt}")
        learned: NDArray[np.bool_] = rows >> np.uint64(63) == 0
        if min(_smallest(ours, learned), _smallest(ours, ~learned)) >= LEAST_OF_HALF:
            return learned, rows
    different = len(np.unique(rows))
    raise data_error(
        "RowsAlike",
        f"{table.num_rows} rows have {different} different contents, too few to learn from some and judge on others; "
        "the distributions of the features say all that there is to be said of such rows",
    )


def _smallest(ours: NDArray[np.bool_], half: NDArray[np.bool_]) -> int:
    return int(min((ours & half).sum(), (~ours & half).sum()))
