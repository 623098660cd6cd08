"""Scores of change points, as the benchmark of van den Burg and Williams defines them."""

import numpy as np
import pytest

from bench.drifting.annotated import Series, covering, drifted, every, f_measure, ours
from bench.drifting.ours import alarmed

NOTHING = frozenset[int]()


def test_who_finds_what_all_marked_has_all():
    marked = (frozenset({40, 80}), frozenset({40, 80}))
    assert f_measure(marked, frozenset({40, 80})) == 1
    assert covering(marked, frozenset({40, 80}), 100) == 1


def test_a_point_counts_within_five_and_once():
    marked = (frozenset({40}),)
    assert f_measure(marked, frozenset({45})) == 1
    assert f_measure(marked, frozenset({46})) == pytest.approx(1 / 2)
    assert f_measure(marked, frozenset({38, 41})) == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))


def test_precision_counts_what_anyone_marked_and_recall_is_the_mean_of_all():
    marked = (frozenset({40}), frozenset({40, 80}), NOTHING)
    recall = (1 + 2 / 3 + 1) / 3
    assert f_measure(marked, frozenset({40})) == pytest.approx(2 * recall / (1 + recall))


def test_covering_is_the_best_overlap_of_each_segment_by_its_length():
    marked = (frozenset({50}),)
    assert covering(marked, NOTHING, 100) == pytest.approx(0.5)
    assert covering(marked, frozenset({60}), 100) == pytest.approx((50 * 50 / 60 + 50 * 40 / 50) / 100)
    assert covering((NOTHING,), frozenset({25, 50, 75}), 100) == 0.25


def test_who_does_not_look_finds_a_point_now_and_then():
    assert every(50, 120) == {50, 100}
    assert every(50, 100) == {50}


def test_ours_finds_a_level_that_jumps_and_nothing_in_one_that_stays():
    random = np.random.default_rng(0)
    still = random.normal(size=(600, 1))
    assert ours(Series("still", still, ()), alarmed) == NOTHING
    jumped = still + np.where(np.arange(600) < 300, 0.0, 2.0)[:, None]
    assert ours(Series("jumped", jumped, ()), alarmed) == {350}
    assert ours(Series("jumped", jumped, ()), drifted) == NOTHING, (
        "values beyond the range are broken data, and told so"
    )
