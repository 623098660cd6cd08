"""Which verdict follows from which evidence, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from mooring.stats.judge import Arm, Counted, Judge, JudgeState, Labels, Pairs, Settings, Tolerance
from tests.unit.stats.judge.traffic import interval, steady

SHADOW = Judge(Settings(errors=Tolerance(), max_disagreement=0.1))


def compared(state: JudgeState, count: int, disagreed: int, intervals: int = 14) -> JudgeState:
    """Return the state after so many seconds of shadow traffic, with all comparisons in the last interval."""
    good = Arm((2,) * 16)
    for number in range(intervals):
        last = number == intervals - 1
        one = interval(number, good, good, 0)
        state = SHADOW.fold(state, replace(one, compared=count if last else 0, disagreed=disagreed if last else 0))
    return state


def test_a_shadow_step_is_passed_by_answers_that_agree() -> None:
    assert SHADOW.decide(compared(JudgeState(), 500, 5), shadow=True).verdict == "NoWorse"
    assert SHADOW.decide(compared(JudgeState(), 500, 50), shadow=True).verdict == "Undecided"
    assert SHADOW.decide(compared(JudgeState(), 500, 150), shadow=True).verdict == "Abort"
    assert SHADOW.decide(compared(JudgeState(), 0, 0), shadow=True).verdict == "Undecided"


def test_a_step_waits_for_its_requests_and_for_its_dwell() -> None:
    state = compared(JudgeState(), 500, 5)
    assert SHADOW.decide(state, shadow=True, min_requests=2000).reason.endswith("of at least 2000 requests")
    short = SHADOW.decide(compared(JudgeState(), 500, 5, intervals=6), shadow=True)
    assert (short.verdict, short.seconds) == ("Undecided", 20)


def test_every_required_check_must_stand_now() -> None:
    judge = Judge(Settings(latency=Tolerance(1.5, 0.01)))
    state, slow = JudgeState(), Arm((4,) * 16, slow=(1,) * 3 + (0,) * 13)
    for number in range(40):
        state = judge.fold(state, interval(number, Arm((4,) * 16, slow=(0,) * 13 + (1,) * 3), slow))
    decision = judge.decide(state, shadow=False)
    errors, latency = decision.checks
    assert (errors.verdict, latency.verdict, decision.verdict) == ("NoWorse", "Undecided", "Undecided")
    assert decision.least_no_worse == latency.no_worse
    assert decision.reason.startswith("latency: the canary was slow in")


def test_checks_share_the_chance_of_a_false_abort() -> None:
    alone, shared = Judge(), Judge(Settings(latency=Tolerance()))
    for judge in (alone, shared):
        state = JudgeState()
        for one in islice(steady(1, per_minute=600, canary=0.05), 40):
            state = judge.fold(state, one)
        decision = judge.decide(state, shadow=False)
        weights = [judge.settings.share(name) for name in judge.settings.checks]
        assert sum(weights) == pytest.approx(1)
        assert decision.worse == pytest.approx(sum(w * c.worse for w, c in zip(weights, decision.checks, strict=True)))


def test_a_sentence_says_counts_and_evidence() -> None:
    state = JudgeState()
    for one in islice(steady(1, per_minute=600, canary=0.06), 100):
        state = Judge().fold(state, one)
    said = Judge().decide(state, shadow=False)
    requests, failures = said.checks[0].requests, said.checks[0].failures
    assert said.verdict == "Abort"
    assert f"the canary failed {failures.canary} of {requests.canary} requests" in said.reason
    assert f"the stable {failures.stable} of {requests.stable}" in said.reason
    assert "of 20" in said.reason


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("lost", "verdict"), [(0.3, "Abort"), (0.02, "NoWorse")])
def test_ground_truth_that_came_is_required(paired: bool, lost: float, verdict: str) -> None:
    judge = Judge(Settings(errors=None, catastrophe=None, quality_tolerance=0.05))
    state = JudgeState()
    for number in range(120):
        worse = round(200 * lost)
        truth = (
            {"pairs": Pairs(worse, 200 - 2 * worse, 4)}
            if paired
            else {"stable_labels": Labels(200, 4.0), "canary_labels": Labels(200, float(worse))}
        )
        one = Counted(5000 * number, 5000 * number + 5000, 100, Arm((1,) * 16), Arm((1,) * 16), **truth)  # type: ignore[arg-type]
        state = judge.fold(state, one)
        if judge.decide(state, shadow=False).verdict == "Abort":
            break
    assert judge.decide(state, shadow=False).verdict == verdict


def test_without_a_check_nothing_is_shown() -> None:
    judge = Judge(Settings(errors=None))
    decision = judge.decide(JudgeState(), shadow=False)
    assert (decision.verdict, decision.least_no_worse) == ("Undecided", None)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Arm((1,) * 16, (2,) + (0,) * 15), "more failures"),
        (lambda: Arm((1,) * 15), "16 buckets"),
        (lambda: Counted(5, 5, 0), "ends after"),
        (lambda: Counted(0, 5, 0, compared=1, disagreed=2), "disagreements"),
        (lambda: Tolerance(ratio=0.5), "odds ratio"),
        (lambda: Tolerance(floor=0.0), "floor"),
        (lambda: Settings(max_false_abort=0.0), "max_false_abort"),
    ],
)
def test_what_cannot_be_is_refused(wrong: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        wrong()  # type: ignore[operator]
