"""What the figures of drift rest on: thresholds set on quiet runs, versions in use, and the best in hindsight."""

from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.drifting.decisions import hindsight, in_use
from bench.drifting.delay import between, least
from bench.drifting.tables import Stream, digest, windows

scores = arrays(np.float64, (4, 6), elements=st.integers(0, 20).map(float))


def test_a_run_counts_up_to_its_first_alarm():
    assert between(np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]), 1.0) == 2 + 3


def test_without_an_alarm_there_is_no_rate():
    assert between(np.zeros((2, 3)), 1.0) == inf


@given(scores)
def test_the_threshold_is_the_least_that_is_seldom_enough(found):
    threshold = least(found, 8)
    assert between(found, threshold) >= 8
    assert all(between(found, lower) < 8 for lower in np.unique(found) if lower < threshold)


def test_a_version_answers_from_the_block_after_its_alarm():
    assert in_use(np.array([False, True, False, True])).tolist() == [0, 0, 2, 2]


@given(arrays(np.int64, (5, 5), elements=st.integers(0, 50)), st.integers(0, 60))
def test_no_policy_beats_hindsight(wrong, price):
    def cost(fired):
        return wrong[in_use(fired), np.arange(5)].sum() + price * fired.sum()

    every = (np.array(fired) for fired in product([False, True], repeat=5))
    assert cost(hindsight(wrong, price)) == min(map(cost, every))


def test_a_stream_changes_where_it_says():
    stream = Stream(0, 10, 4000, 4, numbers=2, texts=(20,), moved=1.0, swapped=0.1, change=2)
    rows = list(windows(stream))
    assert [round(float(one.numbers[:, 0].mean())) for one in rows] == [0, 0, 1, 1]
    assert np.mean(rows[3].codes == 0) == pytest.approx(np.mean(rows[0].codes == 0) - 0.1, abs=0.03)


def test_two_seeds_are_other_rows():
    assert digest(Stream(0, 5, 5, 1)) != digest(Stream(1, 5, 5, 1))
