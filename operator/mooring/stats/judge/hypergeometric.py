"""Fisher's noncentral hypergeometric distribution: the logarithms of its normalisers, fast at any count.

Of `drawn` failures among `canary` + `stable` requests, x are the canary's with probability C(canary, x)
C(stable, drawn − x) ψ^x / Z(ψ). For two odds ratios only the ratio of the Z matters.

Few x are summed, once for all odds ratios. For many, Z(ψ) is the coefficient of z^drawn in (1 + ψz)^canary
(1 + z)^stable, found at its saddle point with two correction terms (Daniels 1954, Annals of Mathematical Statistics 25;
the second in Barndorff-Nielsen and Cox 1989, section 6.3). What is left is of the order of 0.003/v³, where v, the
variance of the failures if they were not drawn but came by themselves, is `LEAST_VARIANCE` or more.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from math import exp, lgamma, log, log1p, pi, sqrt
from operator import mul

EXACT_SUPPORT = 128
"""Up to so many values of x, all are summed."""
LEAST_VARIANCE = 120.0
"""For the saddle point to be as exact as it must be."""
_REACH = 40
"""Eight deviations: with that variance of both arms, the canary's is at most a quarter of it."""
_TABLE_LIMIT = 1 << 17
_table = array("d", [0.0])


def log_normalisers(canary: int, stable: int, drawn: int, odds: Sequence[float]) -> list[float]:
    """Return log Z(ψ) for each ψ of `odds`, up to one constant for all of them; error at most 3e-8."""
    low, high = max(0, drawn - stable), min(canary, drawn)
    if high - low < EXACT_SUPPORT:
        return _summed(canary, stable, drawn, low, high, odds)
    return [_at_saddle(canary, stable, drawn, psi) for psi in odds]


def _summed(canary: int, stable: int, drawn: int, low: int, high: int, odds: Sequence[float]) -> list[float]:
    """Return log Σ ψ^x / (x! (canary − x)! (drawn − x)! (stable − drawn + x)!) over x from `low` to `high`."""
    terms = _log_terms(canary, stable, drawn, low, high)
    top = max(terms)
    weights = [exp(term - top) for term in terms]
    return [log(sum(map(mul, weights, _powers(psi)))) + low * log(psi) + top for psi in odds]


def _near_mode(canary: int, stable: int, drawn: int, psi: float) -> float:
    """Return log Z where the variance is small: no x far from the mode (Liao and Rosen 2001) matters."""
    a, b = psi - 1, (canary + drawn) * psi + stable - drawn
    c = psi * canary * drawn
    mode = int(2 * c / (b + sqrt(max(b * b - 4 * a * c, 0.0))))
    low = max(0, drawn - stable, mode - _REACH)
    high = min(canary, drawn, mode + _REACH)
    constant = lgamma(canary + 1) + lgamma(stable + 1) + log(2 * pi) / 2
    return _summed(canary, stable, drawn, low, high, [psi])[0] + constant


def _at_saddle(canary: int, stable: int, drawn: int, psi: float) -> float:
    """Return log Z, but for the log of √2π."""
    a = psi * (canary + stable - drawn)
    b = (canary - drawn) * psi + stable - drawn
    root = sqrt(b * b + 4 * a * drawn)
    z = 2 * drawn / (b + root) if b > 0 else (root - b) / (2 * a)
    p, q = psi * z / (1 + psi * z), z / (1 + z)
    v, w = p * (1 - p), q * (1 - q)
    nv, mw = canary * v, stable * w
    skew_p, skew_q = 1 - 2 * p, 1 - 2 * q
    k2 = nv + mw
    if k2 < LEAST_VARIANCE:
        return _near_mode(canary, stable, drawn, psi)
    k3 = (nv * skew_p + mw * skew_q) ** 2 / k2**3  # squared, and all of them in units of the variance
    k4 = (nv * (1 - 6 * v) + mw * (1 - 6 * w)) / (k2 * k2)
    k35 = (nv * skew_p + mw * skew_q) * (nv * skew_p * (1 - 12 * v) + mw * skew_q * (1 - 12 * w)) / k2**4
    k6 = (nv * (1 - 30 * v + 120 * v * v) + mw * (1 - 30 * w + 120 * w * w)) / k2**3
    first = k4 / 8 - 5 * k3 / 24
    second = -k6 / 48 + 35 * k4 * k4 / 384 + 7 * k35 / 48 - 35 * k3 * k4 / 64 + 385 * k3 * k3 / 1152
    exponent = canary * log1p(psi * z) + stable * log1p(z) - drawn * log(z)
    return exponent - 0.5 * log(k2) + log1p(first + second)


def _log_terms(canary: int, stable: int, drawn: int, low: int, high: int) -> list[float]:
    """Return log C(canary, x) C(stable, drawn − x), less what does not depend on x."""
    rest = stable - drawn
    if max(canary, stable, drawn) >= _TABLE_LIMIT:
        return [
            -(lgamma(x + 1) + lgamma(canary - x + 1) + lgamma(drawn - x + 1) + lgamma(rest + x + 1))
            for x in range(low, high + 1)
        ]
    known = _log_factorials(max(canary, stable, drawn))
    parts = zip(
        known[low : high + 1],
        reversed(known[canary - high : canary - low + 1]),
        reversed(known[drawn - high : drawn - low + 1]),
        known[rest + low : rest + high + 1],
        strict=True,
    )
    return [-(one + two + three + four) for one, two, three, four in parts]


def _log_factorials(up_to: int) -> array[float]:
    if len(_table) <= up_to:
        _table.extend(map(lgamma, range(len(_table) + 1, min(2 * up_to, _TABLE_LIMIT) + 2)))
    return _table


@lru_cache(64)
def _powers(psi: float) -> Sequence[float]:
    return [psi**power for power in range(EXACT_SUPPORT)]
