"""Our judge, and the rules of others, on the same counts: when each would have aborted.

The others' are written anew from what they do (Flagger: `pkg/controller/scheduler_metrics.go`; Argo Rollouts:
`utils/analysis`, `analysis/analysis.go`; Kayenta, Spinnaker's judge: `MannWhitneyClassifier.scala`), with settings as
in their documentation. They look once a minute; Kayenta every five.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from bench.judging.traffic import TICK_SECONDS, Counts, Traffic
from mooring.stats.judge import Arm, Counted, Judge, JudgeState

JUDGE = Judge()


def ours(traffic: Traffic, verdict: str = "Abort") -> float:
    """Return the minute in which the judge, with default settings and one check, first said so; inf: never."""
    state = JudgeState()
    for tick, (counts, weight) in enumerate(zip(traffic.counts, traffic.weights, strict=True)):
        stable, canary = (Arm(tuple(arm[0].tolist()), tuple(arm[1].tolist())) for arm in counts)
        end = 1000 * TICK_SECONDS * (tick + 1)
        one = Counted(end - 1000 * TICK_SECONDS, end, round(1000 * float(weight)), stable, canary)
        before, state = state, JUDGE.fold(state, one)
        news = state.errors is not before.errors or state.catastrophe
        if news and JUDGE.decide(state, shadow=False).verdict == verdict:
            return (tick + 1) * TICK_SECONDS / 60
    return inf


def flagger(minutes: Counts, threshold: int = 5) -> float:
    """Success rate of the canary at least 99% in each minute; the fifth that is not aborts. No data is a failure."""
    requests, failures = minutes[:, 1].T
    bad = failures > 0.01 * requests
    return _first(np.cumsum(bad | (requests == 0)) >= threshold)


def argo(minutes: Counts, failure_limit: int) -> float:
    """Success rate of the canary at least 95% over five minutes; more failed looks than the limit abort."""
    requests, failures = np.cumsum(minutes[:, 1], axis=0).T
    window = [np.append(total[:5], total[5:] - total[:-5]) for total in (requests, failures)]
    return _first(np.cumsum(window[1] > 0.05 * window[0]) > failure_limit)


def z_test(minutes: Counts) -> float:
    """Two proportions, pooled, one-sided at 5%, on all so far, looked at every minute."""
    (stable, stable_bad), (canary, canary_bad) = np.cumsum(minutes, axis=0).transpose(1, 2, 0)
    requests = np.maximum(stable + canary, 1)
    pooled = (stable_bad + canary_bad) / requests
    spread = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(stable, 1) + 1 / np.maximum(canary, 1)))
    difference = canary_bad / np.maximum(canary, 1) - stable_bad / np.maximum(stable, 1)
    return _first(difference > 1.645 * np.maximum(spread, 1e-12))


def kayenta(minutes: Counts) -> float:
    """Mann-Whitney on the error rates of the minutes: the 98% interval of the shift above a quarter of its estimate."""
    rates = minutes[:, :, 1] / np.maximum(minutes[:, :, 0], 1)
    for end in range(5, len(rates) + 1, 5):
        shifts = np.sort(np.subtract.outer(rates[:end, 1], rates[:end, 0]).ravel())
        rank = int(end * end / 2 - 2.326 * sqrt(end * end * (2 * end + 1) / 12))
        if rank >= 1 and shifts[rank - 1] > 0.25 * abs(float(np.median(shifts))):
            return float(end)
    return inf


@dataclass(frozen=True)
class Rule:
    """A rule by the name that the table gives it."""

    title: str
    aborts: Callable[[Traffic], float]
    """The minute, or inf."""


RULES = (
    Rule("Flagger: 99% a minute, threshold 5", lambda traffic: flagger(traffic.by_minute)),
    Rule("Argo Rollouts: 95% over 5 min, failureLimit 0", lambda traffic: argo(traffic.by_minute, 0)),
    Rule("the same, failureLimit 3", lambda traffic: argo(traffic.by_minute, 3)),
    Rule("z-test at 5%, looked at every minute", lambda traffic: z_test(traffic.by_minute)),
    Rule("Kayenta (Spinnaker): Mann-Whitney 98%, every 5 min", lambda traffic: kayenta(traffic.by_minute)),
    Rule("**Mooring**", ours),
)


def _first(reached: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    found = np.flatnonzero(reached)
    return float(found[0] + 1) if len(found) else inf
