"""What is aborted at once, and what is not although all of it failed."""

from __future__ import annotations

import pytest

from mooring.stats.judge import Arm, Decision, Judge, JudgeState
from tests.unit.stats.judge.traffic import interval

JUDGE = Judge()
HEALTHY = Arm((5,) * 16)
BURNS = Arm((2,) * 16, (2,) * 16)


def after(*intervals: tuple[Arm, Arm]) -> Decision:
    """Return the decision after settled intervals of (stable, canary)."""
    state = JudgeState()
    for number, (stable, canary) in enumerate([(HEALTHY, HEALTHY)] * 4 + list(intervals)):
        state = JUDGE.fold(state, interval(number, stable, canary))
    return JUDGE.decide(state, shadow=False)


def one(bucket: int, requests: int, failures: int) -> Arm:
    counts = [tuple(n if b == bucket else 0 for b in range(16)) for n in (requests, failures)]
    return Arm(counts[0], counts[1])


def test_a_version_that_fails_everything_is_aborted_by_its_first_interval() -> None:
    decision = after((HEALTHY, BURNS))
    assert (decision.verdict, decision.catastrophe) == ("Abort", True)
    assert "32 of 32 requests failed" in decision.reason


def test_failures_one_after_the_other_are_counted_through_quiet_intervals() -> None:
    single = [(HEALTHY, one(bucket, 1, 1)) for bucket in range(5)]
    assert after(*single[:4]).verdict != "Abort"
    assert after(*single[:2], (HEALTHY, Arm()), *single[2:]).catastrophe
    assert not after(*single[:3], (HEALTHY, one(0, 1, 0)), *single[3:]).catastrophe


@pytest.mark.parametrize("stable", [BURNS, Arm(), Arm((5,) * 16, (1,) * 16)])
def test_nothing_is_a_catastrophe_while_the_stable_is_not_shown_to_be_healthy(stable: Arm) -> None:
    assert not after(*[(stable, BURNS)] * 5).catastrophe


def test_one_client_is_no_catastrophe() -> None:
    assert not after(*[(HEALTHY, one(3, 10, 10))] * 5).catastrophe


def test_what_the_router_saw_fail_is_the_pods_doing() -> None:
    assert after((HEALTHY, Arm(outside_requests=6, outside_failures=6))).catastrophe


def test_a_few_failures_are_left_to_the_evidence() -> None:
    assert not after((HEALTHY, Arm((5,) * 16, (1,) * 9 + (0,) * 7))).catastrophe
