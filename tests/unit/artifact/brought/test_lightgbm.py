"""LightGBM's files, read without LightGBM, answer as LightGBM does, to the last digits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from mooring.artifact.brought.lightgbm import read_lightgbm
from mooring.artifact.errors import ModelRefused
from tests.unit.artifact.brought.models import boundary, brought, lightgbm_file, rows, signature, target
from tests.unit.artifact.brought.test_xgboost import task_of

KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "binary": ({"objective": "binary"}, "binary"),
    "a steeper sigmoid": ({"objective": "binary", "sigmoid": 2.5}, "binary"),
    "classes": ({"objective": "multiclass", "num_class": 3}, "three"),
    "numbers": ({"objective": "regression"}, "number"),
    "absolute error": ({"objective": "regression_l1"}, "number"),
    "huber": ({"objective": "huber"}, "number"),
    "quantile": ({"objective": "quantile", "alpha": 0.3}, "number"),
    "fair": ({"objective": "fair"}, "number"),
    "shares": ({"objective": "mape"}, "number"),
    "ranks": ({"objective": "lambdarank", "group": [300, 300]}, "binary ranks"),
    "other ranks": ({"objective": "rank_xendcg", "group": [300, 300]}, "binary ranks"),
    "sampled": ({"objective": "binary", "data_sample_strategy": "goss"}, "binary"),
    "poisson": ({"objective": "poisson"}, "positive"),
    "gamma": ({"objective": "gamma"}, "positive"),
    "tweedie": ({"objective": "tweedie"}, "positive"),
    "dart": ({"objective": "binary", "boosting": "dart", "drop_rate": 0.5}, "binary"),
    "a random forest": (
        {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        "binary",
    ),
    "no missing values": ({"objective": "regression", "use_missing": False}, "number"),
    "nothing to learn": ({"objective": "regression", "min_data_in_leaf": 500}, "number"),
}


@pytest.mark.parametrize(("parameters", "kind"), KINDS.values(), ids=KINDS)
def test_answers_are_those_of_the_library(tmp_path: Path, parameters: dict[str, Any], kind: str) -> None:
    text, task = lightgbm_file(parameters, target(kind)), task_of(kind)
    found = brought(tmp_path, "LightGBM", text.encode(), "model.txt", signature(task, classes=2 + (kind == "three")))
    booster = lightgbm.Booster(model_str=text)
    thresholds = [value for tree in read_lightgbm(text.encode()).trees for value in tree.threshold[~tree.is_leaf]]
    for table in (rows(seed=9), boundary(rows(seed=9), [*thresholds, 0.0])):
        answers, expected = found.model.ask(list(table.T)), np.asarray(booster.predict(table))
        if task == "Regression":
            np.testing.assert_allclose(answers.prediction, expected, rtol=1e-12, atol=1e-12)
        else:
            share = answers.probability[:, 1] if expected.ndim == 1 else answers.probability
            np.testing.assert_allclose(share, expected, rtol=0, atol=1e-12)


def test_missing_values_that_training_never_saw_go_where_zero_goes(tmp_path: Path) -> None:
    data = lightgbm.Dataset(rows(missing=0), target("number"))
    text = lightgbm.train({"verbosity": -1, "num_threads": 1}, data, 10).model_to_string()
    found = brought(tmp_path, "LightGBM", text.encode(), "model.txt", signature("Regression"))
    table = rows(seed=9, missing=0.4)
    expected = lightgbm.Booster(model_str=text).predict(table)
    np.testing.assert_allclose(found.model.ask(list(table.T)).prediction, expected, rtol=1e-12)


def test_names_with_spaces_are_the_records(tmp_path: Path) -> None:
    names = ["hours a week", "b", "c", "d", "e"]
    text = lightgbm_file(
        {"objective": "binary"}, target("binary"), feature_name=[name.replace(" ", "_") for name in names]
    )
    found = brought(tmp_path, "LightGBM", text.encode(), "model.txt", signature("BinaryClassification", names=names))
    assert [feature.name for feature in found.interface.features] == names


def trained(objective: str = "binary", **parameters: Any) -> str:
    return lightgbm_file({"objective": objective, **parameters}, target("binary"), rounds=3)


def with_line(key: str, value: str, tree: int = 1) -> str:
    """Return a model of which one line is another."""
    head, *blocks = trained().split("\nTree=")
    blocks[tree] = re.sub(rf"(?m)^{key}=.*$", f"{key}={value}", blocks[tree])
    return "\nTree=".join([head, *blocks])


WRONG = {
    "an objective": (lambda: trained("cross_entropy"), "objective cross_entropy is not served; these are: regression"),
    "one against all": (lambda: trained("multiclassova", num_class=2), "objective multiclassova is not served"),
    "roots": (lambda: trained("regression", reg_sqrt=True), "reg_sqrt is not served"),
    "linear leaves": (lambda: trained("regression", linear_tree=True), "its leaves are linear models"),
    "zeros as missing": (lambda: trained(zero_as_missing=True), "zeros are missing values to it"),
    "no objective": (lambda: re.sub(r"(?m)^objective=.*\n", "", trained()), "an objective of one's own is not served"),
    "cut off": (lambda: trained()[:2000], "it has no `end of trees`: the file is cut off"),
    "another file": (lambda: '{"a": 1}', "it does not begin with `tree`"),
    "a lost tree": (lambda: "tree\nobjective=binary\nmax_feature_idx=4\n", "0 trees do not fit 1 scores"),
    "leaves": (lambda: with_line("num_leaves", "3"), "tree 1: leaf_value has"),
    "words": (lambda: with_line("threshold", "a b"), "tree 1.threshold holds other things than numbers"),
    "halves": (lambda: with_line("split_feature", "0.5"), "tree 1.split_feature holds other things than whole numbers"),
    "a short list": (lambda: with_line("left_child", "1 2"), "tree 1: its lists are not of the"),
    "nothing": (lambda: with_line("leaf_value", ""), "tree 1: leaf_value has 0 numbers"),
    "huge": (lambda: with_line("split_feature", "9" * 30), "tree 1.split_feature holds other things"),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_these_are_refused_with_their_place(text: Any, sentence: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_lightgbm(text().encode())
    assert sentence in str(refused.value)


def test_splits_by_categories_are_refused() -> None:
    table = rows(missing=0)
    table[:, 3] += 3
    data = lightgbm.Dataset(table, target("binary"), categorical_feature=[3])
    settings = {"objective": "binary", "verbosity": -1, "min_data_per_group": 1, "cat_smooth": 0.1, "num_threads": 1}
    with pytest.raises(ModelRefused, match="it splits by categories"):
        read_lightgbm(lightgbm.train(settings, data, 20).model_to_string().encode())
