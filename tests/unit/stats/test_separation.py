"""The area under the ROC curve and its interval, against definitions, simulations and repeated rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mooring.stats.bootstrap import Estimate
from mooring.stats.separation import separation


def of(scores: np.ndarray, positive: np.ndarray, groups: np.ndarray | None = None) -> Estimate:
    return separation(scores.astype(float), positive, np.arange(len(scores)) if groups is None else groups)


def test_it_is_the_share_of_pairs_in_the_right_order_and_ties_are_halves() -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 9, 300), random.random(300) < 0.3
    assert of(scores, positive).value == pytest.approx(roc_auc_score(positive, scores))


def test_the_variance_is_delongs_where_all_rows_differ() -> None:
    random = np.random.default_rng(2)
    positive = np.repeat([True, False], [80, 120])
    scores = random.normal(positive * 0.7, 1)
    x, y = scores[positive], scores[~positive]
    wins = (x[:, None] > y).astype(float)  # by definition, as a table of all pairs
    variance = wins.mean(axis=1).var(ddof=1) / len(x) + wins.mean(axis=0).var(ddof=1) / len(y)
    found = of(scores, positive)
    assert found.high is not None
    assert (found.high - found.value) / 1.96 == pytest.approx(np.sqrt(variance), rel=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random, held = np.random.default_rng(3), 0
    positive = np.repeat([True, False], [100, 150])
    truth = 0.6914624612740131  # of normals that are sqrt(2)/2 apart
    for _ in range(600):
        found = of(random.normal(positive * np.sqrt(0.5), 1), positive)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 600 <= 0.98


@pytest.mark.parametrize("copies", [1, 20])
def test_a_row_that_is_repeated_proves_no_more_than_once(copies: int) -> None:
    """Two samples of the same: how often is chance left out of the interval?"""
    random, missed = np.random.default_rng(4), 0
    for _ in range(400):
        scores = np.concatenate([np.repeat(random.normal(size=40), copies), random.normal(size=200)])
        positive = np.arange(len(scores)) < 40 * copies
        found = of(scores, positive, scores)
        missed += not found.low <= 0.5 <= found.high
    assert missed / 400 <= 0.08


def test_few_different_rows_that_both_samples_have_are_told_apart_by_chance_only() -> None:
    random, missed = np.random.default_rng(5), 0
    for _ in range(400):
        scores = random.integers(0, 8, 600).astype(float)
        found = of(scores, np.arange(600) < 300, scores)
        missed += not found.low <= 0.5 <= found.high
    assert missed / 400 <= 0.1


def test_without_rows_of_a_class_there_is_no_area_and_with_one_group_no_interval() -> None:
    assert np.isnan(of(np.arange(3), np.array([True] * 3)).value)
    assert of(np.zeros(4), np.array([True, False] * 2), np.zeros(4)) == Estimate(0.5, None, None)
