"""Election, with clocks of our own: two processes never trust their leases at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mooring.control.errors import ConflictError, LeaseLostError, UnavailableError
from mooring.control.lease import Durations, Election

DURATIONS = Durations(lease=15, deadline=10, retry=0.001)


class Server:
    """A Lease with optimistic locking, and a server that can be away."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.away = False

    async def read(self) -> dict[str, Any] | None:
        if self.away:
            raise UnavailableError(0, "Unreachable", "away")
        return self.lease

    async def create(self, spec: Any) -> dict[str, Any]:
        if self.lease is not None:
            raise ConflictError(409, "AlreadyExists", "exists")
        self.lease = {"metadata": {"resourceVersion": "1"}, "spec": dict(spec)}
        return self.lease

    async def replace(self, lease: Any, spec: Any) -> dict[str, Any]:
        assert self.lease is not None
        if self.away:
            raise UnavailableError(0, "Unreachable", "away")
        if lease["metadata"] != self.lease["metadata"]:
            raise ConflictError(409, "Conflict", "changed")
        version = str(int(self.lease["metadata"]["resourceVersion"]) + 1)
        self.lease = {"metadata": {"resourceVersion": version}, "spec": dict(spec)}
        return self.lease


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_the_first_leads(server: Server, clock: Clock) -> None:
    first = Election(server, "first", DURATIONS, clock)
    await first.acquire()
    assert first.holds
    assert server.lease is not None
    assert server.lease["spec"]["holderIdentity"] == "first"


async def test_a_lease_counts_as_run_out_only_after_we_watched_it_that_long(server: Server, clock: Clock) -> None:
    await Election(server, "first", DURATIONS, clock).acquire()
    clock.now += 1000  # the lease is old by any clock, but this candidate sees it for the first time
    second = Election(server, "second", DURATIONS, clock)
    waiting = asyncio.create_task(second.acquire())
    await _turns()
    assert not second.holds
    clock.now += 14
    await _turns()
    assert not second.holds
    clock.now += 2
    await asyncio.wait_for(waiting, 5)
    assert second.holds


async def test_a_leader_that_cannot_renew_stops_trusting_before_others_may_take(server: Server, clock: Clock) -> None:
    first = Election(server, "first", DURATIONS, clock)
    await first.acquire()
    keeping = asyncio.create_task(first.keep())
    server.away = True
    clock.now += 9
    await _turns()
    assert first.holds
    clock.now += 2
    assert not first.holds
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(keeping, 5)


async def test_a_leader_that_is_replaced_notices(server: Server, clock: Clock) -> None:
    first = Election(server, "first", DURATIONS, clock)
    await first.acquire()
    assert server.lease is not None
    await server.replace(server.lease, {**server.lease["spec"], "holderIdentity": "second"})
    with pytest.raises(LeaseLostError, match="second"):
        await asyncio.wait_for(first.keep(), 5)
    assert not first.holds


async def test_a_short_absence_of_the_server_is_survived(server: Server, clock: Clock) -> None:
    first = Election(server, "first", DURATIONS, clock)
    await first.acquire()
    keeping = asyncio.create_task(first.keep())
    server.away = True
    clock.now += 5
    await _turns()
    server.away = False
    await _turns()
    clock.now += 8
    assert first.holds
    keeping.cancel()


async def test_a_released_lease_is_taken_at_once(server: Server, clock: Clock) -> None:
    first, second = (Election(server, name, DURATIONS, clock) for name in ("first", "second"))
    await first.acquire()
    await first.release()
    assert not first.holds
    await asyncio.wait_for(second.acquire(), 5)
    assert second.holds


async def test_of_two_that_grab_at_the_same_time_one_leads(server: Server, clock: Clock) -> None:
    candidates = [Election(server, name, DURATIONS, clock) for name in ("first", "second")]
    tasks = [asyncio.create_task(candidate.acquire()) for candidate in candidates]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await _turns()
    assert sum(candidate.holds for candidate in candidates) == 1
    for task in tasks:
        task.cancel()


async def _turns() -> None:
    """Let everybody try a few times: `retry` is a millisecond here."""
    async with asyncio.timeout(5):
        for _ in range(30):
            await asyncio.sleep(DURATIONS.retry)
