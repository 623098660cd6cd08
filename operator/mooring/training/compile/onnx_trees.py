"""Trees as an ONNX file: one node, `TreeEnsemble` of ai.onnx.ml 5, in float64 throughout, so that no split flips.

https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mooring.artifact.compiled.trees import INPUT, OUTPUT
from mooring.training.compile.nodes import Tree

IR_VERSION = 10
SUM = 1
BRANCH_LEQ = 0


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
    whole = {name: values.astype(int).tolist() for name, values in joined.items() if name != "nodes_splits"}
    targets = [leaf.target for leaf in leaves for _ in leaf.weights]
    node = helper.make_node(
        "TreeEnsemble",
        [INPUT],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=scores,
        aggregate_function=SUM,
        post_transform=0,
        tree_roots=first_nodes,
        nodes_modes=numpy_helper.from_array(np.full(len(joined["nodes_splits"]), BRANCH_LEQ, dtype=np.uint8)),
        nodes_splits=numpy_helper.from_array(joined["nodes_splits"].astype(np.float64)),
        leaf_targetids=targets,
        leaf_weights=numpy_helper.from_array(np.concatenate([leaf.weights for leaf in leaves])),
        **whole,
    )
    matrix = helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, width])
    answer = helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, scores])
    graph = helper.make_graph([node], "trees", [matrix], [answer])
    opsets = [helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("", 20)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return content


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
