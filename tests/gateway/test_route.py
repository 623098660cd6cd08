"""Our HTTPRoute on a real Gateway: accepted, divided as asked, and refused with the Gateway's own words."""

from __future__ import annotations

from collections import Counter

import pytest

from mooring.reconcile.traffic.gateway import Parent
from mooring.reconcile.traffic.split import Split
from tests.gateway.conftest import CANARY, SECONDS, STABLE, Town
from tests.support.kube import eventually

FROM_STABLE, FROM_CANARY = f"{STABLE} - -", f"{CANARY} - -"
BOTH = {FROM_STABLE, FROM_CANARY}


def settle(town: Town, answers: set[str]) -> None:
    """Wait until the route is taken over and these are the only answers left."""
    eventually("the Gateway took the route over", lambda: town.standing()[0] == "Accepted", SECONDS)
    eventually(f"answers are {answers}", lambda: set(town.ask(40)) == answers, SECONDS)


def test_requests_are_divided_within_what_conformance_allows(town: Town) -> None:
    town.route(Split(STABLE, CANARY, 30))
    settle(town, BOTH)
    counted = Counter(town.ask(1500))
    assert set(counted) == BOTH
    assert counted[FROM_CANARY] / 15 == pytest.approx(30, abs=5)


@pytest.mark.parametrize(
    ("split", "ready", "only"),
    [
        (Split(STABLE, CANARY, 0), None, FROM_STABLE),
        (Split(STABLE, CANARY, 100), None, FROM_CANARY),
        (Split(STABLE, CANARY, 30), {STABLE: 1, CANARY: 0}, FROM_STABLE),
    ],
)
def test_none_and_all_are_exact_and_what_is_not_ready_gets_nothing(
    town: Town, split: Split, ready: dict[str, int] | None, only: str
) -> None:
    town.route(split, ready)
    settle(town, {only})
    assert Counter(town.ask(300)) == {only: 300}


def test_testers_choose_and_are_marked_and_nobody_else_is(town: Town) -> None:
    town.route(Split(STABLE, CANARY, 0))
    settle(town, {FROM_STABLE})
    assert set(town.ask(20, x_mooring_role="canary")) == {f"{CANARY} canary canary"}
    assert set(town.ask(20, x_mooring_override="1", x_mooring_role="shadow")) == {FROM_STABLE}


def test_what_the_gateway_objects_to_is_said(town: Town) -> None:
    town.route(Split(STABLE), parent=Parent("public", None, "https"))
    said = eventually("the Gateway objects", lambda: _refusal(town), SECONDS)
    assert "NoMatchingParent" in said or "listener" in said.lower()


def _refusal(town: Town) -> str | None:
    verdict, said = town.standing()
    return said if verdict == "Refused" else None
