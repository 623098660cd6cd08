"""Each e-value's mean under its null hypothesis, summed over all outcomes: never above 1."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, nchypergeom_fisher

from mooring.stats.judge import Labels, Pairs, Tolerance
from mooring.stats.judge.binomial import log_above, log_below
from mooring.stats.judge.odds import NO_WORSE, UNIT, WORSE, OddsEvidence, Side
from mooring.stats.judge.quality import GAPS, LabelEvidence, log_no_worse, log_worse

TOLERANCE = Tolerance(1.5, 0.01)


def side(requests: int, bad: int, bucket: int = 0) -> Side:
    """Return counts of one bucket of callers."""
    counts = [tuple(n if b == bucket else 0 for b in range(16)) for n in (requests, bad)]
    return Side(counts[0], counts[1])


def one_block(canary: int, stable: int, bad: int, drawn: int) -> OddsEvidence:
    return OddsEvidence().folded(side(stable, drawn - bad), side(canary, bad), TOLERANCE)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 300), st.floats(0, 1), st.floats(0.2, 1.5))
def test_no_bet_on_worse_pays_on_average_while_it_is_no_worse(
    canary: int, stable: int, failed: float, psi: float
) -> None:
    drawn = round(failed * (canary + stable))
    law = nchypergeom_fisher(canary + stable, canary, drawn, psi)
    low, high = max(0, drawn - stable), min(canary, drawn)
    for k in range(len(WORSE)):
        mean = sum(
            law.pmf(x) * exp(UNIT * one_block(canary, stable, x, drawn).sums[0][k]) for x in range(low, high + 1)
        )
        assert mean <= 1 + 1e-7
        assert psi < 1.5 or mean > 1 - 1e-5  # and it is not wasteful either


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 300), st.floats(0, 1), st.floats(1.5, 6))
def test_no_bet_on_no_worse_pays_on_average_while_it_is_worse(
    canary: int, stable: int, failed: float, psi: float
) -> None:
    drawn = round(failed * (canary + stable))
    law = nchypergeom_fisher(canary + stable, canary, drawn, psi)
    low, high = max(0, drawn - stable), min(canary, drawn)
    for k in range(len(WORSE), len(WORSE) + len(NO_WORSE)):
        mean = sum(
            law.pmf(x) * exp(UNIT * one_block(canary, stable, x, drawn).sums[0][k]) for x in range(low, high + 1)
        )
        assert mean <= 1 + 1e-7


@pytest.mark.parametrize("bound", [0.01, 0.1, 0.4])
def test_a_share_at_the_bound_pays_neither_side(bound: float) -> None:
    for count in (1, 7, 300):
        law = binom(count, bound).pmf(range(count + 1))
        for evidence in (log_above, log_below):
            mean = float(law @ np.exp([evidence(count, bad, bound) for bad in range(count + 1)]))
            assert mean == pytest.approx(1, abs=1e-9)


@given(st.floats(0.005, 0.2), st.floats(0, 1), st.floats(0, 1))
def test_pairs_at_the_tolerance_pay_neither_side(tolerance: float, moved: float, worse: float) -> None:
    better = max(0.0, (1 - tolerance) / 2 * worse - tolerance)
    chances = (better + tolerance, 1 - 2 * better - tolerance, better)
    for evidence in (log_worse, log_no_worse):
        outcomes = (Pairs(1, 0, 0), Pairs(0, 1, 0), Pairs(0, 0, 1))
        mean = sum(
            p * exp(evidence(pairs, LabelEvidence(), tolerance)) for p, pairs in zip(chances, outcomes, strict=True)
        )
        assert mean == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("stable", "canary"), [(10, 10), (40, 10), (12, 30)])
@pytest.mark.parametrize("base", [0.02, 0.1, 0.4])
def test_labels_at_the_tolerance_pay_neither_side(stable: int, canary: int, base: float) -> None:
    tolerance = 0.05
    means = np.zeros(2 * len(GAPS))
    chances = [binom(n, rate).pmf(range(n + 1)) for n, rate in ((stable, base), (canary, base + tolerance))]
    for lost, p in enumerate(chances[0]):
        for canary_lost, q in enumerate(chances[1]):
            after = LabelEvidence().folded(Labels(stable, lost), Labels(canary, canary_lost), tolerance)
            means += p * q * np.exp(UNIT * np.array([*after.worse, *after.no_worse]))
    assert means.max() <= 1 + 1e-9
    assert means.max() > 0.9


def test_losses_between_right_and_wrong_pay_no_more_than_their_sum() -> None:
    halves = LabelEvidence().folded(Labels(20, 2.0), Labels(20, 10.0), 0.01)
    assert halves == LabelEvidence().folded(Labels(20, 2), Labels(20, 10), 0.01)


@given(st.integers(1, 40), st.integers(1, 400), st.integers(0, 60), st.integers(0, 39))
def test_more_failures_of_the_canary_are_worse(canary: int, stable: int, stable_bad: int, bad: int) -> None:
    bad, stable_bad = min(bad, canary - 1), min(stable_bad, stable)
    few, many = (OddsEvidence().folded(side(stable, stable_bad), side(canary, b), TOLERANCE) for b in (bad, bad + 1))
    assert many.log_worse() >= few.log_worse() - 1e-5
    assert many.log_no_worse(TOLERANCE) <= few.log_no_worse(TOLERANCE) + 1e-5


BLOCKS = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 30), st.integers(0, 200), st.floats(0, 1), st.floats(0, 1)), max_size=6
)


@settings(deadline=None)
@given(BLOCKS, st.randoms())
def test_the_order_of_blocks_changes_nothing(blocks: list[tuple[int, int, int, float, float]], chance: object) -> None:
    sides = [(side(s, round(s * p), b), side(c, round(c * q), b)) for b, c, s, p, q in blocks]
    shuffled = list(sides)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one = other = OddsEvidence()
    for stable, canary in sides:
        one = one.folded(stable, canary, TOLERANCE)
    for stable, canary in shuffled:
        other = other.folded(stable, canary, TOLERANCE)
    assert one == other


def test_a_block_of_one_arm_or_without_failures_says_nothing_of_the_odds() -> None:
    for stable, canary in ((side(50, 5), side(0, 0)), (side(0, 0), side(50, 5)), (side(50, 0), side(50, 0))):
        assert OddsEvidence().folded(stable, canary, TOLERANCE).sums == OddsEvidence().sums
