"""One leader: others stand by, take over from a dead one, and are let in at once by one that ends."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.operator.berths import berth, berth_is_made, operator
from tests.support.kube import Kube, eventually


@pytest.fixture
def lease(kube: Kube) -> tuple[str, ...]:
    """Arguments of candidates for one Lease, in the test's own namespace."""
    name = f"lease-{uuid.uuid4().hex[:6]}"
    return ("--namespace", kube.namespace, "--lease-name", name, "--lease-seconds", "4")


def test_one_leads_and_the_other_is_live_and_ready(kube: Kube, lease: tuple[str, ...]) -> None:
    with operator(kube, lease) as first:
        eventually("the first leads", first.leads)
        with operator(kube, lease) as second:
            eventually("the second stands by", lambda: "standing by" in "".join(second.log))
            assert second.get("/healthz")[0] == 200
            assert second.get("/readyz")[0] == 200
            assert not second.leads()
            assert first.leads()


def test_a_killed_leader_is_replaced_after_the_lease_and_not_before(kube: Kube, lease: tuple[str, ...]) -> None:
    with operator(kube, lease) as first, operator(kube, lease) as second:
        leader, standby = _sorted(first, second)
        leader.kill()
        killed = time.monotonic()
        eventually("the standby leads", standby.leads)
        assert time.monotonic() - killed > 2.5
        kube.create(berth("one"))
        eventually("it works", lambda: berth_is_made(kube, "one"))


def test_a_leader_that_is_told_to_end_lets_the_next_one_in_at_once(kube: Kube, lease: tuple[str, ...]) -> None:
    with operator(kube, lease) as first, operator(kube, lease) as second:
        leader, standby = _sorted(first, second)
        leader.process.terminate()
        told = time.monotonic()
        eventually("the standby leads", standby.leads)
        assert time.monotonic() - told < 2
        assert leader.process.wait(5) == 0


def test_a_leader_whose_lease_is_taken_ends_at_once(kube: Kube, lease: tuple[str, ...]) -> None:
    with operator(kube, lease, wait_ready=False) as leader:
        eventually("it leads", leader.leads)
        kube.merge("Lease", lease[3], {"spec": {"holderIdentity": "somebody-else"}})
        assert leader.process.wait(10) == 3
        assert "the lease" in "".join(str(entry) for entry in leader.entries())


def test_a_standby_ends_when_told(kube: Kube, lease: tuple[str, ...]) -> None:
    with operator(kube, lease) as first:
        eventually("the first leads", first.leads)
        with operator(kube, lease) as second:
            second.process.terminate()
            assert second.process.wait(5) == 0


def _sorted(first: Any, second: Any) -> tuple[Any, Any]:
    """Return the leader and the standby."""
    eventually("one leads", lambda: first.leads() or second.leads())
    return (first, second) if first.leads() else (second, first)
