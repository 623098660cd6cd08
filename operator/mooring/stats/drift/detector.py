"""Evidence over windows without end: Shiryaev-Roberts on e-values (Shin, Ramdas and Rinaldo 2024).

R ← e (R + 1): as long as there is no change, R - (number of steps) is a supermartingale, and so is every weighted mean
of such R, whatever their streams have to do with one another. So the mean number of steps to R ≥ A is at least A.
Averaged after, not before: a mean of e-values loses a factor of the number of streams in every window.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, floor, inf, log, log1p
from typing import Final

UNIT: Final = 1000
"""Levels are whole thousandths, rounded down, which keeps the promise and makes a quiet stream a 0."""
MOST: Final = 10**15
"""R is not counted beyond this."""
_LOG_MOST = log(MOST)
_LOG_UNIT = log(UNIT)


def advance(level: int, log_e: float) -> int:
    """Return the level after one more e-value."""
    if log_e == -inf:
        return 0
    return floor(UNIT * exp(min(_LOG_MOST, log_e + log1p(level / UNIT))))


def matters(level: int) -> float:
    """Return the log of the least e-value after which the level is not 0."""
    return -_LOG_UNIT - log1p(level / UNIT) if level else -_LOG_UNIT


def value(level: int) -> float:
    """Return R."""
    return level / UNIT


def mean(levels: Sequence[int]) -> float:
    """Return the mean of R; of none 0."""
    return sum(levels) / (UNIT * len(levels)) if levels else 0.0
