"""Fisher's noncentral hypergeometric distribution: the logarithms of its normalisers, fast at any count.

Of `drawn` failures among `canary` + `stable` requests, x are the canary's with probability C(canary, x)
C(stable, drawn − x) ψ^x / Z(ψ). For two odds ratios only the ratio of the Z matters.

Z is summed on a lattice of stride s around the mode. Since Σ_x Z_x t^x has only real roots (it is a Jacobi polynomial),
X is a sum of independent Bernoulli variables (Vatutin and Mikhailov 1982), so |E exp(iφX)| ≤ exp(−σ²(1 − cos φ)), and
what the lattice misses is at most Σ_{j<s} exp(−σ²(1 − cos(2πj/s))): below 1e-8 for s ≤ σ/1.2 from σ = 3.1 on.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import exp, lgamma, log, sqrt
from operator import mul

EXACT_SUPPORT = 48
"""Up to so many values of x, all are summed, once for all odds ratios."""
_LATTICE_FROM = 3.1
_TABLE_LIMIT = 1 << 17
_table = array("d", [0.0])


def log_normalisers(canary: int, stable: int, drawn: int, odds: Sequence[float]) -> list[float]:
    """Return log Z(ψ) for each ψ of `odds`, up to one constant for all of them; error at most 3e-8."""
    low, high = max(0, drawn - stable), min(canary, drawn)
    if high - low < EXACT_SUPPORT:
        return _exact(canary, stable, drawn, low, high, odds)
    return [_lattice(canary, stable, drawn, low, high, psi) for psi in odds]


def _exact(canary: int, stable: int, drawn: int, low: int, high: int, odds: Sequence[float]) -> list[float]:
    count = high - low + 1
    terms = _log_terms(canary, stable, drawn, low, high, 1)
    top = max(terms)
    weights = [exp(term - top) for term in terms]
    found = []
    for psi in odds:
        powers = _powers(psi, count)
        found.append(log(sum(map(mul, weights, powers))) + top + low * log(psi))
    return found


def _lattice(canary: int, stable: int, drawn: int, low: int, high: int, psi: float) -> float:
    """Return log Z by a strided sum over 7 standard deviations and a little to both sides of the mode."""
    mode, sigma = _mode(canary, stable, drawn, psi)
    stride = 1 if sigma < _LATTICE_FROM else int(sigma / 1.2)
    reach = 7 * sigma + 6
    first, last = max(low, int(mode - reach)), min(high, int(mode + reach))
    tilt = log(psi)
    terms = _log_terms(canary, stable, drawn, first, last, stride)
    centre = min(int((mode - first) / stride), len(terms) - 1)
    middle = first + centre * stride
    top, step = terms[centre], tilt * stride
    at = -centre * step - top
    total = 0.0
    for term in terms:
        total += exp(term + at)
        at += step
    return log(total * stride) + top + tilt * middle


def _mode(canary: int, stable: int, drawn: int, psi: float) -> tuple[float, float]:
    """Return the mode (Liao and Rosen 2001, real instead of whole) and the deviation of the normal around it."""
    a = psi - 1
    b = (canary + drawn) * psi + stable - drawn
    c = psi * canary * drawn
    mode = 2 * c / (b + sqrt(max(b * b - 4 * a * c, 0.0)))
    cells = (mode, canary - mode, drawn - mode, stable - drawn + mode)
    return mode, sqrt(1 / sum(1 / max(cell, 0.1) for cell in cells))


def _log_terms(canary: int, stable: int, drawn: int, first: int, last: int, stride: int) -> list[float]:
    """Return log C(canary, x) C(stable, drawn − x), less what does not depend on x, at every `stride`th x."""
    points = range(first, last + 1, stride)
    if max(canary, stable, drawn) < _TABLE_LIMIT:
        known = _log_factorials(max(canary, stable, drawn))
        rest = stable - drawn
        end = points[-1]
        parts = zip(
            known[first : end + 1 : stride],
            known[canary - end : canary - first + 1 : stride][::-1],
            known[drawn - end : drawn - first + 1 : stride][::-1],
            known[rest + first : rest + end + 1 : stride],
            strict=True,
        )
        return [-(one + two + three + four) for one, two, three, four in parts]
    return [
        -(lgamma(x + 1) + lgamma(canary - x + 1) + lgamma(drawn - x + 1) + lgamma(stable - drawn + x + 1))
        for x in points
    ]


def _log_factorials(up_to: int) -> array[float]:
    if len(_table) <= up_to:
        _table.extend(map(lgamma, range(len(_table) + 1, 2 * up_to + 2)))
    return _table


def _powers(psi: float, count: int) -> Sequence[float]:
    known = _known_powers.get(psi)
    if known is None:
        known = _known_powers[psi] = [psi**power for power in range(EXACT_SUPPORT)]
    return known[:count]


_known_powers: dict[float, list[float]] = {}
