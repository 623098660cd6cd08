"""Trees as an ONNX file: one node, `TreeEnsemble` of ai.onnx.ml 5, in float64 throughout, so that no split flips.

https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.artifact.compiled.protobuf import content, number, packed
from mooring.artifact.compiled.tree import Tree
from mooring.artifact.compiled.trees import INPUT, OUTPUT

IR_VERSION = 10
SUM = 1
BRANCH_LEQ = 0
UINT8, DOUBLE = 2, 11
"""Of TensorProto.DataType."""


@dataclass(frozen=True)
class Leaves:
    """What the leaves of one tree give: a weight each (leaves,), added to the score `target`."""

    target: int
    weights: NDArray[np.float64]


def onnx_file(trees: Sequence[Tree], leaves: Sequence[Leaves], *, width: int, scores: int) -> bytes:
    """Return the file for matrices of `width` columns; `leaves[i]` belongs to tree i, in the order of its leaves."""
    first_nodes = _starts([max(1, int((~tree.is_leaf).sum())) for tree in trees])
    first_leaves = _starts([len(leaf.weights) for leaf in leaves])
    parts = [_branches(tree, *starts) for tree, *starts in zip(trees, first_nodes, first_leaves, strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    splits = joined.pop("nodes_splits").astype(np.float64)
    targets = np.repeat([leaf.target for leaf in leaves], [len(leaf.weights) for leaf in leaves])
    attributes = [
        _whole("n_targets", scores),
        _whole("aggregate_function", SUM),
        _whole("post_transform", 0),
        _wholes("tree_roots", np.array(first_nodes)),
        *(_wholes(name, values) for name, values in joined.items()),
        _tensor("nodes_modes", UINT8, np.full(len(splits), BRANCH_LEQ, dtype=np.uint8)),
        _tensor("nodes_splits", DOUBLE, splits),
        _wholes("leaf_targetids", targets),
        _tensor("leaf_weights", DOUBLE, np.concatenate([leaf.weights for leaf in leaves])),
    ]
    node = content(1, INPUT) + content(2, OUTPUT) + content(4, "TreeEnsemble") + content(7, "ai.onnx.ml")
    node += b"".join(content(5, attribute) for attribute in attributes)
    graph = content(1, node) + content(2, "trees")
    graph += content(11, _matrix(INPUT, width)) + content(12, _matrix(OUTPUT, scores))
    opsets = content(8, content(1, "ai.onnx.ml") + number(2, 5)) + content(8, content(1, "") + number(2, 20))
    return number(1, IR_VERSION) + content(7, graph) + opsets


# Attributes, tensors and values by the numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx-ml.proto
def _whole(name: str, value: int) -> bytes:
    return content(1, name) + number(3, value) + number(20, 2)


def _wholes(name: str, values: NDArray[np.generic]) -> bytes:
    return content(1, name) + packed(8, values) + number(20, 7)


def _tensor(name: str, kind: int, values: NDArray[np.generic]) -> bytes:
    tensor = number(1, len(values)) + number(2, kind) + content(9, np.ascontiguousarray(values).tobytes())
    return content(1, name) + content(5, tensor) + number(20, 4)


def _matrix(name: str, width: int) -> bytes:
    """Return a matrix of float64 with any number of rows."""
    shape = content(1, b"") + content(1, number(1, width))
    return content(1, name) + content(2, content(1, number(1, DOUBLE) + content(2, shape)))


def _branches(tree: Tree, first_node: int, first_leaf: int) -> dict[str, NDArray[np.generic]]:
    """Return a tree's branches by ONNX' names. Nodes and leaves are counted apart there, over all trees."""
    leaf = tree.is_leaf
    if leaf[0]:  # one leaf and nothing else: a branch that leads to it either way
        both, yes, zero = np.array([first_leaf]), np.array([True]), np.array([0])
        return _named(zero, np.zeros(1), yes, both, both, yes, yes)
    branch = ~leaf
    place = np.where(leaf, np.cumsum(leaf) - 1 + first_leaf, np.cumsum(branch) - 1 + first_node)
    left, right = tree.left[branch], tree.right[branch]
    return _named(
        tree.feature[branch],
        tree.threshold[branch],
        tree.missing_left[branch],
        place[left],
        place[right],
        leaf[left],
        leaf[right],
    )


def _named(*arrays: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    names = (
        "nodes_featureids",
        "nodes_splits",
        "nodes_missing_value_tracks_true",
        "nodes_truenodeids",
        "nodes_falsenodeids",
        "nodes_trueleafs",
        "nodes_falseleafs",
    )
    return dict(zip(names, arrays, strict=True))


def _starts(counts: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(counts[:-1]).tolist()] if counts else []
