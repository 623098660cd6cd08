"""LightGBM's models, its text files, without LightGBM.

The format is that of `Booster.save_model` (https://lightgbm.readthedocs.io): lines of `key=value`, a block a tree.
LightGBM goes left where feature <= threshold, in float64, and so do we. A child below zero is leaf -child - 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mooring.artifact.brought.ensemble import NODES_LIMIT, Ensemble, Floats, Ints, Nodes, checked_tree
from mooring.artifact.brought.numbers import counted
from mooring.artifact.compiled.table import Link
from mooring.artifact.compiled.tree import Tree
from mooring.artifact.errors import ModelRefused

_REGRESSION = ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg")
_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(_REGRESSION, "Identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "Exp"),
    "binary": "Logistic",
    "multiclass": "Softmax",
}
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_ZERO, _MISSING_NAN = 1, 2
_ZERO = float(np.float32(1e-35))
"""Features of no greater magnitude are zeros to LightGBM."""

Lines = dict[str, str]


def read_lightgbm(content: bytes) -> Ensemble:
    """Return the trees of a model file; raises ModelRefused."""
    head, blocks = _split(content)
    objective, *options = head.get("objective", "").split() or [""]
    link = _link(objective, options)
    scores = counted(head, "num_tree_per_iteration", "the head", default=1)
    width = counted(head, "max_feature_idx", "the head") + 1
    if not 1 <= scores <= 4096 or not blocks or len(blocks) % scores:
        raise ModelRefused(f"{len(blocks)} trees do not fit {scores} scores")
    factor = _sigmoid(options) if link == "Logistic" else 1.0
    trees, total = [], 0
    for number, lines in enumerate(blocks):
        tree = _tree(lines, width, f"tree {number}", factor)
        total += len(tree.left)
        if total > NODES_LIMIT:
            raise ModelRefused(f"tree {number}: the trees have more than {NODES_LIMIT} nodes")
        trees.append(tree)
    return Ensemble(
        kind=f"LightGBM {objective}",
        trees=trees,
        targets=[number % scores for number in range(len(trees))],
        baseline=[0.0] * scores,
        width=width,
        link=link,
        single=False,
        names=_names(head, width),
        # Of a random forest, which gives the mean.
        divisor=float(len(trees) // scores) if "average_output" in head else 1.0,
    )


def _split(content: bytes) -> tuple[Lines, list[Lines]]:
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ModelRefused(f"byte {error.start} is no UTF-8: this is no LightGBM text file") from None
    head, *rest = text.split("\nTree=")
    if not head.startswith("tree\n"):
        raise ModelRefused("it does not begin with `tree`: write it with LightGBM's booster.save_model('model.txt')")
    if rest:
        rest[-1], end, _ = rest[-1].partition("\nend of trees")
        if not end:
            raise ModelRefused("it has no `end of trees`: the file is cut off")
    return _lines(head), [_lines(block) for block in rest]


def _lines(block: str) -> Lines:
    parts = (line.partition("=") for line in block.split("\n"))
    return {key: value for key, _, value in parts}


def _link(objective: str, options: list[str]) -> Link:
    if objective not in _LINKS:
        what = f"objective {objective[:40]}" if objective else "a model of an objective of one's own"
        raise ModelRefused(f"{what} is not served; these are: {', '.join(_LINKS)}")
    if "sqrt" in options:
        raise ModelRefused("reg_sqrt is not served; train without it")
    return _LINKS[objective]


def _sigmoid(options: list[str]) -> float:
    for option in options:
        name, _, value = option.partition(":")
        if name != "sigmoid":
            continue
        numbers = _numbers(value, "the head.objective")
        if len(numbers) != 1:
            raise ModelRefused(f"the head.objective gives {len(numbers)} numbers as sigmoid; expected one")
        return float(numbers[0])
    return 1.0


def _tree(lines: Lines, width: int, where: str, factor: float) -> Tree:
    if counted(lines, "num_cat", where, default=0):
        raise ModelRefused(f"{where}: it splits by categories; train on codes or one-hot columns, as numbers")
    if counted(lines, "is_linear", where, default=0):
        raise ModelRefused(f"{where}: its leaves are linear models; train with linear_tree=false")
    values = _numbers(lines.get("leaf_value", ""), f"{where}.leaf_value") * factor
    leaves = counted(lines, "num_leaves", where)
    if len(values) != leaves:
        raise ModelRefused(f"{where}: leaf_value has {len(values)} numbers for {leaves} leaves")
    if leaves == 1:
        return checked_tree(_branches({}, values, where), width, where)
    return checked_tree(_branches(lines, values, where), width, where)


def _branches(lines: Lines, values: Floats, where: str) -> Nodes:
    """Return the branches, and after them the leaves."""
    read = {name: _wholes(lines.get(name, ""), f"{where}.{name}") for name in ("split_feature", "decision_type")}
    children = {name: _wholes(lines.get(name, ""), f"{where}.{name}") for name in ("left_child", "right_child")}
    thresholds = _numbers(lines.get("threshold", ""), f"{where}.threshold")
    count = len(values) - 1
    if {len(part) for part in (*read.values(), *children.values(), thresholds)} != {count}:
        raise ModelRefused(f"{where}: its lists are not of the {count} branches that {len(values)} leaves have")
    none, zeros = np.full(len(values), -1), np.zeros(len(values))
    left, right = (np.where(part < 0, count - 1 - part, part) for part in children.values())
    return Nodes(
        feature=np.concatenate([read["split_feature"], none]),
        threshold=np.concatenate([_around_zero(thresholds), zeros]),
        left=np.concatenate([left, none]),
        right=np.concatenate([right, none]),
        missing_left=np.concatenate([_missing_left(read["decision_type"], thresholds, where), zeros != 0]),
        value=np.concatenate([np.zeros(count), values]),
    )


def _around_zero(thresholds: Floats) -> Floats:
    """Return thresholds by which every feature that counts as zero goes where zero goes."""
    below, above = (thresholds >= -_ZERO) & (thresholds < 0), (thresholds >= 0) & (thresholds < _ZERO)
    return np.where(below, np.nextafter(-_ZERO, -np.inf), np.where(above, _ZERO, thresholds))


def _missing_left(decisions: Ints, thresholds: Floats, where: str) -> NDArray[np.bool_]:
    """Return where NaN goes: where the flag says, or, where training saw none, where 0 goes."""
    kind = decisions >> 2 & 3
    if (decisions & _CATEGORICAL).any():
        raise ModelRefused(f"{where}: it splits by categories; train on codes or one-hot columns, as numbers")
    if (kind == _MISSING_ZERO).any():
        raise ModelRefused(f"{where}: zeros are missing values to it; train with zero_as_missing=false")
    return np.where(kind == _MISSING_NAN, decisions & _DEFAULT_LEFT != 0, thresholds >= 0)


def _names(head: Lines, width: int) -> list[str] | None:
    names = head.get("feature_names", "").split(" ")
    if names == [f"Column_{index}" for index in range(width)]:
        return None  # made up by LightGBM: it was trained without
    if len(names) != width:
        raise ModelRefused(f"feature_names has {len(names)} names for {width} features")
    return names


def _numbers(text: str, where: str) -> Floats:
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError:
        raise ModelRefused(f"{where} holds other things than numbers") from None


def _wholes(text: str, where: str) -> Ints:
    try:
        return np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise ModelRefused(f"{where} holds other things than whole numbers") from None
