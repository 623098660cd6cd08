from __future__ import annotations

from itertools import pairwise

import pytest

from mooring.ledger.callers import Callers, bucket_of
from mooring.ledger.latency import by_bucket, slower
from mooring.ledger.layout import CALLERS, LATENCY_MICROSECONDS, OK
from tests.unit.ledger import worlds


@pytest.mark.parametrize("milliseconds", [5, 20, 50, 100, 1000])
def test_slower_than_a_round_threshold_is_exact(milliseconds: int) -> None:
    book = worlds.ledger()
    columns = [[1.0], [1.0], ["red"], ["Oslo"]]
    for seconds in (milliseconds / 1000, milliseconds / 1000 + 1e-6, 60.0):
        book.append(0, 7, OK, seconds, columns, [0])
    latency = book.seal().roles["stable"][book.layout.slices["latency"]]
    found = slower(latency, milliseconds * 1000)
    assert (found[7], sum(found), sum(by_bucket(latency))) == (2, 2, 3)


def test_latency_edges_ascend_evenly() -> None:
    steps = [later / earlier for earlier, later in pairwise(LATENCY_MICROSECONDS)]
    assert min(steps) > 1.3
    assert max(steps) < 1.7


def test_callers_spread_over_all_buckets_and_stay_in_theirs() -> None:
    callers = Callers()
    names = [b"caller %d" % number for number in range(10_000)]
    first = [callers[name] for name in names]
    assert set(first) == set(range(CALLERS))
    assert [callers[name] for name in names] == first == [bucket_of(name) for name in names]
