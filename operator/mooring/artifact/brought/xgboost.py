"""XGBoost's models, JSON or UBJSON, without XGBoost.

https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html describes the files. XGBoost rounds features to
float32 and goes left where feature < threshold; thresholds are float32, so that is feature <= the next smaller float32.
It sums leaves in float32, we in float64: answers differ by what that loses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mooring.artifact.brought.ensemble import NODES_LIMIT, Ensemble, Nodes, checked_tree
from mooring.artifact.brought.numbers import counted, field, floats, wholes
from mooring.artifact.brought.ubjson import read_ubjson
from mooring.artifact.compiled.table import Link
from mooring.artifact.compiled.tree import Tree
from mooring.artifact.errors import ModelRefused

_REGRESSION = (
    "reg:squarederror",
    "reg:linear",
    "reg:squaredlogerror",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:quantileerror",
    "rank:ndcg",
    "rank:pairwise",
    "rank:map",
)
_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(_REGRESSION, "Identity"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "Exp"),
    "binary:logistic": "Logistic",
    "multi:softprob": "Softmax",
    "multi:softmax": "Softmax",
}


def read_xgboost(content: bytes) -> Ensemble:
    """Return the trees of a model file; raises ModelRefused."""
    learner = field(_parsed(content), "learner", dict, "the model")
    parameters = field(learner, "learner_model_param", dict, "learner")
    objective = str(field(field(learner, "objective", dict, "learner"), "name", str, "learner.objective"))
    if objective not in _LINKS:
        raise ModelRefused(f"objective {objective[:40]} is not served; these are: {', '.join(_LINKS)}")
    if counted(parameters, "num_target", "learner.learner_model_param", default=1) > 1:
        raise ModelRefused("it predicts several targets; Mooring serves models of one")
    width = counted(parameters, "num_feature", "learner.learner_model_param")
    scores = max(1, counted(parameters, "num_class", "learner.learner_model_param", default=0))
    model, weights = _booster(field(learner, "gradient_booster", dict, "learner"))
    targets = wholes(model.get("tree_info"), "tree_info")
    kept = _kept(learner, model, len(targets), scores)
    trees = _trees(field(model, "trees", list, "the booster")[:kept], width, weights)
    if not trees or len(trees) != min(kept, len(targets)) or ((targets < 0) | (targets >= scores)).any():
        raise ModelRefused(f"tree_info does not fit the trees: {len(trees)} of them, {len(targets)} entries")
    return Ensemble(
        kind=f"XGBoost {objective}",
        trees=trees,
        targets=targets[:kept].tolist(),
        baseline=_baseline(parameters, objective, scores),
        width=width,
        link=_LINKS[objective],
        single=True,
        names=_names(learner, width),
    )


def _parsed(content: bytes) -> dict[str, Any]:
    if content[:4] == b"binf" or content[:1] not in (b"{", b" ", b"\n"):
        raise ModelRefused("this is neither JSON nor UBJSON; write it with XGBoost's save_model('model.json')")
    try:
        # In JSON a quote or the end follows the brace, or space.
        found = json.loads(content) if content[1:2] in b' \n\r\t"}' else read_ubjson(content)
    except (ValueError, RecursionError) as error:
        raise ModelRefused(f"the JSON cannot be read: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise ModelRefused("the model is no object")
    return found


def _booster(booster: dict[str, Any]) -> tuple[dict[str, Any], Sequence[float] | None]:
    """Return the trees' part, and of a dart booster the weights of its trees."""
    name = booster.get("name")
    if name == "dart":
        inner = field(booster, "gbtree", dict, "gradient_booster")
        weights = floats(booster.get("weight_drop"), "gradient_booster.weight_drop")
        return field(inner, "model", dict, "gradient_booster.gbtree"), weights.tolist()
    if name != "gbtree":
        raise ModelRefused(f"booster {str(name)[:40]!r} is not served; gbtree and dart are")
    return field(booster, "model", dict, "gradient_booster"), None


def _kept(learner: dict[str, Any], model: dict[str, Any], trees: int, scores: int) -> int:
    """Return how many trees count: after early stopping those up to the best iteration, as XGBClassifier has it."""
    attributes = learner.get("attributes")
    if not isinstance(attributes, dict) or "best_iteration" not in attributes:
        return trees
    best = counted(attributes, "best_iteration", "learner.attributes") + 1
    parameters = field(model, "gbtree_model_param", dict, "the booster")
    return best * scores * counted(parameters, "num_parallel_tree", "gbtree_model_param", default=1)


def _trees(raw: list[Any], width: int, weights: Sequence[float] | None) -> list[Tree]:
    if weights is not None and len(weights) < len(raw):
        raise ModelRefused(f"gradient_booster.weight_drop has {len(weights)} weights for {len(raw)} trees")
    trees, total = [], 0
    for number, tree in enumerate(raw):
        where = f"tree {number}"
        if not isinstance(tree, dict):
            raise ModelRefused(f"{where} is no object")
        nodes = _nodes(tree, where, 1.0 if weights is None else weights[number])
        total += len(nodes.left)
        if total > NODES_LIMIT:
            raise ModelRefused(f"{where}: the trees have more than {NODES_LIMIT} nodes")
        trees.append(checked_tree(nodes, width, where))
    return trees


def _nodes(tree: dict[str, Any], where: str, weight: float) -> Nodes:
    kinds = tree.get("split_type")
    if kinds is not None and wholes(kinds, f"{where}.split_type").any():
        raise ModelRefused(f"{where}: it splits by categories; train with enable_categorical=False on codes or one-hot")
    parameters = tree.get("tree_param")
    if isinstance(parameters, dict) and counted(parameters, "size_leaf_vector", where, default=1) > 1:
        raise ModelRefused(f"{where}: its leaves are vectors; train with multi_strategy='one_output_per_tree'")
    conditions = floats(tree.get("split_conditions"), f"{where}.split_conditions")
    with np.errstate(over="ignore"):
        thresholds = np.nextafter(conditions.astype(np.float32), np.float32(-np.inf))
    return Nodes(
        feature=wholes(tree.get("split_indices"), f"{where}.split_indices"),
        threshold=thresholds.astype(np.float64),
        left=wholes(tree.get("left_children"), f"{where}.left_children"),
        right=wholes(tree.get("right_children"), f"{where}.right_children"),
        missing_left=wholes(tree.get("default_left"), f"{where}.default_left") != 0,
        value=conditions * weight,
    )


def _baseline(parameters: dict[str, Any], objective: str, scores: int) -> list[float]:
    """Return the base scores, which the file has as answers, as what trees add to."""
    text = str(parameters.get("base_score", "0.5")).strip("[] ")
    try:
        given = [float(part) for part in text.split(",")]
        found = [_margin(value, objective) for value in given]
    except ValueError:
        raise ModelRefused(f"learner.learner_model_param.base_score is {text[:40]!r}; expected numbers") from None
    if len(found) not in (1, scores) or not np.isfinite(found).all():
        raise ModelRefused(
            f"learner.learner_model_param.base_score is {text[:40]!r}, which {objective} cannot start at"
        )
    return found * scores if len(found) == 1 else found


def _margin(value: float, objective: str) -> float:
    link = _LINKS[objective]
    if link == "Logistic":
        return math.log(value / (1.0 - value)) if 0 < value < 1 else math.nan
    if link == "Exp":
        return math.log(value) if value > 0 else math.nan
    return value


def _names(learner: dict[str, Any], width: int) -> list[str] | None:
    names = learner.get("feature_names")
    if not isinstance(names, list) or not names:
        return None
    if len(names) != width or not all(isinstance(name, str) for name in names):
        raise ModelRefused(f"learner.feature_names has {len(names)} names for {width} features")
    return names
