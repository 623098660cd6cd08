"""Is a share above a bound? E-values against a bound that holds the floor and the reference's own error.

For c of n rows, (q/u)^c ((1-q)/(1-u))^(n-c) has mean at most 1 for q > u wherever the true share, however it moves,
is at most u (Wald's likelihood ratio, monotone in c); so has the mean of several q. Weighted losses in place of 0 and
1 are bets 1 + λ(x - u) with λ = (q - u)/(u(1 - u)), the same number for x in {0, 1} (Waudby-Smith and Ramdas 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, log1p, sqrt
from typing import Final

STEPS: Final = (0.03, 0.06, 0.12, 0.25)
"""How far above the bound the shares lie that are bet on, with the same stake on each."""
_HALVINGS: Final = 40
_SPREADS: Final = (0.01, 0.03, 0.1)
"""Variances of losses from 0 to 1 that stakes are made for: those of Brier and of log loss lie among them."""
_SURE: Final = 1 - 1e-9


def upper_bound(count: float, rows: int, surprise: float) -> float:
    """Return what the share behind `count` of `rows` exceeds with a chance of at most exp(-surprise); no rows: 1.

    Chernoff's bound, rows * KL(count/rows, b) = surprise: never above Hoeffding's √(surprise/2 rows), and far below it
    for rare events, where most categories and all missing values are.
    """
    if rows == 0 or count >= rows:
        return 1.0
    share = count / rows
    allowed = surprise / rows
    low, high = share, min(1.0, share + sqrt(allowed / 2))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if divergence(share, middle) > allowed else (middle, high)
    return high


def divergence(share: float, other: float) -> float:
    """Return KL(share, other) of two coins in nats."""
    if not 0 < other < 1:
        return 0.0 if share == other else inf
    found = share * log(share / other) if share > 0 else 0.0
    return found + ((1 - share) * log((1 - share) / (1 - other)) if share < 1 else 0.0)


def mean_bound(losses: Sequence[tuple[float, int]], surprise: float) -> float:
    """Return what the mean behind (loss from 0 to 1, rows) exceeds with a chance of at most exp(-surprise); of none: 1.

    Where the mean is b or more, that of Π (1 + λ (b - x)) over independent rows is at most 1 for a λ from 0 to 1 that
    the number of rows alone decides, and so is that of several: a b for which it exceeds exp(surprise) is refused, and
    all above it (Waudby-Smith and Ramdas 2023). That sees how little losses differ, which Chernoff's bound does not:
    most of Brier's are small.
    """
    rows = sum(count for _, count in losses)
    if rows == 0:
        return 1.0
    target = surprise + log(len(_SPREADS))
    stakes = [min(1.0, sqrt(2 * target / (rows * spread))) for spread in _SPREADS]
    low, high = min(1.0, sum(loss * count for loss, count in losses) / rows), 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        logs = [sum(count * log1p(stake * (middle - loss)) for loss, count in losses) for stake in stakes]
        low, high = (low, middle) if log_mean(logs) > surprise else (middle, high)
    return high


@dataclass(frozen=True)
class Above:
    """Tests whether a share is above a bound, which is above 0 and below 1."""

    bound: float
    steps: tuple[float, ...] = STEPS

    @cached_property
    def _shares(self) -> tuple[float, ...]:
        return tuple(min(self.bound + step, (1 + self.bound) / 2) for step in self.steps)

    @cached_property
    def _terms(self) -> tuple[tuple[float, float], ...]:
        """What the log gains for each count, and for each row."""
        rest = [log1p((self.bound - q) / (1 - self.bound)) for q in self._shares]
        return tuple((log(q / self.bound) - miss, miss) for q, miss in zip(self._shares, rest, strict=True))

    def log_e(self, count: float, rows: float, least: float = -inf) -> float:
        """Return the log of the e-value of `count` of `rows`, or -inf where that is seen to be below `least`."""
        gain, loss = self._terms[0]
        if count * gain + rows * loss < least and count <= rows * self.bound:
            return -inf  # the log likelihood is concave and 0 at the bound: further q say even less
        return log_mean([count * gain + rows * loss for gain, loss in self._terms])

    def log_bets(self, losses: Sequence[tuple[float, float]]) -> list[float]:
        """Return for each step the log of the e-value of (loss from 0, how many): "the mean is above the bound"."""
        stakes = [(q - self.bound) / (self.bound * (1 - self.bound)) for q in self._shares]
        return [sum(count * log1p(stake * (loss - self.bound)) for loss, count in losses) for stake in stakes]

    def log_p(self, count: float, rows: float) -> float:
        """Return the log of the p-value of `count` of `rows` (Chernoff)."""
        if rows == 0 or count <= rows * self.bound:
            return 0.0
        return -rows * divergence(count / rows, self.bound)


def above(count: float, rows: int, surprise: float, allowed: float, steps: tuple[float, ...] = STEPS) -> Above | None:
    """Return the test of "more than in the reference by more than `allowed`"; None: nothing could show that."""
    return _beyond(upper_bound(count, rows, surprise) + allowed, steps)


def above_mean(
    losses: Sequence[tuple[float, int]], surprise: float, allowed: float, steps: tuple[float, ...] = STEPS
) -> Above | None:
    """Return the same of (loss from 0 to 1, rows) of the reference."""
    return _beyond(mean_bound(losses, surprise) + allowed, steps)


def _beyond(bound: float, steps: tuple[float, ...]) -> Above | None:
    return Above(bound, steps) if 0 < bound < _SURE else None


def log_mean(logs: Sequence[float]) -> float:
    """Return the log of the mean of numbers given by their logs; of none: that of 0."""
    top = max(logs, default=-inf)
    if top == -inf:
        return -inf
    return top + log(sum([exp(one - top) for one in logs]) / len(logs))
