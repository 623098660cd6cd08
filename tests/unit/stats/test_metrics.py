import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mooring.stats.bootstrap import estimate, resamples
from mooring.stats.classification import BinaryMetrics, MulticlassMetrics
from mooring.stats.regression import RegressionMetrics

seeds = st.integers(0, 10_000)


def binary(seed: int, rows: int = 60):
    random = np.random.default_rng(seed)
    truth = random.random(rows) < 0.4
    truth[:2] = True, False
    probability = np.round(np.clip(random.normal(0.3 + 0.3 * truth, 0.25), 0, 1), 1)  # many ties, zeros and ones
    return truth, probability >= 0.5, probability


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_binary_metrics_with_weights_are_those_of_scikit_learn(seed):
    truth, said, probability = binary(seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(truth)).astype(float)
    weights[:2] = 1
    ours = {name: value[0] for name, value in BinaryMetrics(truth, said, probability)(weights[None]).items()}
    keyword = {"sample_weight": weights}
    assert ours == pytest.approx(
        {
            "accuracy": sk.accuracy_score(truth, said, **keyword),
            "precision": sk.precision_score(truth, said, zero_division=0, **keyword),
            "recall": sk.recall_score(truth, said, **keyword),
            "f1": sk.f1_score(truth, said, zero_division=0, **keyword),
            "roc_auc": sk.roc_auc_score(truth, probability, **keyword),
            "average_precision": sk.average_precision_score(truth, probability, **keyword),
            "log_loss": sk.log_loss(truth, probability, **keyword),
            "brier": sk.brier_score_loss(truth, probability, **keyword),
        },
        abs=1e-12,
    )


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_multiclass_metrics_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth = np.append(random.integers(0, 4, 80), [0, 1, 2, 3])
    probability = random.dirichlet([1, 1, 1, 1], len(truth))
    said = probability.argmax(axis=1)
    ours = {name: value[0] for name, value in MulticlassMetrics(truth, said, probability)(np.ones((1, 84))).items()}
    one_hot = truth[:, None] == np.arange(4)
    assert ours == pytest.approx(
        {
            "accuracy": sk.accuracy_score(truth, said),
            "precision": sk.precision_score(truth, said, average="macro", zero_division=0),
            "recall": sk.recall_score(truth, said, average="macro"),
            "f1": sk.f1_score(truth, said, average="macro", zero_division=0),
            "roc_auc": sk.roc_auc_score(truth, probability, multi_class="ovr"),
            "average_precision": sk.average_precision_score(one_hot, probability, average="macro"),
            "log_loss": sk.log_loss(truth, probability),
            "brier": sk.brier_score_loss(truth, probability),
        },
        abs=1e-12,
    )


@given(seeds, st.sampled_from([0.0, 1e6]))
@settings(max_examples=20, deadline=None)
def test_regression_metrics_with_weights_are_those_of_scikit_learn(seed, offset):
    random = np.random.default_rng(seed)
    truth = random.normal(offset, 3, 50)
    said = truth + random.normal(0, 1, 50)
    weights = random.integers(0, 3, 50).astype(float)
    ours = {name: value[0] for name, value in RegressionMetrics(truth, said)(weights[None]).items()}
    assert ours == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(truth, said, sample_weight=weights),
            "mae": sk.mean_absolute_error(truth, said, sample_weight=weights),
            "r2": sk.r2_score(truth, said, sample_weight=weights),
        },
        rel=1e-6,
    )


def test_a_metric_that_the_rows_do_not_define_is_nan_and_has_no_interval():
    truth, said, probability = np.ones(30, bool), np.ones(30, bool), np.linspace(0, 1, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(BinaryMetrics(truth, said, probability), 30, seed=0)
        constant = estimate(RegressionMetrics(np.ones(30), probability), 30, seed=0)
    assert np.isnan(found["roc_auc"].value)
    assert found["roc_auc"].low is None
    assert found["accuracy"].value == 1
    assert np.isnan(constant["r2"].value)


def test_resamples_draw_as_many_rows_as_there_are_and_follow_from_the_seed():
    blocks = list(resamples(50, 7, seed=3))
    assert np.concatenate(blocks).sum(axis=1).tolist() == [50] * 7
    assert np.array_equal(np.concatenate(blocks), np.concatenate(list(resamples(50, 7, seed=3))))
    assert not np.array_equal(np.concatenate(blocks), np.concatenate(list(resamples(50, 7, seed=4))))


def test_the_interval_of_a_mean_is_as_wide_as_theory_says():
    """For n rows with share p the standard error is sqrt(p(1-p)/n)."""
    truth = np.arange(4000) % 5 == 0
    found = estimate(BinaryMetrics(truth, truth ^ truth, truth * 0.5), 4000, seed=1)["accuracy"]
    width = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 4000)
    assert found.low < 0.8 < found.high
    assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """100 samples of normal scores, whose true AUC is Phi(1/sqrt 2) = 0.7602."""
    held = 0
    for seed in range(100):
        truth = np.arange(300) % 2 == 0
        scores = np.random.default_rng(seed).normal(truth * 1.0)
        found = estimate(BinaryMetrics(truth, scores > 0.5, np.clip(scores / 10 + 0.5, 0, 1)), 300, seed=seed)
        held += found["roc_auc"].low <= 0.7602 <= found["roc_auc"].high
    assert 88 <= held <= 99
