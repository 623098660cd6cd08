"""The inequality behind every alarm: on average no evidence against what is true."""

from __future__ import annotations

from math import comb, exp, inf, isfinite, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.stats.drift.detector import MOST, UNIT, advance, matters, mean, value
from mooring.stats.drift.evalue import Above, above, divergence, log_mean, upper_bound

SHARES = st.floats(0.001, 0.999)


def binomial(rows: int, share: float) -> list[float]:
    return [comb(rows, count) * share**count * (1 - share) ** (rows - count) for count in range(rows + 1)]


@settings(max_examples=100, deadline=None)
@given(SHARES, st.integers(1, 60), st.floats(0, 1))
def test_the_mean_e_value_is_at_most_one_wherever_the_share_is_within_the_bound(
    bound: float, rows: int, part: float
) -> None:
    test = Above(bound)
    chances = binomial(rows, bound * part)
    assert sum(chance * exp(test.log_e(count, rows)) for count, chance in enumerate(chances)) <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.floats(0.02, 0.7), st.integers(1, 8), st.integers(1, 8), st.floats(0, 1))
def test_the_mean_is_at_most_one_for_weighted_losses_that_are_harmless_only_together(
    bound: float, light: int, heavy: int, part: float
) -> None:
    """Rows of two bins with weights that sum to their number; one bin loses more than the bound, the other less."""
    rows = light + heavy
    weights = (0.5, (rows - 0.5 * light) / heavy)
    whole = bound * rows
    of_heavy = min(1.0, part * whole / (weights[1] * heavy))
    of_light = min(1.0, (whole - of_heavy * weights[1] * heavy) / (weights[0] * light))
    expected = 0.0
    for first, chance in enumerate(binomial(light, of_light)):
        for second, other in enumerate(binomial(heavy, of_heavy)):
            losses = [(weights[0], first), (weights[1], second), (0.0, rows - first - second)]
            expected += chance * other * exp(log_mean(Above(bound).log_bets(losses)))
    assert expected <= 1 + 1e-9


@given(SHARES, st.integers(0, 5000), st.integers(0, 5000))
def test_bets_on_losses_of_zero_and_one_are_the_likelihood_ratio(bound: float, lost: int, kept: int) -> None:
    test = Above(bound)
    assert log_mean(test.log_bets([(1.0, lost), (0.0, kept)])) == pytest.approx(
        test.log_e(lost, lost + kept), rel=1e-6, abs=1e-6
    )


@given(SHARES, st.integers(1, 10**6), st.floats(0, 1))
def test_what_is_rounded_to_nothing_was_next_to_nothing(bound: float, rows: int, part: float) -> None:
    test, count = Above(bound), int(part * rows)
    if test.log_e(count, rows, least=-7.0) == -inf:
        assert test.log_e(count, rows) <= -7.0


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.1, 30))
def test_the_reference_misleads_as_seldom_as_it_is_allowed_to(lost: int, kept: int, surprise: float) -> None:
    rows = lost + kept
    bound = upper_bound(lost, rows, surprise)
    if rows == 0 or kept == 0:
        assert bound == 1
        return
    assert lost / rows < bound <= min(1, lost / rows + sqrt(surprise / (2 * rows))) + 1e-12
    assert rows * divergence(lost / rows, bound) == pytest.approx(surprise, rel=1e-3) or bound > 1 - 1e-9
    assert sum(binomial(rows, bound)[: lost + 1]) <= exp(-surprise) * 1.01 + 1e-12


def test_a_rare_event_has_a_bound_far_below_hoeffdings() -> None:
    assert upper_bound(0, 20_000, 8) < 0.0005 < 0.01 < sqrt(8 / 40_000)


def test_where_nothing_could_be_shown_there_is_no_test() -> None:
    assert above(0, 0, 3.0, 0.05) is None
    assert above(999, 1000, 3.0, 0.05) is None
    assert above(0, 8, 8.0, 0.4) is None
    assert above(10, 1000, 3.0, 0.05) is not None


@given(st.integers(0, MOST * UNIT), st.floats(-1e6, 1e6))
def test_a_detector_neither_overflows_nor_rounds_up(level: int, log_e: float) -> None:
    after = advance(level, log_e)
    assert 0 <= after <= MOST * UNIT * 1.001
    if abs(log_e) < 20 and value(level) < 1e6:
        assert after / UNIT <= exp(log_e) * (value(level) + 1) * (1 + 1e-9)
        assert after / UNIT >= exp(log_e) * (value(level) + 1) * (1 - 1e-9) - 1 / UNIT
    if log_e < matters(level) - 1e-9:
        assert after == 0


def test_evidence_of_nothing_brings_a_detector_to_nothing() -> None:
    assert advance(5000, -inf) == 0
    assert mean([]) == 0
    assert isfinite(value(advance(MOST * UNIT, inf)))


def test_a_fair_game_reaches_the_threshold_no_sooner_than_after_as_many_steps() -> None:
    """e is 2 or 0 with the same chance: R is 2 + 4 + … + 2^k after k hits in a row, so the time is known."""
    hits, level = 0, 0
    while value(level) < 1000:
        level, hits = advance(level, log(2)), hits + 1
    assert 2 ** (hits + 1) - 2 >= 1000  # the mean time to so many hits in a row
