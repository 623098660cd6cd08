"""Metrics of truths are those of scikit-learn on the same rows, as far as bins tell."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, roc_auc_score

from mooring.stats.drift import Counted, Losses, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.losses import middles_of
from mooring.stats.drift.metrics import metrics

LOSS_EDGES = (0.5, 1.0, 2.0, 4.0)
EDGES = (0.25, 0.5, 0.75)
BINARY = Predictions(4, 2, edges=EDGES, positive=1)
THREE = Predictions(4, 3, edges=EDGES)
NUMBER = Predictions(3, 1, edges=(10.0, 20.0), loss_edges=LOSS_EDGES, error_q90=3.0)
EVEN = (1.0,) * 4


def named(
    answers: Predictions, joins: list[tuple[int, int, int]], weights: tuple[float, ...] = EVEN
) -> dict[str, float]:
    return {metric.name: metric.value for metric in metrics(answers, joins, weights)}


class Rows:
    """Rows of a binary classification with scores in four bins."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.bin = random.integers(0, 4, 500)
        self.score = np.array(middles_of((0.0, *EDGES, 1.0)))[self.bin]
        self.said = (self.bin >= 2).astype(int)
        self.truth = (random.random(500) < self.score).astype(int)

    @property
    def joins(self) -> list[tuple[int, int, int]]:
        counts = Counter(zip((self.bin * 2 + self.said).tolist(), self.truth.tolist(), strict=True))
        return [(stratum, outcome, count) for (stratum, outcome), count in counts.items()]


def test_those_of_two_classes_are_scikit_learns_on_the_middles_of_bins() -> None:
    rows = Rows()
    assert named(BINARY, rows.joins) == pytest.approx(
        {
            "accuracy": accuracy_score(rows.truth, rows.said),
            "f1": f1_score(rows.truth, rows.said),
            "roc_auc_binned": roc_auc_score(rows.truth, rows.score),
            "log_loss_binned": log_loss(rows.truth, rows.score),
            "brier_binned": brier_score_loss(rows.truth, rows.score),
        }
    )
    assert {metric.rows for metric in metrics(BINARY, rows.joins, EVEN)} == {500}


def test_weights_make_the_labelled_stand_for_all() -> None:
    rows, weights = Rows(), (1.0, 0.2, 3.0, 0.0)
    of_rows = np.array(weights)[rows.bin]
    found = named(BINARY, rows.joins, weights)
    assert found["f1"] == pytest.approx(f1_score(rows.truth, rows.said, sample_weight=of_rows))
    assert found["roc_auc_binned"] == pytest.approx(roc_auc_score(rows.truth, rows.score, sample_weight=of_rows))


def test_the_positive_class_may_be_the_first() -> None:
    rows = Rows()
    found = named(Predictions(4, 2, edges=EDGES, positive=0), rows.joins)
    assert found["f1"] == pytest.approx(f1_score(rows.truth, rows.said, pos_label=0))
    assert found["roc_auc_binned"] == pytest.approx(roc_auc_score(1 - rows.truth, rows.score))


def test_those_of_three_classes_are_accuracy_and_the_mean_f1() -> None:
    random = np.random.default_rng(0)
    said, truth = random.integers(0, 3, 200), random.integers(0, 3, 200)
    counts = Counter(zip((random.integers(0, 4, 200) * 3 + said).tolist(), truth.tolist(), strict=True))
    found = named(THREE, [(*pair, count) for pair, count in counts.items()])
    assert found == pytest.approx({"accuracy": (said == truth).mean(), "f1": f1_score(truth, said, average="macro")})


def test_a_regression_has_its_mean_error_in_its_own_unit() -> None:
    """Ten errors of about 0.25 and 1.5 times q90, and one beyond the last edge, which counts as four times."""
    assert named(NUMBER, [(0, 0, 10), (2, 2, 10), (1, 4, 1)]) == pytest.approx(
        {"mae_binned": 3.0 * (10 * 0.25 + 10 * 1.5 + 4.0) / 21}
    )


def test_what_is_not_known_is_left_out() -> None:
    one_class = [(0, 0, 30), (1, 0, 10)]
    assert set(named(BINARY, one_class)) == {"accuracy", "f1", "log_loss_binned", "brier_binned"}
    assert named(Predictions(4, 2), Rows().joins).keys() == {"accuracy"}
    assert named(Predictions(3, 1, loss_edges=LOSS_EDGES), [(0, 1, 5)]) == {}
    assert named(BINARY, []) == {}
    assert named(BINARY, Rows().joins, (0.0,) * 4) == {}


@given(
    st.sampled_from([BINARY, THREE, NUMBER]),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 500)), max_size=20),
)
def test_told_twice_is_told_once(answers: Predictions, joins: list[tuple[int, int, int]]) -> None:
    once, twice = metrics(answers, joins, EVEN), metrics(answers, [*joins, *joins], EVEN)
    assert [metric.value for metric in twice] == pytest.approx([metric.value for metric in once])
    assert [metric.rows for metric in twice] == [2 * metric.rows for metric in once]
    assert all(0 <= metric.value <= 1 for metric in once if metric.name in ("accuracy", "f1", "roc_auc_binned"))


def test_settled_truths_come_with_their_metrics() -> None:
    rows = Rows()
    watch = Watch(Reference((), BINARY, Losses(5000, 1000)), Settings(min_rows=500, mature_after_seconds=0))
    cells = np.bincount(rows.bin * 2 + rows.said, minlength=8).tolist()
    truths = tuple(Truth(3, *join) for join in rows.joins)
    folded = watch.fold(watch.resume(None), Counted(0, 3_600_000, 500, cells, truths))
    assert folded.harm is not None
    found = {metric.name: metric.value for metric in folded.harm.metrics}
    assert found == pytest.approx(named(BINARY, rows.joins))
    assert found["accuracy"] == pytest.approx(1 - folded.harm.rate)


def test_where_there_is_no_room_for_the_truths_of_many_classes_harm_is_still_known() -> None:
    answers = Predictions(16, 100)
    watch = Watch(Reference((), answers, Losses(5000, 1000)), Settings(min_rows=500, mature_after_seconds=0))
    cells = [0] * 1600
    cells[107] = 500
    truths = (Truth(0, 107, 7, 300), Truth(0, 107, 8, 100))
    folded = watch.fold(watch.resume(None), Counted(0, 3_600_000, 500, cells, truths))
    assert folded.harm is not None
    assert (folded.harm.rate, folded.harm.metrics) == (0.25, ())


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_a_bin_of_certain_answers_that_were_wrong_costs_what_it_costs_at_training(edge: float) -> None:
    certain = Predictions(2, 2, edges=(edge,), positive=1)
    wrong = [(0, 1, 10)] if edge == 0 else [(3, 0, 10)]
    assert named(certain, wrong)["log_loss_binned"] == pytest.approx(log_loss([int(1 - edge)], [edge], labels=[0, 1]))
