"""Failures that nobody waits for statistics with, as long as the stable is healthy beside them."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.stats.judge.counts import Arm
from mooring.stats.judge.settings import Catastrophe

HEALTHY = 0.1
"""The stable is healthy while its failure rate is at most this part of `error_rate`, now and in the rollout so far."""
RATE_FAILURES = 2
"""So many times `consecutive_failures` must have failed in one interval before their rate alone is a catastrophe."""


@dataclass(frozen=True)
class Streak:
    """Intervals in a row in which every request of the canary failed."""

    failures: int = 0
    callers: int = 0
    """A bit for each bucket; all of them where a failure is of no known caller: a pod's, not a client's."""
    stable_requests: int = 0


def watch(
    streak: Streak, rule: Catastrophe, stable: Arm, canary: Arm, so_far: tuple[int, int], *, one_caller: bool
) -> tuple[Streak, str]:
    """Return the streak with one more interval, and what happened in a sentence, or nothing.

    `so_far` are the stable's requests and failures before. One bucket alone is no catastrophe, since it may be one bad
    client; where there is only one, it must fail twice as often.
    """
    requests, failures = _total(canary)
    stable_requests, stable_failures = _total(stable)
    if not _healthy(stable_requests, stable_failures, rule) or not _healthy(
        so_far[0] + stable_requests, so_far[1] + stable_failures, rule
    ):
        return Streak(), ""
    callers = -1 if canary.outside_failures else sum(1 << b for b, bad in enumerate(canary.failures) if bad)
    beside = f"the stable failed {stable_failures} of {stable_requests}"
    least = rule.consecutive_failures * (2 if one_caller else 1)
    enough = stable_requests >= rule.consecutive_failures
    if (
        enough
        and failures >= least * RATE_FAILURES
        and failures >= rule.error_rate * requests
        and _several(callers, one_caller=one_caller)
    ):
        return Streak(), f"{failures} of {requests} requests failed in one interval, while {beside}"
    if failures < requests:
        return Streak(), ""
    after = Streak(streak.failures + failures, streak.callers | callers, streak.stable_requests + stable_requests)
    if (
        after.failures >= least
        and after.stable_requests >= rule.consecutive_failures
        and _several(after.callers, one_caller=one_caller)
    ):
        return after, f"{after.failures} requests failed one after the other, while {beside} at the end"
    return after, ""


def _total(arm: Arm) -> tuple[int, int]:
    return sum(arm.requests) + arm.outside_requests, sum(arm.failures) + arm.outside_failures


def _healthy(requests: int, failures: int, rule: Catastrophe) -> bool:
    return failures <= HEALTHY * rule.error_rate * requests


def _several(callers: int, *, one_caller: bool) -> bool:
    return one_caller or callers < 0 or callers.bit_count() > 1
