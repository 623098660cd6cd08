"""What the ledger says is what was asked, however it was cut into blocks, intervals, pods and deliveries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.ledger import book as book_module
from mooring.ledger.book import Ledger
from mooring.ledger.fold import Folded, fold
from mooring.ledger.interval import INTERVAL_SECONDS, Interval, Join, Stream
from mooring.ledger.layout import OK, ROLES
from mooring.ledger.merge import Total, total
from tests.unit.ledger import worlds
from tests.unit.ledger.worlds import Asked

STEPS = st.lists(st.one_of(worlds.requests(), st.sampled_from(["seal", "flush"]), worlds.joins), max_size=40)


def play(book: Ledger, steps: Sequence[object]) -> list[Interval]:
    sealed = []
    for step in steps:
        if isinstance(step, Asked):
            step.into(book)
        elif isinstance(step, Join):
            assert book.join(step)
        elif step == "seal":
            sealed.append(book.seal())
        else:
            book.flush()
    return [*sealed, book.seal(final=True)]


def check(found: Total, steps: Sequence[object], book: Ledger) -> None:
    wanted = worlds.tally([step for step in steps if isinstance(step, Asked)])
    assert {ROLES.index(role): worlds.read(counts, book.layout) for role, counts in found.roles.items()} == wanted
    assert found.joins == Counter(step for step in steps if isinstance(step, Join))


@settings(deadline=None)
@given(STEPS, st.integers(1, 20))
def test_counts_are_those_of_the_raw_rows(steps: list[object], block: int) -> None:
    book = worlds.ledger()
    kept, book_module.BLOCK_ROWS = book_module.BLOCK_ROWS, block
    try:
        intervals = play(book, steps)
    finally:
        book_module.BLOCK_ROWS = kept
    check(total(intervals), steps, book)
    totals = Total(book.totals(), total(intervals).joins)
    check(totals, steps, book)


@settings(deadline=None)
@given(STEPS, STEPS, st.randoms(use_true_random=False))
def test_a_reader_counts_everything_once_however_it_is_delivered(
    first: list[object], second: list[object], shuffle: random.Random
) -> None:
    books = [worlds.ledger(), worlds.ledger(stream=Stream("shop", "shop-v3", "shop-v3-abc", "restarted"))]
    for book, steps in zip(books, (first, second), strict=True):
        play(book, steps)
    readings = [book.reading(since) for book in books for since in range(book.next)]
    shuffle.shuffle(readings)
    state, taken, lost = Folded(), [], []
    for reading in readings * 2:
        state, fresh = fold(state, reading, now=0)
        taken += fresh.intervals
        lost += fresh.lost
    check(total(taken), [*first, *second], books[0])
    assert lost == []
    assert [state.since("shop-v3-abc", life) for life in ("f00", "restarted")] == [book.next - 1 for book in books]


@settings(deadline=None)
@given(STEPS, st.data())
def test_windows_subtract_exactly(steps: list[object], data: st.DataObject) -> None:
    intervals = play(worlds.ledger(), steps)
    cut = data.draw(st.integers(0, len(intervals)))
    assert total(intervals) - total(intervals[:cut]) == total(intervals[cut:])
    assert total(intervals[:cut]) + total(intervals[cut:]) == total(intervals)


def test_every_row_is_in_one_cell_of_every_feature() -> None:
    book = worlds.ledger()
    columns = [[17.0, 18.0, 91.0, float("inf"), float("-inf"), float("nan")], [0.0] * 6, ["x"] * 6, [None] * 6]
    book.append(0, 0, OK, 0.001, columns, [0] * 6)
    counts = book.seal().roles["stable"]
    assert [sum(book.layout.of_feature(counts, index)) for index in range(4)] == [6, 6, 6, 6]
    assert list(book.layout.of_feature(counts, 0)) == [1, 0, 0, 0, 2, 2, 1]


def test_what_a_pod_keeps_does_not_grow_with_its_traffic() -> None:
    def kept(requests: int) -> int:
        book = worlds.ledger()
        for _ in range(10):
            for number in range(requests):
                age = float(number % 100)
                book.append(0, number % 16, OK, age / 1e4, [[age], [age], ["red"], ["Oslo"]], [number % 8])
            book.seal()
        return book.kept_bytes

    assert kept(4_000) < 2 * kept(200)


def test_old_intervals_make_room_and_their_absence_shows() -> None:
    book = worlds.ledger()
    for _ in range(book_module.KEPT_SECONDS // INTERVAL_SECONDS + 3):
        book.seal()
    reading = book.reading(0)
    assert (reading.oldest, len(reading.intervals)) == (4, 1500)
    state, fresh = fold(Folded(), reading, now=0)
    assert fresh.lost == ((1, 3),)
    assert fold(state, reading, now=0)[1].lost == ()


def test_an_interval_holds_no_more_kinds_of_joins_than_it_may() -> None:
    book = worlds.ledger()
    joins = [Join(3, 0, day, 0, 0) for day in range(book_module.MAX_JOINS + 1)]
    assert [book.join(join) for join in joins][-2:] == [True, False]
    assert book.join(joins[0])
    book.seal()
    assert book.join(joins[-1])


def test_intervals_touch() -> None:
    clock = worlds.Clock(10.0)
    book = worlds.ledger(clock)
    clock.at = 15.0
    first = book.seal()
    clock.at = 20.5
    second = book.seal()
    assert [(one.seq, one.start, one.end) for one in (first, second)] == [(1, 10_000, 15_000), (2, 15_000, 20_500)]


def test_rows_without_strata_are_rows() -> None:
    book = worlds.ledger()
    book.append(0, 0, OK, 0.001, [[20.0] * 3, [0.0] * 3, ["red"] * 3, ["Oslo"] * 3], [])
    counts = book.seal().roles["stable"]
    assert list(counts[book.layout.slices["rows"]]) == [3]
