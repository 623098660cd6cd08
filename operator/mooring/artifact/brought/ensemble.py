"""Trees of another library as a model of ours: checked node by node, then computed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.api.trainingjob import Task
from mooring.artifact.compiled.model import CompiledModel
from mooring.artifact.compiled.onnx_trees import Leaves, onnx_file
from mooring.artifact.compiled.table import Link, NumberColumn, Table, Trees
from mooring.artifact.compiled.tree import Tree
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import Feature

FILE_LIMIT = 512 * 2**20
NODES_LIMIT = 2**24
DEPTH_LIMIT = 2048
"""Deeper trees would overflow the stack of what computes them."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Nodes:
    """The nodes of one tree as a file has them, unchecked (m): a row goes left where its feature is <= the threshold.

    `left` is below zero in leaves, whose `value` counts.
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing_left: NDArray[np.bool_]
    value: Floats


@dataclass(frozen=True)
class Ensemble:
    """Scores are `baseline` and the sum of the trees, tree i adding to score `targets[i]`; all of it by `divisor`."""

    kind: str
    """Library and objective, for people."""
    trees: Sequence[Tree]
    targets: Sequence[int]
    baseline: Sequence[float]
    width: int
    """Features."""
    link: Link
    single: bool
    """Features are rounded to float32 before they are compared."""
    names: Sequence[str] | None
    """Of the features, where the file has them."""
    divisor: float = 1.0

    @property
    def task(self) -> Task:
        """What it predicts."""
        if self.link in ("Identity", "Exp"):
            return "Regression"
        return "BinaryClassification" if self.link == "Logistic" else "MulticlassClassification"

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for a regression."""
        return 0 if self.task == "Regression" else max(2, len(self.baseline))


def checked_tree(nodes: Nodes, width: int, where: str) -> Tree:
    """Return the nodes that the root leads to, level by level; raises ModelRefused for what is no tree."""
    size = len(nodes.left)
    if not size or {len(part) for part in vars(nodes).values()} != {size}:
        raise ModelRefused(f"{where}: its lists of nodes are empty or of different lengths")
    order = _levels(nodes, where)
    leaf = nodes.left[order] < 0
    left, right = (np.where(leaf, 0, part[order]) for part in (nodes.left, nodes.right))  # a leaf's say nothing
    feature, threshold = nodes.feature[order], nodes.threshold[order]
    if ((feature[~leaf] < 0) | (feature[~leaf] >= width)).any():
        raise ModelRefused(f"{where}: it splits by a feature that there is not among the {width}")
    if np.isnan(threshold[~leaf]).any():
        raise ModelRefused(f"{where}: a threshold is not a number")
    if not np.isfinite(nodes.value[order][leaf]).all():
        raise ModelRefused(f"{where}: a leaf's value is not a finite number")
    place = np.full(size, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return Tree(
        feature=np.where(leaf, 0, feature),
        threshold=np.where(leaf, 0.0, threshold),
        left=np.where(leaf, -1, place[left]),
        right=np.where(leaf, -1, place[right]),
        missing_left=nodes.missing_left[order],
        values=nodes.value[order][:, np.newaxis],
    )


def _levels(nodes: Nodes, where: str) -> Ints:
    """Return the places of all nodes below the root, parents before children."""
    size = len(nodes.left)
    seen = np.zeros(size, dtype=np.bool_)
    level = np.zeros(1, dtype=np.int64)
    levels: list[Ints] = []
    while len(level):
        if len(levels) > DEPTH_LIMIT:
            raise ModelRefused(f"{where}: it is deeper than {DEPTH_LIMIT} levels")
        seen[level] = True
        levels.append(level)
        branches = level[nodes.left[level] >= 0]
        level = np.concatenate([nodes.left[branches], nodes.right[branches]])
        if ((level < 0) | (level >= size)).any():
            raise ModelRefused(f"{where}: a node leads to one that there is not")
        if seen[level].any() or len(np.unique(level)) < len(level):
            raise ModelRefused(f"{where}: two nodes lead to the same one")
    return np.concatenate(levels)


def ensemble_model(ensemble: Ensemble, features: Sequence[Feature]) -> CompiledModel:
    """Return the model that answers `features`, all of them numbers, in the order of the matrix."""
    # Not before: who only reads a file needs no ONNX Runtime.
    from mooring.artifact.compiled.trees import trees

    leaves = [
        Leaves(target, tree.values[tree.is_leaf, 0])
        for target, tree in zip(ensemble.targets, ensemble.trees, strict=True)
    ]
    spec = Trees(baseline=list(ensemble.baseline), divisor=ensemble.divisor, rounds_to_single=ensemble.single)
    content = onnx_file(ensemble.trees, leaves, width=ensemble.width, scores=len(ensemble.baseline))
    numbers = [NumberColumn(feature=feature.name) for feature in features]
    table = Table(categories=[], numbers=numbers, estimator=spec, link=ensemble.link)
    return CompiledModel(table, trees(spec, content, None), ensemble.task, [feature.name for feature in features])
