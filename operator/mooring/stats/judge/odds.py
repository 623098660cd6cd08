"""Is the canary's share of bad requests worse than the stable's, or no worse? Two e-processes on one set of counts.

Given a block's totals, the canary's failures under odds ratio ψ have Fisher's noncentral hypergeometric law, whatever
the base rate and the weight. With ψ₀ = tolerance, Π_blocks NCH(ψ)/NCH(ψ₀) is a nonnegative supermartingale of mean at
most 1 for ψ > ψ₀ wherever the truth is at most ψ₀ (the likelihood ratio is monotone), and for ψ < ψ₀ wherever it is at
least ψ₀. So are their mixtures over ψ, and Ville's inequality bounds the chance that one ever reaches 1/α by α.

Everything is kept 17 times: for all requests, and without each bucket of callers. The least of them is valid while at
most one bucket is rotten.

Logarithms are kept in whole millionths, rounded down: sums do not depend on the order, a saved state is exact, and the
rounding never favours a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, floor, inf, log

from mooring.stats.judge.binomial import log_mixture
from mooring.stats.judge.counts import BUCKETS, Buckets
from mooring.stats.judge.hypergeometric import log_normalisers
from mooring.stats.judge.settings import Tolerance

UNIT = 1e-6
"""Of a logarithm, in nats."""
WORSE = ((4 / 3, 0.10), (2.0, 0.35), (10 / 3, 0.40), (20 / 3, 0.10), (40 / 3, 0.05))
"""Odds ratios in tolerances, and how much is bet on each; with a tolerance of 1.5 they are 2, 3, 5, 10 and 20."""
NO_WORSE = ((2 / 3, 0.7), (1 / 3, 0.3))
"""The same below the tolerance: with 1.5 the first is a version exactly as good as the stable."""
BELOW_FLOOR = ((1 / 50, 0.4), (1 / 8, 0.3), (2 / 5, 0.3))
"""Rates in floors, and how much is bet on each."""
FLOOR_SHARE = 0.6
"""Of the bet that the canary is no worse, that it is below the floor; the rest, that the odds ratio is in tolerance.
The floor decides soon or never, so what it has more costs the other little."""
ONE_CALLER = 0.9
"""From this share of all requests in one bucket, the callers cannot be told apart, and none is left out."""


@dataclass(frozen=True)
class Side:
    """One arm's requests and bad ones in a block."""

    requests: Buckets
    bad: Buckets
    outside_requests: int = 0
    outside_bad: int = 0

    @property
    def all_requests(self) -> int:
        """Of all callers, and of unknown ones."""
        return sum(self.requests) + self.outside_requests

    @property
    def all_bad(self) -> int:
        """The same of the bad ones."""
        return sum(self.bad) + self.outside_bad

    def __add__(self, other: Side) -> Side:
        """Return the counts of both."""
        return Side(
            tuple(a + b for a, b in zip(self.requests, other.requests, strict=True)),
            tuple(a + b for a, b in zip(self.bad, other.bad, strict=True)),
            self.outside_requests + other.outside_requests,
            self.outside_bad + other.outside_bad,
        )


EMPTY = Side((0,) * BUCKETS, (0,) * BUCKETS)
_ZEROS = (0,) * (len(WORSE) + len(NO_WORSE))


@dataclass(frozen=True)
class OddsEvidence:
    """What was folded of one check."""

    stable: Side = EMPTY
    canary: Side = EMPTY
    sums: tuple[tuple[int, ...], ...] = (_ZEROS,) * (1 + BUCKETS)
    """Log likelihood ratios in UNITs by odds ratio (WORSE, then NO_WORSE): of all, then without each bucket."""

    def folded(self, stable: Side, canary: Side, tolerance: Tolerance) -> OddsEvidence:
        """Return the evidence with one more block."""
        sums = self.sums
        if stable.all_bad + canary.all_bad:
            ratios = [tolerance.ratio * ratio for ratio, _ in (*WORSE, *NO_WORSE)]
            more = _blocks(stable, canary, [tolerance.ratio, *ratios])
            sums = tuple(tuple(map(int.__add__, a, b)) for a, b in zip(sums, more, strict=True))
        return OddsEvidence(self.stable + stable, self.canary + canary, sums)

    @property
    def one_caller(self) -> bool:
        """Whether nearly all requests come from one bucket, so that leaving it out would leave nothing."""
        by_bucket = [a + b for a, b in zip(self.stable.requests, self.canary.requests, strict=True)]
        return max(by_bucket) > ONE_CALLER * max(1, self.stable.all_requests + self.canary.all_requests)

    def log_worse(self) -> float:
        """Return the log of the e-value for "the odds ratio is above the tolerance"."""
        return min(_mixture(sums[: len(WORSE)], WORSE) for sums in self._judged())

    def log_no_worse(self, tolerance: Tolerance) -> float:
        """Return the log of the e-value for "the odds ratio is below the tolerance, or the rate below the floor"."""
        least = inf
        for left_out, sums in enumerate(self._judged(), start=-1):
            requests, bad = self.canary.all_requests, self.canary.all_bad
            if left_out >= 0:
                requests -= self.canary.requests[left_out]
                bad -= self.canary.bad[left_out]
            ratio = _mixture(sums[len(WORSE) :], NO_WORSE)
            rate = log_mixture(requests, bad, tolerance.floor, [(tolerance.floor * f, w) for f, w in BELOW_FLOOR])
            least = min(least, log_sum((log(1 - FLOOR_SHARE) + ratio, log(FLOOR_SHARE) + rate)))
        return least

    def _judged(self) -> Sequence[tuple[int, ...]]:
        """Return the sums of which the least counts; that of all is among them, so that no choice adds chances."""
        return self.sums[:1] if self.one_caller else self.sums


def _blocks(stable: Side, canary: Side, odds: list[float]) -> list[tuple[int, ...]]:
    """Return what a block adds to each of the sums; the first of `odds` is ψ₀."""
    known: dict[tuple[int, int, int, int], tuple[int, ...]] = {}
    whole = (canary.all_requests, stable.all_requests, canary.all_bad, stable.all_bad)
    found = [_block(whole, odds)]
    for bucket in zip(canary.requests, stable.requests, canary.bad, stable.bad, strict=True):
        if bucket not in known:
            rest = (whole[0] - bucket[0], whole[1] - bucket[1], whole[2] - bucket[2], whole[3] - bucket[3])
            known[bucket] = _block(rest, odds)
        found.append(known[bucket])
    return found


def _block(counts: tuple[int, int, int, int], odds: list[float]) -> tuple[int, ...]:
    canary, stable, bad, stable_bad = counts
    drawn = bad + stable_bad
    if not canary or not stable or not 0 < drawn < canary + stable:
        return _ZEROS
    null, *others = (
        bad * log(psi) - z for psi, z in zip(odds, log_normalisers(canary, stable, drawn, odds), strict=True)
    )
    return tuple(floor((other - null) / UNIT) for other in others)


def _mixture(sums: Sequence[int], grid: Sequence[tuple[float, float]]) -> float:
    return log_sum([log(weight) + one * UNIT for one, (_, weight) in zip(sums, grid, strict=True)])


def log_sum(logs: Sequence[float]) -> float:
    """Return log Σ exp, without overflow."""
    top = max(logs)
    return top + log(sum([exp(one - top) for one in logs]))
