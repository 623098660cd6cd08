"""What the figures of probabilities rest on: what is lost, and changes that leave labels as right as they were."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from bench.drifting.probabilities import CHANGES, Answers

RIGHT, HALF, FLIPPED = CHANGES.values()


def answers(rows: int = 4000) -> Answers:
    random = np.random.default_rng(0)
    said = random.uniform(0.02, 0.98, rows)
    return Answers(said, random.random(rows) < np.maximum(said, 1 - said))


def test_losses_are_scikit_learns():
    found = answers()
    assert found.losses("brier").mean() == pytest.approx(brier_score_loss(found.outcomes, found.said))
    assert found.losses("log_loss").mean() == pytest.approx(log_loss(found.outcomes, found.said))
    assert found.losses("zero_one").mean() == (found.labels != found.outcomes).mean()


def test_labels_stay_as_right_and_probabilities_mean_less():
    found = answers()
    for change, worse in ((RIGHT, 0.03), (HALF, 0.01)):
        after = Answers(found.said, change(found, np.random.default_rng(1)))
        assert after.right.sum() == found.right.sum()
        assert after.losses("brier").mean() > found.losses("brier").mean() + worse


def test_a_tenth_of_the_truths_is_another():
    found = answers()
    assert (FLIPPED(found, np.random.default_rng(1)) != found.right).mean() == pytest.approx(0.1, abs=0.02)
