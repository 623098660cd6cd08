"""Normalisers against the sums that define them."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, logsumexp
from scipy.stats import nchypergeom_fisher

from mooring.stats.judge.hypergeometric import log_normalisers

ODDS = (0.1875, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 133.0)


def summed(canary: int, stable: int, drawn: int) -> list[float]:
    x = np.arange(max(0, drawn - stable), min(canary, drawn) + 1, dtype=float)
    terms = -(gammaln(x + 1) + gammaln(canary - x + 1) + gammaln(drawn - x + 1) + gammaln(stable - drawn + x + 1))
    return [float(logsumexp(terms + x * np.log(psi))) for psi in ODDS]


def differences(logs: list[float]) -> np.ndarray:
    return np.array(logs) - logs[0]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 30_000), st.floats(0, 1))
def test_any_counts_are_summed_to_a_few_billionths(canary: int, stable: int, failed: float) -> None:
    drawn = round(failed * (canary + stable))
    found = differences(log_normalisers(canary, stable, drawn, ODDS))
    assert np.abs(found - differences(summed(canary, stable, drawn))).max() < 3e-8


def test_counts_of_all_sizes_are_summed_to_a_few_billionths() -> None:
    chance = random.Random(1)
    for _ in range(150):
        canary, stable = (int(10 ** chance.uniform(0, 5.5)) for _ in range(2))
        drawn = min(int(10 ** chance.uniform(0, 5.5)), canary + stable)
        found = differences(log_normalisers(canary, stable, drawn, ODDS))
        assert np.abs(found - differences(summed(canary, stable, drawn))).max() < 3e-8, (canary, stable, drawn)


def test_the_ratios_are_those_of_the_distribution() -> None:
    canary, stable, drawn, failed = 60, 540, 14, 6
    one, three = (nchypergeom_fisher(canary + stable, canary, drawn, psi).logpmf(failed) for psi in (1.5, 3.0))
    null, other = log_normalisers(canary, stable, drawn, (1.5, 3.0))
    assert abs((failed * np.log(2) - other + null) - (three - one)) < 1e-8


def test_counts_just_too_many_to_sum_are_as_exact() -> None:
    chance = random.Random(2)
    for _ in range(300):
        canary, stable, drawn = chance.randint(200, 600), chance.randint(200, 3000), chance.randint(130, 400)
        found = differences(log_normalisers(canary, stable, drawn, ODDS))
        assert np.abs(found - differences(summed(canary, stable, drawn))).max() < 3e-8, (canary, stable, drawn)
