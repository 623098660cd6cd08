"""Harm by what probabilities lose: a real model whose labels stay as right as they were, and whose scores do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers
from mooring.ledger.binner import NumberEdges, Strata, layout_of
from mooring.ledger.profile import Profile
from mooring.reconcile.drift import close
from mooring.reconcile.drift.basis import basis_of
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.watch import Recording, Watched, begin
from mooring.stats.drift import Counted, Settings, Truth
from mooring.training.profile import profile
from mooring.training.target import Target

HOUR = 3_600_000
ROWS, TRAINED, HELD = 1000, 4000, 12_000
ASKED = Asked(Settings(min_rows=500, mature_after_seconds=0, tolerance=0.01))


class Model:
    """A logistic regression, its profile as training writes it, and hours of traffic."""

    def __init__(self, classes: int = 2) -> None:
        values, truth = make_classification(
            40_000, 4, n_informative=3, n_redundant=0, n_classes=classes, n_clusters_per_class=1, class_sep=0.4,
            flip_y=0.05, random_state=4,
        )  # fmt: skip
        self.model = LogisticRegression().fit(values[:TRAINED], truth[:TRAINED])
        self.positive = 1 if classes == 2 else None
        known = slice(TRAINED, TRAINED + HELD)
        frame = pd.DataFrame(values[known], columns=list("abcd"))
        features = [Feature(name=name, datatype="FP64", nullable=False) for name in "abcd"]
        task = "BinaryClassification" if classes == 2 else "MulticlassClassification"
        target = Target(task, truth[known], "INT64", list(range(classes)), self.positive)
        answers = Answers(self.model.predict_proba(values[known]), self.model.predict(values[known]))
        self.profile = profile(features, frame, target, np.ones(HELD, bool), answers)
        self.strata = Strata(self.profile.predictions.edges, classes)
        self.layout = layout_of([NumberEdges(one.name, one.edges) for one in self.profile.numbers], self.strata)
        self.later, self.truth = values[TRAINED + HELD :], truth[TRAINED + HELD :]
        self.random = np.random.default_rng(0)

    def hour(self, number: int, *, off: bool) -> Counted:
        """Return an hour's predictions and truths. `off`: labels are right as often, and however sure they are."""
        chosen = self.random.choice(len(self.later), ROWS, replace=False)
        probability = self.model.predict_proba(self.later[chosen])
        label = probability.argmax(axis=1)
        truth = self.random.permutation(self.right(chosen)) if off else self.right(chosen)
        outcome = np.where(truth, label, (label + 1) % self.strata.classes)
        score = probability[:, self.positive] if self.positive is not None else probability.max(axis=1)
        strata = [self.strata.stratum(one, said) for one, said in zip(score.tolist(), label.tolist(), strict=True)]
        features = self.layout.slices["features"].stop - self.layout.slices["features"].start
        counts = np.bincount(strata, minlength=self.layout.strata).tolist()
        told = [Truth(0, stratum, int(one), 1) for stratum, one in zip(strata, outcome, strict=True)]
        return Counted(number * HOUR, (number + 1) * HOUR, ROWS, [0] * features + counts, tuple(told))

    def right(self, chosen: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict(self.later[chosen]) == self.truth[chosen])

    def watched(self, asked: Asked, hours: int, *, off: bool, known: Profile | None = None) -> tuple[Watched, Fitted]:
        basis = basis_of("shop-v3", self.layout, known or self.profile)
        fitted = Fitted(self.layout, asked, basis.profile)
        watched = replace(begin("shop-v3", asked, 0.0, "a test"), basis=basis)
        for number in range(hours):
            watched = close.tested(watched, fitted, self.hour(number, off=off), Recording(), {}).watched
        return watched, fitted


@pytest.fixture(scope="module", params=[2, 3], ids=["two classes", "three"])
def model(request: pytest.FixtureRequest) -> Model:
    return Model(request.param)


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_probabilities_that_go_off_are_harm_that_accuracy_does_not_see(model: Model, metric: str) -> None:
    by_label, _ = model.watched(ASKED, 24, off=True)
    assert by_label.alarms == ()
    assert by_label.findings.harm is not None
    assert by_label.findings.harm.rate <= by_label.findings.harm.bound
    watched, _ = model.watched(replace(ASKED, metric=metric), 24, off=True)
    assert {alarm.test for alarm in watched.alarms} == {"harm"}


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_the_model_as_it_was_is_quiet(model: Model, metric: str) -> None:
    watched, fitted = model.watched(replace(ASKED, metric=metric), 24, off=False)
    assert watched.alarms == ()
    harm = watched.findings.harm
    assert harm is not None
    assert (harm.state, harm.loss) == ("Quiet", metric)
    assert harm.rate == pytest.approx(harm.reference, rel=0.15)
    assert fitted.watch.reference.losses.rows == HELD


def test_sentences_name_the_metric_with_its_numbers() -> None:
    watched, _ = Model().watched(replace(ASKED, metric="brier"), 24, off=True)
    assert watched.alarms[0].sentence.startswith("Brier score 0.")
    assert " by 1,000 truths, against 0." in watched.alarms[0].sentence
    assert " of 12,000 rows at training (allowed 0." in watched.alarms[0].sentence


def test_the_reference_is_the_brier_score_of_the_held_out_rows() -> None:
    """But for the middles of bins, which stand for the scores in them."""
    model = Model()
    fitted = Fitted(model.layout, replace(ASKED, metric="brier"), model.profile)
    losses = fitted.watch.reference.losses
    values, truth = model.later, model.truth
    exact = brier_score_loss(truth, model.model.predict_proba(values)[:, 1])
    assert losses.lost / losses.rows == pytest.approx(exact, rel=0.05)


def test_a_profile_that_does_not_say_which_class_is_positive_judges_nothing_and_says_what_to_do() -> None:
    """As it was written before."""
    model = Model()
    answers = model.profile.predictions.model_copy(update={"positive": None})
    older = model.profile.model_copy(update={"predictions": answers})
    watched, fitted = model.watched(replace(ASKED, metric="brier"), 3, off=True, known=older)
    assert fitted.watch.loss is None
    assert watched.findings.harm is not None
    assert watched.findings.harm.state == "Unknown"
    assert (
        "the profile of shop-v3 does not say of which class its scores are: harm is not judged by brier; train it "
        "again, or set harm.metric to accuracy"
    ) in seen_of(watched, 0.0).warnings
    by_label, _ = model.watched(ASKED, 3, off=False, known=older)
    assert by_label.findings.harm is not None
    assert by_label.findings.harm.state == "Quiet"


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_numbers_have_no_probabilities(metric: str) -> None:
    model = Model()
    layout, told = replace(model.layout, classes=1), model.profile.predictions
    changed = {"of": "prediction", "classes": None, "outcomes": None, "positive": None, "error_q90": 1.0}
    of_bins = {"strata": told.counts, "losses": [count // 10 for count in told.counts]}
    numbers = model.profile.model_copy(update={"predictions": told.model_copy(update=changed | of_bins)})
    fitted = Fitted(layout, replace(ASKED, metric=metric), numbers)
    watched = replace(begin("shop-v3", fitted.asked, 0.0, "a test"), basis=basis_of("shop-v3", layout, numbers))
    assert fitted.watch.loss is None
    assert f"harm.metric {metric} is none of what shop-v3 does: harm is not judged" in seen_of(watched, 0.0).warnings
