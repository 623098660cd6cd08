"""Losses between 0 and 1: what a probability loses, the reference's own error about it, and the promise."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from mooring.stats.drift import Counted, HarmReport, Losses, LossName, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.evalue import Above, mean_bound, upper_bound
from mooring.stats.drift.harm import STEPS, loss_test, repair
from mooring.stats.drift.joins import Codes, Sample
from mooring.stats.drift.losses import LEAST_PROBABILITY, MOST_LOG_LOSS, UNITS, middles_of
from tests.unit.stats.drift.worlds import HOUR

EDGES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
SHARE = np.array([0.1, 0.15, 0.15, 0.1, 0.1, 0.15, 0.15, 0.1])
SAID = np.array(middles_of((0.0, *EDGES, 1.0)))
LABEL = (SAID > 0.5).astype(int)
OF_PROBABILITIES: tuple[LossName, ...] = ("brier", "log_loss")


def answers(loss: LossName, positive: int | None = 1) -> Predictions:
    return Predictions(8, 2, edges=EDGES, positive=positive, loss=loss)


def held(random: np.random.Generator, loss: LossName, rows: int, came: np.ndarray = SAID) -> Losses:
    """Return the losses of held out rows whose label is the likelier class."""
    of_bins = random.multinomial(rows, SHARE)
    positive = random.binomial(of_bins, came)
    strata, lost = np.zeros((8, 2), int), np.zeros((8, 2), int)
    strata[np.arange(8), LABEL] = of_bins
    lost[np.arange(8), LABEL] = np.where(LABEL == 1, of_bins - positive, positive)
    return Losses.of(answers(loss), strata.ravel().tolist(), lost.ravel().tolist())


def expected(loss: LossName, came: np.ndarray = SAID, share: np.ndarray = SHARE) -> float:
    """Return the true mean of a loss, as a share of its greatest."""
    failed, did = np.array(answers(loss).costs).T
    return float((share * ((1 - came) * failed + came * did)).sum())


class Service:
    """Hours of predictions, truths of all of which come within seconds."""

    def __init__(self, loss: LossName, seed: int = 0, rows: int = 10_000, **settings: float) -> None:
        self.random = np.random.default_rng(seed)
        reference = Reference((), answers(loss), held(self.random, loss, rows))
        self.watch = Watch(reference, Settings(min_rows=500, mature_after_seconds=0, **settings))  # type: ignore[arg-type]
        self.state, self.hours = self.watch.resume(None), 0

    def hour(self, came: np.ndarray = SAID, rows: int = 1000, part: np.ndarray = np.ones(8)) -> HarmReport:  # noqa: B008
        """`part`: of the predictions of each bin that are told their truth."""
        of_bins = self.random.multinomial(rows, SHARE)
        told = self.random.binomial(of_bins, part)
        positive = self.random.binomial(told, came)
        cells, truths = np.zeros((8, 2), int), []
        cells[np.arange(8), LABEL] = of_bins
        for at, (count, did) in enumerate(zip(told.tolist(), positive.tolist(), strict=True)):
            stratum = 2 * at + int(LABEL[at])
            truths += [Truth(0, stratum, 1, did), Truth(0, stratum, 0, count - did)]
        start, self.hours = self.hours * HOUR, self.hours + 1
        folded = self.watch.fold(self.state, Counted(start, start + HOUR, rows, cells.ravel().tolist(), tuple(truths)))
        self.state = folded.state
        assert folded.harm is not None
        return folded.harm


FLAT = np.where(LABEL == 1, *(lambda right: (right, 1 - right))(float((SHARE * np.maximum(SAID, 1 - SAID)).sum())))
"""Labels are right as often as before, and whatever the score says: probabilities are off, accuracy is not."""


def test_what_truths_cost_is_scikit_learns_on_the_middles_of_bins() -> None:
    random = np.random.default_rng(1)
    bins = random.choice(8, 3000, p=SHARE)
    outcome = (random.random(3000) < 0.6).astype(int)
    clipped = np.clip(SAID[bins], LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    theirs = {
        "brier": brier_score_loss(outcome, SAID[bins]),
        "log_loss": log_loss(outcome, clipped),
    }
    for loss in OF_PROBABILITIES:
        known = answers(loss)
        mine = [
            known.costs[at][known.came(2 * at, one)] for at, one in zip(bins.tolist(), outcome.tolist(), strict=True)
        ]
        assert np.mean(mine) * UNITS[loss] == pytest.approx(theirs[loss])
        assert 0 <= min(min(pair) for pair in known.costs) < max(max(pair) for pair in known.costs) <= 1


def test_of_more_than_two_classes_the_loss_is_about_a_right_label() -> None:
    """The score is the label's probability, which is never below one over the classes."""
    known = Predictions(2, 4, edges=(0.75,), loss="brier")
    assert [known.came(stratum, 2) for stratum in range(8)] == [False, False, True, False] * 2
    assert known.costs == ((0.5**2, 0.5**2), (0.875**2, 0.125**2))
    losses = Losses.of(known, [0, 0, 40, 0, 60, 0, 0, 0], [0, 0, 10, 0, 6, 0, 0, 0])
    assert losses.lost == pytest.approx(40 * 0.25 + 6 * 0.875**2 + 54 * 0.125**2)
    assert losses.strata_lost[2] == pytest.approx(10.0)


def test_of_two_classes_the_reference_is_told_by_strata_and_wrong_labels() -> None:
    """Bin 0 said 0.01 of the positive class: 3 of 97 rows labelled 0 were it, and 1 of 3 labelled 1 was."""
    strata, lost = [97, 3, *[0] * 14], [3, 2, *[0] * 14]
    losses = Losses.of(answers("brier"), strata, lost)
    assert losses.lost == pytest.approx(4 * 0.99**2 + 96 * 0.01**2)
    assert sum(rows for _, rows in losses.told) == 100


@pytest.mark.parametrize("make", [
    lambda: Predictions(8, 1, edges=EDGES, loss="brier"),
    lambda: Predictions(8, 2, loss="log_loss"),
    lambda: Losses(10, 1.5, loss="brier"),
    lambda: Losses.of(answers("brier"), [10], [1]),
    lambda: Reference((), answers("log_loss"), held(np.random.default_rng(0), "brier", 100)),
])  # fmt: skip
def test_losses_that_cannot_be_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match="loss"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("loss", OF_PROBABILITIES)
@pytest.mark.parametrize("rows", [300, 5000])
def test_the_bound_of_the_reference_is_exceeded_as_seldom_as_it_says(loss: LossName, rows: int) -> None:
    random, true = np.random.default_rng(rows), expected(loss)
    bounds = [mean_bound(held(random, loss, rows).told, log(40)) for _ in range(1000)]
    assert np.mean(np.array(bounds) < true) <= 0.025
    chernoff = upper_bound(true * rows, rows, log(40)) - true
    assert np.median(bounds) - true < 0.75 * chernoff, "it knows how little these losses differ"


def test_bounds_of_odd_references() -> None:
    assert mean_bound([], 3.0) == 1.0
    assert mean_bound([(1.0, 500)], 3.0) == 1.0
    assert mean_bound([(0.3, 1)], 3.0) > 0.9
    assert 0 < mean_bound([(0.0, 5000)], 3.0) < 0.01
    assert 0.25 < mean_bound([(0.25, 100_000)], 3.0) < 0.251


@pytest.mark.parametrize("loss", OF_PROBABILITIES)
@pytest.mark.parametrize("part", [np.ones(8), np.array([0.1, 0.2, 0.6, 1, 1, 0.6, 0.2, 0.1])])
def test_the_mean_of_each_bet_is_at_most_one_where_all_lose_what_is_allowed(loss: LossName, part: np.ndarray) -> None:
    """Uncertain cases are reviewed first; weights make of that the loss of all. 100 truths, so that means are known."""
    random, known, worth = np.random.default_rng(3), answers(loss), []
    test = Above(expected(loss), STEPS)
    for _ in range(4000):
        of_bins = random.multinomial(int(100 / (SHARE * part).sum()), SHARE)
        told = random.binomial(of_bins, part)
        positive = random.binomial(told, SAID)
        pool = Sample(tuple(of_bins.tolist()), tuple(told.tolist()), tuple(positive.tolist()), known.costs)
        losses = list(pool.losses(repair(pool).weights))
        worth.append([exp(one) for one in test.log_bets(losses)])
    means, errors = np.mean(worth, axis=0), np.std(worth, axis=0) / np.sqrt(len(worth))
    assert (means <= 1 + 3 * errors).all()
    assert means[0] > 0.9, "and not because nothing is bet"


@pytest.mark.parametrize("loss", OF_PROBABILITIES)
def test_the_budget_is_kept_where_the_loss_rises_by_what_is_allowed(loss: LossName) -> None:
    """Half of one alarm in 90 days is harm's; four services have 1,200 hours in all at the very bound of tolerance."""
    tolerance = 0.02 if loss == "brier" else 0.08
    wanted = expected(loss) + tolerance / UNITS[loss]
    worse = next(
        came for step in np.linspace(0, 1, 2001) if expected(loss, came := SAID + step * (FLAT - SAID)) >= wanted
    )
    states = []
    for seed in range(4):
        service = Service(loss, seed, tolerance=tolerance)
        states += [service.hour(worse).state for _ in range(300)]
    assert set(states) == {"Quiet"}


@pytest.mark.parametrize("loss", OF_PROBABILITIES)
def test_probabilities_that_are_off_are_found_though_labels_are_right_as_often(loss: LossName) -> None:
    by_label, by_probability = Service("zero_one"), Service(loss)
    assert {by_label.hour(FLAT).state for _ in range(100)} == {"Quiet"}
    reports = [by_probability.hour(FLAT) for _ in range(24)]
    assert "Alarm" in [report.state for report in reports]
    assert reports[0].loss == loss
    rate = sum(report.rate for report in reports) / len(reports)
    assert rate == pytest.approx(UNITS[loss] * expected(loss, FLAT), rel=0.05)
    assert reports[0].reference == pytest.approx(UNITS[loss] * expected(loss), rel=0.05)
    assert reports[0].reference < reports[0].bound < rate


def test_numbers_of_log_loss_are_in_nats_and_so_is_the_tolerance() -> None:
    losses = held(np.random.default_rng(0), "log_loss", 10_000)
    narrow, wide = (loss_test(losses, Settings(tolerance=tolerance)) for tolerance in (0.02, 0.02 + MOST_LOG_LOSS / 10))
    assert narrow is not None
    assert wide is not None
    assert wide.bound - narrow.bound == pytest.approx(0.1)
    report = Service("log_loss", tolerance=0.02).hour()
    assert report.bound == pytest.approx(MOST_LOG_LOSS * narrow.bound, abs=0.01)
    metric = {one.name: one.value for one in report.metrics}
    assert report.rate == pytest.approx(metric["log_loss_binned"], abs=1e-9), "no bin's middle here is below 0.01"


def test_the_estimate_foretells_the_loss_that_truths_are_judged_by() -> None:
    """Scores in the middle are harder questions: their expected loss is higher, by the same metric."""
    service = Service("brier")
    share = np.array([0.02, 0.05, 0.2, 0.23, 0.23, 0.2, 0.05, 0.02])
    cells = np.zeros((8, 2), int)
    cells[np.arange(8), LABEL] = (share * 2000).astype(int)
    folded = service.watch.fold(service.state, Counted(0, HOUR, 2000, cells.ravel().tolist()))
    assert folded.window is not None
    report = folded.window.estimated
    assert (report.state, report.loss) == ("Alarm", "brier")
    assert report.rate == pytest.approx(expected("brier", share=share), abs=0.01)
    assert report.reference == pytest.approx(expected("brier"), abs=0.01)


def test_what_is_kept_of_a_truth_where_there_is_no_room_is_enough_for_its_loss() -> None:
    known = answers("brier")
    told = [Truth(0, 2 * at + label, came, 7) for at in range(8) for label in (0, 1) for came in (0, 1)]
    samples = [codes.sample((100,) * 8, codes.plus((), told)) for codes in (Codes(known), Codes(known, exact=False))]
    assert samples[0] == samples[1]
    assert samples[0].lost[0] == pytest.approx(14 * (0.99**2 + 0.01**2))
