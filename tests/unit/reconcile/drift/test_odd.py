"""Pods that lie, clocks that jump and documents that are damaged: named, and nothing of them poisons what is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mooring.ledger.binner import Binner, NumberEdges
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Interval, Join, Reading, Stream
from mooring.ledger.layout import Layout
from mooring.reconcile.drift.told import OddError, told
from mooring.reconcile.drift.watch import WATCHED
from tests.unit.reconcile.drift.service import START, STRATA, Clock, Operator, Pod, binner

HOUR = 3600.0
YEAR = 365 * 24 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader(clock: Clock) -> Operator:
    return Operator.new(clock)


def rows_of(reader: Operator) -> int:
    drift = reader.watched.drift
    assert drift is not None
    return drift.window.rows


def pass_slots(reader: Operator, pods: list[Pod], slots: int) -> None:
    for _ in range(slots):
        for pod in pods:
            pod.ask(10.0, "red", 0)
        reader.clock.at += 5
        for pod in pods:
            if pod.clock is not reader.clock:
                pod.clock.at += 5
            pod.ledger.seal()
        reader.look(pods)


@pytest.mark.parametrize("wrong", [-HOUR, -30.0, 30.0, HOUR, 10 * YEAR])
def test_what_a_pod_with_a_wrong_clock_counts_is_counted_in_time(reader: Operator, wrong: float) -> None:
    right, odd = Pod("pod-0", reader.clock), Pod("pod-1", Clock(reader.clock.at + wrong))
    pass_slots(reader, [right, odd], 12)
    assert rows_of(reader) >= 2 * 10
    drift = reader.watched.drift
    assert drift is not None
    assert drift.window.unknown == 0
    assert len(reader.watched.slots.open) <= 4


def test_a_clock_that_is_far_off_is_named(reader: Operator) -> None:
    odd = Pod("pod-1", Clock(reader.clock.at - HOUR))
    odd.ledger.seal()
    heard = told(reader.watched, "pod-1", WATCHED, odd.ledger.reading(0), reader.clock.at)
    assert heard.odd == ("the clock of pod pod-1 is 3600 s behind ours: corrected",)


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR])
def test_after_our_own_clock_jumped_and_was_set_right_counting_goes_on(reader: Operator, jump: float) -> None:
    pod = Pod("pod-0", Clock(reader.clock.at))
    pass_slots(reader, [pod], 4)
    reader.clock.at += jump
    pass_slots(reader, [pod], 3)
    reader.clock.at -= jump
    before = rows_of(reader)
    pass_slots(reader, [pod], 30)
    closed = sum(window.rows for turned in reader.closed for window in turned.windows)
    assert closed + rows_of(reader) >= before + 28
    assert len(reader.watched.slots.open) <= 4
    assert len(reader.watched.slots.missing) <= 4


def test_after_a_long_absence_intervals_that_nobody_remembers_are_unknown(reader: Operator) -> None:
    pod = Pod("pod-0", reader.clock)
    pass_slots(reader, [pod], 3)
    reader.clock.at += 30 * 24 * HOUR
    known = rows_of(reader)
    pass_slots(reader, [pod], 3)
    drift = reader.watched.drift
    assert drift is not None
    assert drift.window.unknown > 500_000
    assert drift.window.rows >= known + 2


def test_another_layout_within_one_version_is_refused_by_name(reader: Operator) -> None:
    other = Ledger(Binner([NumberEdges("age", [20.0])], STRATA), Stream("shop", "shop-v3", "pod-9", "x"), reader.clock)
    with pytest.raises(OddError, match="pod pod-9 counts in another layout than shop-v3 has"):
        told(reader.watched, "pod-9", WATCHED, other.reading(0), reader.clock.at)


def damaged(layout: Layout, *, rows: int = 1) -> Reading:
    """Return an answer whose middle interval has more cells than rows."""
    intervals = []
    for number in (1, 2, 3):
        made = Pod("pod-0", Clock(START + 5 * number))
        for _ in range(10):
            made.ask(10.0, "red", 0)
        made.clock.at += 5
        sealed = made.ledger.seal()
        if number == 2:
            sealed.roles["stable"][layout.slices["rows"].start] = rows
        intervals.append(replace(sealed, seq=number))
    stream = Stream("shop", "shop-v3", "pod-0", "life-1")
    return Reading(stream, layout.to_json(), 1, 4, final=False, intervals=tuple(intervals))


def test_an_interval_that_cannot_be_is_unknown_and_the_others_count(reader: Operator) -> None:
    reader.clock.at += 20
    heard = told(reader.watched, "pod-0", WATCHED, damaged(binner().layout), reader.clock.at)
    assert heard.odd == (
        "pod pod-0 tells what cannot be (cells count more than the 1 rows that there were): the interval is unknown",
    )
    reader.watched = heard.watched
    reader.clock.at += 1
    pod = Pod("pod-0", reader.clock)
    reader.look([pod], deaf=[pod])
    drift = reader.watched.drift
    assert drift is not None
    assert (drift.window.rows, drift.window.unknown) == (20, 1)


def test_a_truth_that_the_version_cannot_have_makes_its_interval_unknown(reader: Operator) -> None:
    interval = Interval(1, int(START) * 1000, int(START + 5) * 1000, {}, {Join(3, 0, 19_000, 4, 0): 1})
    stream = Stream("shop", "shop-v3", "pod-0", "life-1")
    reading = Reading(stream, binner().layout.to_json(), 1, 2, final=False, intervals=(interval,))
    heard = told(reader.watched, "pod-0", WATCHED, reading, START + 5.7)
    assert "a truth is of a stratum or an outcome that the version has not" in heard.odd[0]


def test_numbers_that_go_back_are_taken_once(reader: Operator) -> None:
    pod = Pod("pod-0", reader.clock)
    pass_slots(reader, [pod], 3)
    again = pod.ledger.reading(0)
    heard = told(reader.watched, "pod-0", WATCHED, again, reader.clock.at)
    assert heard.watched.slots == reader.watched.slots


def unknown_of(reader: Operator) -> int:
    drift = reader.watched.drift
    assert drift is not None
    return drift.window.unknown


def test_what_a_pod_counted_that_ended_before_it_ever_answered_is_unknown(reader: Operator) -> None:
    pod, silent = Pod("pod-0", reader.clock), Pod("pod-1", reader.clock)
    pass_slots(reader, [pod], 2)
    reader.look([pod, silent], deaf=[silent])
    pass_slots(reader, [pod], 3)
    assert unknown_of(reader) > 0


def test_of_a_pod_that_had_told_nothing_yet_a_restarted_container_leaves_a_gap(reader: Operator) -> None:
    pod, young = Pod("pod-0", reader.clock), Pod("pod-1", reader.clock)
    pass_slots(reader, [pod], 2)
    reader.look([pod, young])  # it answers, and has nothing sealed
    young.ask(10.0, "red", 0)
    young.start()
    pass_slots(reader, [pod, young], 3)
    assert unknown_of(reader) > 0
