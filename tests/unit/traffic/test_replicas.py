"""Dividing by numbers of pods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.reconcile.plan import LABEL_ARM, LABEL_OWNER, LABEL_OWNER_KIND
from mooring.reconcile.traffic.replicas import Replicas, Sizes, sizes
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.objects import deployment

REPLICAS, WEIGHTS, SURGE = st.integers(1, 60), st.integers(0, 100), st.integers(0, 20)


@given(REPLICAS, WEIGHTS, SURGE)
def test_no_other_numbers_come_nearer(replicas: int, weight: int, surge: int) -> None:
    chosen = sizes(replicas, weight, surge)
    assert replicas <= chosen.stable + chosen.canary <= replicas + surge
    if 0 < weight < 100 and replicas + surge > 1:
        assert min(chosen.stable, chosen.canary) >= 1
        others = [Sizes(t - c, c, weight) for t in range(replicas, replicas + surge + 1) for c in range(1, t)]
        assert all(chosen.error <= other.error + 1e-6 for other in others)


@given(REPLICAS, SURGE)
def test_none_and_all_are_exact(replicas: int, surge: int) -> None:
    assert (sizes(replicas, 0, surge).canary, sizes(replicas, 100, surge).stable) == (0, 0)


@pytest.mark.parametrize(
    ("replicas", "weight", "surge", "wanted"),
    [
        (2, 75, 0, (1, 1)),
        (5, 90, 0, (1, 4)),
        (10, 95, 0, (1, 9)),
        (4, 50, 0, (2, 2)),
        (2, 50, 4, (1, 1)),
        (3, 50, 0, (2, 1)),
        (1, 5, 0, (1, 0)),
        (1, 5, 1, (1, 1)),
    ],
)
def test_the_canary_is_never_left_out_and_ties_go_to_fewer_of_its_pods(
    replicas: int, weight: int, surge: int, wanted: tuple[int, int]
) -> None:
    chosen = sizes(replicas, weight, surge)
    assert (chosen.stable, chosen.canary) == wanted


def test_the_service_leads_to_both_arms_only_while_both_are_asked() -> None:
    both = {LABEL_OWNER_KIND: "ModelDeployment", LABEL_OWNER: "income"}
    leads = Replicas().selector
    assert leads(deployment(), Split("one", "two", 50)) == both
    assert leads(deployment(), Split("one", "two", 0)) == {LABEL_ARM: "one"}
    assert leads(deployment(), Split("one", "two", 100)) == {LABEL_ARM: "two"}
    assert leads(deployment(), Split("one", "two", 50, idle=("zero",))) == {LABEL_ARM: "one"}
