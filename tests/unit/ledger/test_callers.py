"""Callers are remembered for speed, and a bounded number of bytes of them."""

from __future__ import annotations

from mooring.ledger.callers import Callers, bucket_of


def test_what_is_remembered_of_callers_is_bounded_in_number_and_length() -> None:
    callers = Callers()
    names = [b"%d" % number * (1 + 40 * (number % 2)) for number in range(10_000)]
    assert [callers[name] for name in names] == [bucket_of(name) for name in names]
    assert len(callers) <= 4096
    assert max(map(len, callers)) <= 128
