"""XGBoost's files, read without XGBoost, answer as XGBoost does: also at thresholds, where float32 decides."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from mooring.api.trainingjob import Task
from mooring.artifact.brought.xgboost import read_xgboost
from mooring.artifact.errors import ModelRefused
from tests.unit.artifact.brought.models import Floats, boundary, brought, rows, signature, target, xgboost_file

KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "binary": ({"objective": "binary:logistic"}, "binary"),
    "a base score of one's own": ({"objective": "binary:logistic", "base_score": 0.2}, "binary"),
    "classes": ({"objective": "multi:softprob", "num_class": 3}, "three"),
    "hard classes": ({"objective": "multi:softmax", "num_class": 3}, "three"),
    "numbers": ({"objective": "reg:squarederror"}, "number"),
    "absolute error": ({"objective": "reg:absoluteerror"}, "number"),
    "quantile": ({"objective": "reg:quantileerror", "quantile_alpha": 0.7}, "number"),
    "huber": ({"objective": "reg:pseudohubererror"}, "number"),
    "logarithms": ({"objective": "reg:squaredlogerror"}, "positive"),
    "ranks": ({"objective": "rank:ndcg", "group": [300, 300]}, "binary ranks"),
    "pairs": ({"objective": "rank:pairwise", "group": [300, 300]}, "binary ranks"),
    "means of ranks": ({"objective": "rank:map", "group": [300, 300]}, "binary ranks"),
    "counts": ({"objective": "count:poisson"}, "positive"),
    "gamma": ({"objective": "reg:gamma"}, "positive"),
    "tweedie": ({"objective": "reg:tweedie"}, "positive"),
    "dart": ({"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5}, "binary"),
    "a random forest": (
        {"objective": "binary:logistic", "num_parallel_tree": 5, "subsample": 0.7, "learning_rate": 1.0},
        "binary",
    ),
    "pruned": ({"objective": "reg:squarederror", "gamma": 20.0, "tree_method": "exact"}, "number"),
    "leaf-wise": ({"objective": "reg:squarederror", "grow_policy": "lossguide", "max_leaves": 31}, "number"),
}


def task_of(kind: str) -> Task:
    return {"binary": "BinaryClassification", "three": "MulticlassClassification"}.get(kind, "Regression")  # type: ignore[return-value]


def library(content: bytes, table: Floats) -> Floats:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    found = np.asarray(booster.predict(xgboost.DMatrix(table)), dtype=np.float64)
    return found


def thresholds(content: bytes) -> list[float]:
    return [value for tree in read_xgboost(content).trees for value in tree.threshold[~tree.is_leaf]]


@pytest.mark.parametrize("form", ["json", "ubj"])
@pytest.mark.parametrize(("parameters", "kind"), KINDS.values(), ids=KINDS)
def test_answers_are_those_of_the_library(tmp_path: Path, parameters: dict[str, Any], kind: str, form: str) -> None:
    content = xgboost_file(parameters, target(kind), form=form)
    task = task_of(kind)
    found = brought(tmp_path, "XGBoost", content, f"model.{form}", signature(task, classes=2 + (kind == "three")))
    for table in (rows(seed=9), boundary(rows(seed=9), thresholds(content))):
        answers, expected = found.model.ask(list(table.T)), library(content, table)
        if task == "Regression":
            np.testing.assert_allclose(answers.prediction, expected, rtol=1e-5, atol=1e-5)
        elif parameters["objective"] == "multi:softmax":
            assert (answers.codes == expected).mean() > 0.999
        else:
            share = answers.probability[:, 1] if expected.ndim == 1 else answers.probability
            np.testing.assert_allclose(share, expected, rtol=0, atol=1e-5)


def test_after_early_stopping_the_best_iteration_answers(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=60, max_depth=4, learning_rate=1.0, early_stopping_rounds=5)
    table, labels = rows(), target("binary")
    model.fit(table, labels, eval_set=[(rows(seed=5), labels)], verbose=False)
    model.save_model(tmp_path / "model.json")
    found = brought(
        tmp_path, "XGBoost", (tmp_path / "model.json").read_bytes(), "model.json", signature("BinaryClassification")
    )
    np.testing.assert_allclose(
        found.model.ask(list(table.T)).probability, model.predict_proba(table), rtol=0, atol=1e-5
    )


BINARY = {"objective": "binary:logistic"}


@functools.cache
def small() -> bytes:
    return xgboost_file(BINARY, target("binary"), rounds=2)


def damaged(**changed: Any) -> bytes:
    """Return a model whose fields at these paths (`__` between steps) are other ones."""
    model = json.loads(small())
    for path, value in changed.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        holder = model["learner"]
        for step in steps:
            holder = holder[step]
        holder[last] = value
    return json.dumps(model).encode()


TREE = "gradient_booster__model__trees__1"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "objective": (
        {"objective__name": "survival:aft"},
        "objective survival:aft is not served; these are: reg:squarederror",
    ),
    "booster": ({"gradient_booster__name": "gblinear"}, "booster 'gblinear' is not served; gbtree and dart are"),
    "targets": ({"learner_model_param__num_target": "2"}, "it predicts several targets"),
    "features": ({"learner_model_param__num_feature": "many"}, "num_feature is 'many'; expected a whole number"),
    "base score": ({"learner_model_param__base_score": "half"}, "base_score is 'half'; expected numbers"),
    "impossible base score": ({"learner_model_param__base_score": "1E0"}, "which binary:logistic cannot start at"),
    "categories": ({f"{TREE}__split_type": [1]}, "tree 1: it splits by categories; train with"),
    "vector leaves": ({f"{TREE}__tree_param__size_leaf_vector": "3"}, "tree 1: its leaves are vectors"),
    "a circle": ({f"{TREE}__left_children__0": 0}, "tree 1: two nodes lead to the same one"),
    "a diamond": ({f"{TREE}__right_children__0": 1}, "tree 1: two nodes lead to the same one"),
    "a node beyond": ({f"{TREE}__left_children__0": 10**6}, "tree 1: a node leads to one that there is not"),
    "a feature beyond": (
        {f"{TREE}__split_indices__0": 5},
        "tree 1: it splits by a feature that there is not among the 5",
    ),
    "no nodes": ({f"{TREE}__left_children": []}, "tree 1: its lists of nodes are empty or of different lengths"),
    "text": ({f"{TREE}__split_conditions__0": "1"}, "tree 1.split_conditions holds other things than numbers"),
    "a list in a list": ({f"{TREE}__split_indices__0": [1]}, "tree 1.split_indices"),
    "an infinite leaf": ({f"{TREE}__split_conditions": [float("inf")] * 99}, "tree 1"),
    "a lost list": ({f"{TREE}__default_left": None}, "tree 1.default_left is missing; expected a list of numbers"),
    "a class beyond": ({"gradient_booster__model__tree_info": [0, 7]}, "tree_info does not fit the trees"),
    "trees": ({"gradient_booster__model__trees": {}}, "the booster.trees is dict; expected a list"),
    "names": ({"feature_names": ["a"]}, "learner.feature_names has 1 names for 5 features"),
}


@pytest.mark.parametrize(("changed", "sentence"), WRONG.values(), ids=WRONG)
def test_these_are_refused_with_their_place(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_xgboost(damaged(**changed))
    assert sentence in str(refused.value)


def test_splits_by_categories_of_the_real_library_are_refused() -> None:
    table = rows(missing=0)
    table[:, 3] += 3
    data = xgboost.DMatrix(table, target("binary"), feature_types=["q", "q", "q", "c", "q"], enable_categorical=True)
    content = bytes(xgboost.train({"max_depth": 3, **BINARY}, data, 5).save_raw("json"))
    with pytest.raises(ModelRefused, match="it splits by categories"):
        read_xgboost(content)


def test_a_tree_too_deep_is_refused() -> None:
    size = 2 * 3000 + 1
    left, right = [-1] * size, [-1] * size
    for level in range(3000):
        left[2 * level], right[2 * level] = 2 * level + 2, 2 * level + 1
    part = {"left_children": left, "right_children": right, "split_type": [0] * size}
    part |= {name: [0] * size for name in ("split_conditions", "split_indices", "default_left")}
    with pytest.raises(ModelRefused, match="deeper than"):
        read_xgboost(damaged(gradient_booster__model__trees=[part, part]))


def test_the_old_binary_format_is_named() -> None:
    with pytest.raises(ModelRefused, match="save_model"):
        read_xgboost(b"binf\x00\x00")
