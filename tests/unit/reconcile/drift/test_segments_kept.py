"""Segments survive restarts, are recorded window by window, and give the same alarms when they are replayed."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.ledger.interval import Interval, Join, cells
from mooring.reconcile.drift.close import turn
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.replay import replay
from mooring.reconcile.drift.saved import restore, save
from mooring.reconcile.drift.tally import Tally, tally
from mooring.reconcile.drift.tape import MOST_SLICED_BYTES, Recorded, RecordedSegment, Tape, pack, unpack
from mooring.reconcile.drift.watch import _MOST_SLOTS, SLOT, Watched, bounded, findings_of
from mooring.reconcile.driftseen import Alarm
from tests.unit.reconcile.drift.segmented import (
    AGES,
    ASKED,
    SETTINGS,
    Shop,
    Users,
    basis_of_slices,
    by,
    code_of,
    sliced_binner,
)
from tests.unit.reconcile.drift.service import VERSION

LAYOUT = sliced_binner().layout
users = st.builds(
    Users,
    ages=st.sampled_from([AGES, (70.0,), (10.0, 30.0)]),
    missing=st.sampled_from([0.0, 0.4]),
    lost=st.sampled_from([0.1, 0.6]),
    told=st.sampled_from([(0.5, 0.5), (0.0, 0.9), (0.0, 0.0)]),
)
turns = st.tuples(st.integers(0, 80), users, users)


@given(history=st.lists(turns, min_size=1, max_size=14), data=st.data())
@settings(max_examples=25, deadline=None)
def test_whoever_restarts_at_any_point_has_the_same_evidence(
    history: list[tuple[int, Users, Users]], data: st.DataObject
) -> None:
    asked = by(SETTINGS, min_rows=150, min_seconds=15)
    steady, restarted = Shop(asked, seed=1), Shop(asked, seed=1)
    for rows, green, red in history:
        for shop in (steady, restarted):
            shop.slot(rows, green=green, red=red)
        if data.draw(st.booleans()):
            restarted.restart()
    assert restarted.operator.watched == steady.operator.watched
    assert restarted.windows == steady.windows
    assert restore(save(steady.operator.watched)) == steady.operator.watched


@given(history=st.lists(turns, min_size=4, max_size=20))
@settings(max_examples=15, deadline=None)
def test_the_tape_gives_the_same_alarms_of_segments_as_were_recorded(history: list[tuple[int, Users, Users]]) -> None:
    shop = Shop(by(SETTINGS, min_rows=150, min_seconds=10), seed=2)
    for rows, green, red in history:
        shop.slot(rows, green=green, red=red)
    assert replayed(shop.tape, shop.operator.watched.asked) == shop.operator.watched.alarms


def test_alarms_of_segments_whose_windows_span_many_of_all_rows_are_replayed_exactly() -> None:
    shop = Shop(by(SETTINGS, min_rows=1000))
    for slot in range(240):
        red = Users(ages=(70.0,), lost=0.8) if slot > 40 else Users()
        shop.ask([(AGES[at % 4], "blue", at % 2) for at in range(90)])
        shop.slot(rows=20, red=red)
    assert {("inputs", "color=red"), ("harm", "color=red")} <= set(shop.alarms)
    assert all(one.drift.closed < len(shop.windows) for one in shop.operator.watched.segments)
    assert replayed(shop.tape, shop.operator.watched.asked) == shop.operator.watched.alarms


def replayed(tape: Tape, asked: Asked) -> tuple[Alarm, ...]:
    steps = list(replay(unpack(pack(tape)), asked))
    return steps[-1].seen.alarms if steps else ()


def test_windows_are_recorded_with_the_segments_that_were_asked_for() -> None:
    shop = Shop()
    shop.minutes(2, red=Users(ages=(70.0,)))
    one = unpack(pack(shop.tape)).chapters[0].windows[0]
    green, red = one.segments
    assert (one.sliced, green.number, red.number) == (("color",), 0, 1)
    assert (sum(green.cells[:7]), sum(red.cells[:7]), red.cells[:4]) == (1200, 600, (0, 0, 0, 600))
    assert sum(truth.rows for truth in (*green.truths, *red.truths)) < sum(truth.rows for truth in one.truths)
    assert (len(red.repeated), red.repeated[1]) == (4, 0)  # age, the own column, score and label


def test_segments_that_were_not_recorded_are_unknown_in_a_replay() -> None:
    shop = Shop(Asked(SETTINGS))
    shop.minutes(2, red=Users(ages=(70.0,)))
    *_, last = replay(shop.tape, ASKED)
    assert last.seen.alarms == ()
    assert [(one.name, one.closed, one.window) for one in last.seen.segments] == [
        ("color=green", 0, None),
        ("color=red", 0, None),
    ]


def test_a_tape_with_segments_has_more_room_and_stays_within_what_a_config_map_has() -> None:
    def window(number: int) -> Recorded:
        cells = tuple((number * 7919 + at * 104_729) % 10_007 for at in range(4000))
        segments = tuple(RecordedSegment(one, cells[one:] + cells[:one]) for one in range(4))
        return Recorded(number * 60, number * 60 + 60, 10, cells, (), (), (), ("color",), segments)

    tape = Tape().plus(VERSION, basis_of_slices(), [window(number) for number in range(60)])
    written = pack(tape)
    assert MOST_SLICED_BYTES * 0.8 < len(written) <= MOST_SLICED_BYTES
    assert unpack(written).chapters[-1].windows[-1] == tape.chapters[-1].windows[-1]
    assert MOST_SLICED_BYTES * 4 // 3 < 1_000_000


def test_a_state_and_a_tape_without_anything_of_segments_are_read() -> None:
    shop = Shop(Asked(SETTINGS))
    shop.minutes(1)
    older = json.loads(zlib.decompress(save(shop.operator.watched)))
    del older["segments"], older["asked"]["segments"], older["asked"]["settings"]["share"]
    for arms in older["open"].values():
        for one in arms.values():
            del one["segments"]
    assert restore(zlib.compress(json.dumps(older).encode())) == shop.operator.watched
    tape = json.loads(zlib.decompress(pack(shop.tape)))
    for window in tape["chapters"][0]["windows"]:
        del window["segments"], window["sliced"]
    assert unpack(zlib.compress(json.dumps(tape).encode())) == shop.tape


def test_pods_may_be_read_in_any_order() -> None:
    shops = [Shop(seed=5), Shop(seed=5)]
    shops[1].pods.reverse()
    for shop in shops:
        shop.minutes(1, red=Users(ages=(70.0,)))
    one, other = (findings_of(shop.operator.watched) for shop in shops)
    assert (one.segments, one.alarms, one.findings) == (other.segments, other.alarms, other.findings)


def test_an_interval_that_is_missing_is_unknown_in_segments_too() -> None:
    shop = Shop()
    shop.slot()
    shop.pods[0].start()  # its container was killed: what it had not told is lost
    shop.slot()
    unknown = [one.drift.window.unknown for one in shop.operator.watched.segments]
    assert shop.operator.watched.drift is not None
    assert unknown == [shop.operator.watched.drift.window.unknown] * 2 != [0, 0]


@pytest.mark.parametrize("years", [-10, 10])
def test_after_the_clock_jumped_segments_go_on(years: int) -> None:
    shop = Shop()
    shop.minutes(1)
    shop.slot()
    jumped = shop.clock.at + years * 365 * 86_400
    watched = bounded(shop.operator.watched, jumped)
    assert watched.drift is not None
    through = [watched.drift.through, *(one.drift.through for one in watched.segments)]
    if years < 0:
        assert through == [int(jumped) // 5 * SLOT] * 3
        return
    unknown = [watched.drift.window.unknown, *(one.drift.window.unknown for one in watched.segments)]
    assert unknown == [int(jumped) // 5 - _MOST_SLOTS - shop.operator.watched.slots.through] * 3


def test_of_evidence_of_another_release_in_one_segment_all_begins_anew() -> None:
    shop = Shop()
    shop.minutes(1, red=Users(ages=(70.0,)))
    green, red = shop.operator.watched.segments
    other = replace(shop.operator.watched, segments=(green, replace(red, drift=replace(red.drift, key="another"))))
    found: Watched = turn(other, shop.operator.fitted, shop.clock.at).watched
    assert found.because == "another release of Mooring tests in another way"
    assert found.alarms == shop.operator.watched.alarms
    assert [one.drift.closed for one in found.segments] in ([], [0, 0])


def interval(rows: int, features: list[int], segments: dict[int, list[int]], joins: dict[Join, int]) -> Interval:
    vector = cells(size=LAYOUT.size)
    vector[LAYOUT.slices["rows"].start] = rows
    first, start = LAYOUT.slices["features"].start, LAYOUT.slices["segments"].start
    for at, count in enumerate(features):
        vector[first + at] = count
    for number, counts in segments.items():
        for at, count in enumerate(counts):
            vector[start + number * len(counts) + at] = count
    return Interval(1, 0, 5000, {"stable": vector}, joins)


#         age                     color            predictions
ALL = [5, 5, 0, 0, 0, 0, 0, *[6, 2, 2, 0, 0], *[10, 0, 0, 0]]
GREEN = [3, 3, 0, 0, 0, 0, 0, *[6, 0, 0, 0, 0], *[6, 0, 0, 0]]
RED = [2, 0, 0, 0, 0, 0, 0, *[0, 2, 0, 0, 0], *[2, 0, 0, 0]]


def test_segments_that_are_asked_for_are_taken() -> None:
    told = interval(10, ALL, {0: GREEN, 1: RED}, {})
    assert tally(told, LAYOUT, 3, ("color",)).segments == {0: tuple(GREEN), 1: tuple(RED)}
    assert tally(told, LAYOUT, 3, ("age",)).segments == {}
    assert tally(told, LAYOUT, 3).segments == {}
    both = tally(told, LAYOUT, 3, ("color",)) + tally(interval(10, ALL, {1: RED}, {}), LAYOUT, 3, ("color",))
    assert both.segments == {0: tuple(GREEN), 1: tuple(2 * count for count in RED)}
    assert (Tally() + both).segments == both.segments


@pytest.mark.parametrize(
    "segments",
    [
        {0: [0, 6, *GREEN[2:]]},  # more of an age than all rows have
        {0: [4, 3, *GREEN[2:]]},  # more ages than rows
        {0: [*GREEN[:12], 7, 0, 0, 0]},  # more predictions than rows
        {0: GREEN, 1: GREEN},  # together more than all rows
    ],
)
def test_segments_that_count_what_all_rows_do_not_are_refused(segments: dict[int, list[int]]) -> None:
    with pytest.raises(ValueError, match="more than the rows that there were"):
        tally(interval(10, ALL, segments, {}), LAYOUT, 3, ("color",))


def test_truths_of_codes_that_the_version_has_not_are_refused() -> None:
    most = LAYOUT.strata * LAYOUT.combinations
    assert code_of("red", 1) == most - 1
    assert tally(interval(0, ALL[:0], {}, {Join(3, 0, 1, most - 1, 0): 4}), LAYOUT, 3).truths == {(1, most - 1, 0): 4}
    with pytest.raises(ValueError, match="a truth is of a stratum"):
        tally(interval(0, [], {}, {Join(3, 0, 1, most, 0): 1}), LAYOUT, 3)
