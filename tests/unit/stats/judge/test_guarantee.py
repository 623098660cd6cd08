"""What the judge promises, simulated: from seeds, so that a run is like the next."""

from __future__ import annotations

from itertools import islice
from math import sqrt

import pytest

from mooring.stats.judge import Arm, Counted, Judge, JudgeState, Settings, Tolerance
from tests.unit.stats.judge.traffic import interval, minutes, steady

JUDGE = Judge(Settings(errors=Tolerance(1.5, 0.01), catastrophe=None))
RUNS = 80


def odds(rate: float, ratio: float) -> float:
    """Return the rate whose odds are `ratio` times those of `rate`."""
    return ratio * rate / (1 - rate + ratio * rate)


def ends(seed: int, *, stable: float, canary: float, count: int = 40) -> str:
    """Return the verdict at which a rollout with minutes of such rates would have ended."""
    state = JudgeState()
    for one in islice(minutes(seed, requests=400, weight=0.3, stable=stable, canary=canary), count):
        state = JUDGE.fold(state, one)
        if (said := JUDGE.decide(state, shadow=False).verdict) != "Undecided":
            return said
    return "Undecided"


def at_most(chance: float) -> float:
    return RUNS * chance + 3 * sqrt(RUNS * chance * (1 - chance))


def test_a_version_just_within_the_tolerance_is_rarely_aborted() -> None:
    ended = [ends(seed, stable=0.05, canary=odds(0.05, 1.5)) for seed in range(RUNS)]
    assert ended.count("Abort") <= at_most(0.05)


def test_a_version_just_beyond_the_tolerance_is_rarely_promoted() -> None:
    ended = [ends(seed, stable=0.05, canary=odds(0.05, 1.55)) for seed in range(RUNS)]
    assert ended.count("NoWorse") <= at_most(0.05)


def test_what_is_plainly_worse_is_aborted_and_what_is_as_good_is_promoted() -> None:
    assert {ends(seed, stable=0.02, canary=0.1) for seed in range(20)} == {"Abort"}
    assert {ends(seed, stable=0.02, canary=0.02, count=200) for seed in range(20)} == {"NoWorse"}


def test_one_bad_client_on_the_canary_aborts_nothing() -> None:
    state = JudgeState()
    for number in range(300):
        bad = Arm((2,) * 16, (0,) * 5 + (2,) + (0,) * 10)
        state = JUDGE.fold(state, interval(number, Arm((20,) * 16, (0,) * 15 + (1,)), bad))
    decision = JUDGE.decide(state, shadow=False)
    assert decision.verdict != "Abort"
    assert decision.worse < 1


def test_the_same_failures_of_all_callers_abort() -> None:
    state = JudgeState()
    for number in range(60):
        bad = Arm((2,) * 16, tuple(2 * (bucket == number % 16) for bucket in range(16)))
        state = JUDGE.fold(state, interval(number, Arm((20,) * 16, (0,) * 15 + (1,)), bad))
    assert JUDGE.decide(state, shadow=False).verdict == "Abort"


@pytest.mark.parametrize(("canary", "verdict"), [(0.1, "Abort"), (0.0, "NoWorse")])
def test_a_single_caller_is_judged_by_requests(canary: float, verdict: str) -> None:
    state, said = JudgeState(), "Undecided"
    for one in islice(minutes(3, requests=600, weight=0.3, stable=0.01, canary=canary), 40):
        assert one.stable is not None
        assert one.canary is not None
        state = JUDGE.fold(state, interval(one.start // 5000, _one_caller(one.stable), _one_caller(one.canary)))
        said = JUDGE.decide(state, shadow=False).verdict
        if said != "Undecided":
            break
    assert said == verdict
    assert "one caller" in JUDGE.decide(state, shadow=False).reason


def _one_caller(arm: Arm) -> Arm:
    return Arm(*((sum(counts),) + (0,) * 15 for counts in (arm.requests, arm.failures)))


def test_an_incident_that_hits_both_arms_cancels() -> None:
    state = JudgeState()
    incident = minutes(7, requests=600, weight=0.1, stable=0.5, canary=0.5)
    for one in islice(incident, 60):
        state = JUDGE.fold(state, one)
        assert JUDGE.decide(state, shadow=False).verdict != "Abort"


def test_silence_says_nothing() -> None:
    state = JudgeState()
    for number in range(100):
        state = JUDGE.fold(state, interval(number, Arm((10,) * 16), Arm()))
    decision = JUDGE.decide(state, shadow=False)
    assert (decision.verdict, decision.worse, decision.least_no_worse) == ("Undecided", 1.0, pytest.approx(1.0))


def test_an_interval_without_requests_between_others_changes_no_evidence() -> None:
    dense = sparse = JudgeState()
    for number in (0, 1):
        dense = sparse = JUDGE.fold(dense, interval(number, Arm(), Arm()))
    for number, one in enumerate(islice(steady(5, per_minute=3000, canary=0.05), 40)):
        dense = JUDGE.fold(dense, _at(one, 2 + number))
        sparse = JUDGE.fold(sparse, _at(one, 2 + 2 * number))
        sparse = JUDGE.fold(sparse, interval(3 + 2 * number, Arm(), Arm()))
    assert sparse.errors.sums == dense.errors.sums


def _at(one: Counted, number: int) -> Counted:
    return interval(number, one.stable, one.canary, one.weight)
