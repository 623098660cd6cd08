"""What is remembered, and what is taken in once, late or never."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.stats.judge import Arm, Counted, Judge, JudgeState, Labels, Pairs, Settings, Tolerance
from tests.unit.stats.judge.traffic import interval, steady

ALL = Judge(Settings(latency=Tolerance(), max_disagreement=0.1, quality_tolerance=0.01))
BUCKETS = st.lists(st.integers(0, 50), min_size=16, max_size=16)


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    requests = draw(BUCKETS)
    parts = [tuple(draw(st.integers(0, most)) for most in requests) for _ in range(2)]
    outside = draw(st.integers(0, 20))
    return Arm(tuple(requests), *parts, outside, draw(st.integers(0, outside)))


@st.composite
def intervals(draw: st.DrawFn) -> list[Counted]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        compared = draw(st.integers(0, 30))
        found.append(
            Counted(
                5000 * number,
                5000 * number + 5000,
                draw(st.sampled_from([50, 50, 50, 250, None])),
                draw(st.none() | arms()),
                draw(st.none() | arms()),
                compared,
                draw(st.integers(0, compared)),
                Pairs(*draw(st.tuples(*[st.integers(0, 5)] * 3))),
                *(Labels(n, draw(st.floats(0, n))) for n in draw(st.tuples(st.integers(0, 40), st.integers(0, 40)))),
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(intervals(), st.integers(0, 12))
def test_a_restart_changes_no_decision(counted: list[Counted], restarted_at: int) -> None:
    state = restarted = JudgeState()
    for number, one in enumerate(counted):
        if number == restarted_at:
            restarted = JudgeState.from_json(restarted.to_json())
        state, restarted = ALL.fold(state, one), ALL.fold(restarted, one)
    assert restarted == state
    assert JudgeState.from_json(state.to_json()) == state
    assert ALL.decide(restarted, shadow=False) == ALL.decide(state, shadow=False)


@settings(max_examples=30, deadline=None)
@given(intervals(), st.lists(st.integers(0, 11)))
def test_an_interval_told_again_counts_once(counted: list[Counted], again: list[int]) -> None:
    once = twice = JudgeState()
    for number, one in enumerate(counted):
        once, twice = ALL.fold(once, one), ALL.fold(twice, one)
        for earlier in (counted[index] for index in again if index <= number):
            twice = ALL.fold(twice, earlier)
    assert twice == once


def test_a_day_of_busy_traffic_is_a_few_kilobytes() -> None:
    state = JudgeState()
    busy = list(islice(steady(1, per_minute=30_000), 20))
    for number in range(400):
        one = busy[number % 20]
        state = ALL.fold(state, replace(one, start=5000 * number, end=5000 * (number + 1)))
    assert len(state.to_json()) < 5000


def test_the_interval_of_a_new_weight_and_the_next_are_not_counted() -> None:
    state = JudgeState()
    good, bad = Arm((5,) * 16), Arm((5,) * 16, (5,) * 16)
    for number, weight in enumerate([50, 50, 50, 250, 250, 250]):
        burns = number in (0, 1, 3, 4)
        state = ALL.fold(state, interval(number, good, bad if burns else good, weight))
    assert ALL.decide(state, shadow=False).checks[0].failures == (0, 0)
    assert ALL.decide(state, shadow=False).requests == 160


def test_an_interval_with_a_missing_ledger_is_unknown_on_both_sides() -> None:
    state, before = JudgeState(), JudgeState()
    good, bad = Arm((5,) * 16), Arm((5,) * 16, (5,) * 16)
    for number in range(3):
        before = state = ALL.fold(state, interval(number, good, good))
    state = ALL.fold(state, interval(3, None, bad))
    state = ALL.fold(state, interval(4, bad, None))
    assert state.errors == before.errors
    assert ALL.decide(state, shadow=False).unknown == 2


def test_another_format_is_not_read() -> None:
    with pytest.raises(ValueError, match="format 0"):
        JudgeState.from_json(JudgeState().to_json().replace('"format":1', '"format":0'))
    with pytest.raises(ValueError, match="state"):
        JudgeState.from_json("{}")


def test_a_new_step_keeps_the_evidence_and_forgets_the_dwell() -> None:
    state = JudgeState()
    for one in islice(steady(2, per_minute=600), 30):
        state = ALL.fold(state, one)
    after = ALL.begin_step(state)
    assert (after.errors, after.latency) == (state.errors, state.latency)
    assert (ALL.decide(after, shadow=False).seconds, ALL.decide(after, shadow=False).requests) == (0, 0)
