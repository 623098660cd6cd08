"""Many bad requests of every kind to the real process: no failure of ours, and no more memory than after the first."""

from __future__ import annotations

from bench.badrequests import harassed


def test_bad_requests_leave_the_server_as_it_was() -> None:
    tally, trouble = harassed(20_000, seed=1)
    assert trouble == []
    # The ledger's two hours of intervals, and what the allocator keeps for later, may take their share.
    assert tally.growth < 3.0
    assert {"400", "404", "405", "413", "414", "415", "431", "INVALID_ARGUMENT", "NOT_FOUND"} <= set(tally.statuses)
