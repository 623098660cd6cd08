"""Is a share of requests above or below a bound? A mixture of likelihood ratios against the bound.

For k of n, Π (p/p₀)^k ((1−p)/(1−p₀))^(n−k) is a nonnegative supermartingale of mean at most 1 for p > p₀ wherever
the true share, however it moves, is at most p₀, and for p < p₀ wherever it is at least p₀ (Wald's likelihood ratio,
monotone in k). It depends on the totals alone, so nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, log1p

ODDS_ABOVE = ((1.25, 0.25), (1.6, 0.25), (2.5, 0.25), (5.0, 0.25))
"""Odds in odds of the bound, and how much is bet on each."""
ODDS_BELOW = ((1 / 20, 0.25), (1 / 5, 0.25), (1 / 2, 0.25), (1 / 1.25, 0.25))


def log_mixture(count: float, bad: float, bound: float, shares: Iterable[tuple[float, float]]) -> float:
    """Return the log of the e-value of `bad` of `count` for the (share, weight), all on one side of `bound`."""
    logs = [
        log(weight) + bad * log(share / bound) + (count - bad) * log1p((bound - share) / (1 - bound))
        for share, weight in shares
    ]
    top = max(logs)
    return top + log(sum([exp(one - top) for one in logs]))


def log_above(count: int, bad: int, bound: float) -> float:
    """Return the log of the e-value for "the share is above `bound`"."""
    return log_mixture(count, bad, bound, _by_odds(bound, ODDS_ABOVE))


def log_below(count: int, bad: int, bound: float) -> float:
    """Return the log of the e-value for "the share is below `bound`"."""
    return log_mixture(count, bad, bound, _by_odds(bound, ODDS_BELOW))


def _by_odds(bound: float, grid: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    odds = bound / (1 - bound)
    return [(ratio * odds / (1 + ratio * odds), weight) for ratio, weight in grid]
