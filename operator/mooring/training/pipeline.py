"""One scikit-learn Pipeline: preprocessing by column type, then the estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import ensemble, linear_model
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from mooring.api.estimators import Value
from mooring.artifact.manifest import Feature

ONE_HOT_CATEGORIES = 100
TREE_CATEGORIES = 1000
"""Rarer categories than so many most frequent ones are encoded together."""
DENSE_WIDTH = 128
"""One-hot columns beyond this many are kept sparse."""

LINEAR = ("LogisticRegression", "LinearRegression", "Ridge")
MISSING_IS_FINE = (
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "HistGradientBoostingClassifier",
    "RandomForestRegressor",
    "ExtraTreesRegressor",
    "HistGradientBoostingRegressor",
)


def estimator_class(name: str) -> Any:
    """Return scikit-learn's class of an estimator of the allow-list."""
    return getattr(linear_model, name, None) or getattr(ensemble, name)


def build(
    estimator: str, parameters: Mapping[str, Value], features: Sequence[Feature], *, seed: int, jobs: int
) -> Pipeline:
    """Return the unfitted Pipeline. Its input is `mooring.artifact.frame.to_frame`'s."""
    texts = [feature for feature in features if feature.datatype == "BYTES"]
    numbers = [feature.name for feature in features if feature.datatype != "BYTES"]
    steps = [
        ("categories", _category_encoder(estimator, texts), [feature.name for feature in texts]),
        ("numbers", _number_steps(estimator), numbers),
    ]
    preprocess = ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.5)
    return Pipeline([("preprocess", preprocess), ("estimator", _estimator(estimator, parameters, seed, jobs))])


def for_serving(pipeline: Pipeline) -> Pipeline:
    """Return the fitted pipeline with one thread: forests that add up trees in threads round differently each time."""
    estimator = pipeline.named_steps["estimator"]
    if "n_jobs" in estimator.get_params():
        estimator.set_params(n_jobs=None)
    return pipeline


def _estimator(name: str, parameters: Mapping[str, Value], seed: int, jobs: int) -> Any:
    chosen = estimator_class(name)
    fixed: dict[str, object] = {}
    known = chosen().get_params()
    if "random_state" in known:
        fixed["random_state"] = seed
    if "n_jobs" in known and name not in LINEAR:
        fixed["n_jobs"] = jobs
    return chosen(**parameters, **fixed)


def _category_encoder(name: str, texts: Sequence[Feature]) -> Any:
    """Return the encoder of text columns: one-hot for linear models, numbers by sorted category for trees.

    A category that training did not see becomes all zeros, or -1. Histogram boosting's own categorical splits are not
    used: the model would hold a functools.partial, which no loader should trust.
    """
    if name in LINEAR:
        width = sum(min(len(text.categories or ()) or ONE_HOT_CATEGORIES, ONE_HOT_CATEGORIES) for text in texts)
        return OneHotEncoder(
            handle_unknown="ignore", max_categories=ONE_HOT_CATEGORIES, sparse_output=width > DENSE_WIDTH
        )
    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, max_categories=TREE_CATEGORIES, dtype=np.float64
    )


def _number_steps(name: str) -> Any:
    if name in LINEAR:
        return make_pipeline(_imputer(), StandardScaler())
    return "passthrough" if name in MISSING_IS_FINE else _imputer()


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
