"""The trees of a fitted ensemble of scikit-learn as plain arrays, whichever estimator grew them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mooring.artifact.compiled.tree import Tree


def grown(estimators: Iterable[Any], factor: float = 1.0) -> list[Tree]:
    """Return scikit-learn's own trees (forests, extra trees, gradient boosting); `factor` times their values."""
    trees = []
    for estimator in estimators:
        tree = estimator.tree_
        missing = np.asarray(tree.missing_go_to_left, dtype=np.bool_)
        values = np.asarray(tree.value[:, 0, :], dtype=np.float64) * factor
        trees.append(Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, missing, values))
    return trees


def histogram(predictors: Iterable[Any]) -> list[Tree]:
    """Return histogram boosting's trees.

    Raises ValueError where one splits by sets of categories.
    """
    trees = []
    for predictor in predictors:
        nodes = predictor.nodes
        if nodes["is_categorical"].any():
            raise ValueError("its trees split by sets of categories")
        leaf = nodes["is_leaf"].astype(np.bool_)
        left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
        feature = nodes["feature_idx"].astype(np.int64)
        missing = nodes["missing_go_to_left"].astype(np.bool_)
        trees.append(Tree(feature, nodes["num_threshold"], left, right, missing, nodes["value"][:, np.newaxis]))
    return trees
