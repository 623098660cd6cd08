"""A fitted estimator of the allow-list as its compiled form: numbers for numpy, or trees for ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mooring.api.trainingjob import Task
from mooring.artifact.compiled.onnx_trees import Leaves, onnx_file
from mooring.artifact.compiled.table import Linear, Link, Trees
from mooring.artifact.compiled.tree import Tree
from mooring.training.compile.nodes import grown, histogram


@dataclass(frozen=True)
class Compiled:
    """A compiled estimator and the contents of its files."""

    estimator: Linear | Trees
    link: Link
    onnx: bytes | None = None
    leaves: NDArray[np.float64] | None = None
    trees: Sequence[Tree] = ()


def compile_estimator(estimator: Any, task: Task) -> Compiled:
    """Return the compiled form of a fitted estimator.

    Raises ValueError, with the reason, where it has none.
    """
    kind = type(estimator).__name__
    if kind in ("LogisticRegression", "LinearRegression", "Ridge"):
        return _linear(estimator, task)
    if kind.startswith(("RandomForest", "ExtraTrees")):
        return _forest(estimator, task)
    if kind.startswith("GradientBoosting"):
        return _boosting(estimator, task)
    if kind.startswith("HistGradientBoosting"):
        return _histogram_boosting(estimator, task)
    raise ValueError(f"{kind} has no compiled form")


def _linear(estimator: Any, task: Task) -> Compiled:
    coefficients = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    intercepts = np.resize(np.asarray(estimator.intercept_, dtype=np.float64), len(coefficients))
    link: Link = "Identity" if task == "Regression" else ("Logistic" if len(coefficients) == 1 else "Softmax")
    return Compiled(Linear(coefficients=coefficients.tolist(), intercepts=intercepts.tolist()), link)


def _forest(estimator: Any, task: Task) -> Compiled:
    trees = grown(estimator.estimators_)
    count, width = len(trees), estimator.n_features_in_
    scores = trees[0].values.shape[1]
    link: Link = "Identity" if task == "Regression" else "Share"
    if scores <= 2:  # one score: the prediction, or the share of the second class
        leaves = [Leaves(0, tree.values[tree.is_leaf, -1]) for tree in trees]
        spec = Trees(baseline=[0.0], divisor=count, rounds_to_single=True)
        return Compiled(spec, link, onnx_file(trees, leaves, width=width, scores=1), trees=trees)
    rows, places = _distinct_leaves(trees)
    spec = Trees(baseline=[0.0], divisor=count, rounds_to_single=True, has_leaves=True)
    return Compiled(spec, link, onnx_file(trees, places, width=width, scores=count), rows, trees)


def _distinct_leaves(trees: Sequence[Tree]) -> tuple[NDArray[np.float64], list[Leaves]]:
    """Return what leaves give, each once (rows, scores), and every tree's own score: the row that it has chosen.

    ONNX lets a leaf add to one score only, and a forest's leaf gives a share of every class.
    """
    given = [tree.values[tree.is_leaf] for tree in trees]
    rows, places = np.unique(np.concatenate(given), axis=0, return_inverse=True)
    ends = np.cumsum([len(leaves) for leaves in given])[:-1]
    split = np.split(places.ravel().astype(np.float64), ends)
    return rows, [Leaves(index, weights) for index, weights in enumerate(split)]


def _boosting(estimator: Any, task: Task) -> Compiled:
    scores = estimator.estimators_.shape[1]
    # Of the exponential loss, p is 1 / (1 + e^-2s). To double a float64 is exact.
    double = 2.0 if estimator.loss == "exponential" else 1.0
    trees = [
        Tree(**{**vars(tree), "values": tree.values * double})
        for tree in grown(estimator.estimators_.ravel(), estimator.learning_rate)
    ]
    no_row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    baseline = np.ravel(estimator._raw_predict_init(no_row)) * double  # the same for every row
    return _additive(estimator, trees, baseline, _boosting_link(task, scores), single=True)


def _histogram_boosting(estimator: Any, task: Task) -> Compiled:
    stages = estimator._predictors
    trees = histogram(predictor for stage in stages for predictor in stage)
    link = _boosting_link(task, len(stages[0]))
    if task == "Regression" and estimator.loss in ("poisson", "gamma"):
        link = "Exp"
    return _additive(estimator, trees, np.ravel(estimator._baseline_prediction), link, single=False)


def _additive(
    estimator: Any, trees: list[Tree], baseline: NDArray[np.float64], link: Link, *, single: bool
) -> Compiled:
    """Return boosted trees: each stage has one for every score."""
    scores = len(baseline)
    leaves = [Leaves(index % scores, tree.values[tree.is_leaf, 0]) for index, tree in enumerate(trees)]
    spec = Trees(baseline=baseline.tolist(), rounds_to_single=single)
    return Compiled(spec, link, onnx_file(trees, leaves, width=estimator.n_features_in_, scores=scores), trees=trees)


def _boosting_link(task: Task, scores: int) -> Link:
    if task == "Regression":
        return "Identity"
    return "Logistic" if scores == 1 else "Softmax"
