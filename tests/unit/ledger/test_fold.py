from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mooring.ledger.fold import MAX_SPANS, Folded, fold, forget
from mooring.ledger.interval import Interval, Reading, Stream
from tests.unit.ledger import worlds

KEY = (worlds.STREAM.pod, worlds.STREAM.incarnation)


def reading(*seqs: int, oldest: int = 1, stream: Stream = worlds.STREAM) -> Reading:
    intervals = tuple(Interval(seq, 0, 0) for seq in seqs)
    return Reading(stream, {}, oldest, max(seqs, default=0) + 1, False, intervals)


def seqs(intervals: tuple[Interval, ...]) -> list[int]:
    return [interval.seq for interval in intervals]


@given(st.lists(st.lists(st.integers(1, 30), unique=True).map(sorted), max_size=20))
def test_each_interval_is_taken_once_in_any_order(deliveries: list[list[int]]) -> None:
    state, taken = Folded(), []
    for delivery in deliveries:
        state, fresh = fold(state, reading(*delivery), now=0)
        taken += seqs(fresh.intervals)
    assert sorted(taken) == sorted({seq for delivery in deliveries for seq in delivery})


@given(st.lists(st.tuples(st.lists(st.integers(1, 300), unique=True).map(sorted), st.integers(1, 300)), max_size=20))
def test_a_number_is_taken_or_lost_and_never_both_or_twice(deliveries: list[tuple[list[int], int]]) -> None:
    state, seen = Folded(), []
    for delivery, oldest in deliveries:
        state, fresh = fold(state, reading(*delivery, oldest=oldest), now=0)
        seen += seqs(fresh.intervals)
        seen += [seq for first, last in fresh.lost for seq in range(first, last + 1)]
    assert len(seen) == len(set(seen))
    assert all(len(taken.spans) <= MAX_SPANS + 1 for taken in state.streams.values())


def test_a_gap_that_the_pod_can_still_fill_is_waited_for_and_else_lost() -> None:
    state, fresh = fold(Folded(), reading(4, 5, oldest=3), now=0)
    assert (seqs(fresh.intervals), fresh.lost) == ([4, 5], ((1, 2),))
    state, fresh = fold(state, reading(3, 4), now=0)
    assert (seqs(fresh.intervals), fresh.lost) == ([3], ())


def test_a_restarted_pod_is_a_new_stream() -> None:
    state, _ = fold(Folded(), reading(1, 2), now=0)
    again = Stream("shop", "shop-v3", worlds.STREAM.pod, "after")
    state, fresh = fold(state, reading(1, stream=again), now=0)
    assert seqs(fresh.intervals) == [1]
    assert (state.since(*KEY), state.since(worlds.STREAM.pod, "after"), state.since("new", "x")) == (2, 1, 0)


def test_pods_that_are_gone_are_forgotten() -> None:
    state, _ = fold(Folded(), reading(1), now=100)
    assert forget(state, now=160, seconds=60).streams.keys() == {KEY}
    assert forget(state, now=161, seconds=60).streams == {}
