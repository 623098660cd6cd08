"""A watch with a share of the budget: that of a segment, whose windows close with those of all rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.stats.drift import Counted, Folded, Losses, Outer, Settings, Truth, Watch
from mooring.stats.drift.settings import SEGMENT_ROWS, SHARES
from mooring.stats.drift.tier import MOST_DETECTORS
from tests.unit.stats.drift.worlds import HOUR, World, hour

HALF = Settings(share=0.5)
LOSSES = Losses(10_000, 1000, (625,) * 16, (62,) * 8 + (63,) * 8)


def test_with_a_share_of_the_budget_more_evidence_is_asked_for() -> None:
    for tier in SHARES:
        assert HALF.alarm_at(tier) == 2 * Settings().alarm_at(tier)
    reference = World(0, 2).reference(20_000)
    assert Watch(reference, HALF).quality.alarm_at == 2 * Watch(reference).quality.alarm_at


def test_with_a_share_of_the_doubt_every_bound_is_higher() -> None:
    reference = replace(World(0, 2).reference(20_000, losses=LOSSES))
    whole, half = Watch(reference), Watch(reference, HALF)
    assert whole.inputs.detectable < half.inputs.detectable
    assert whole.predictions.detectable < half.predictions.detectable
    assert whole.loss is not None
    assert half.loss is not None
    assert whole.loss.bound < half.loss.bound
    assert whole.estimate is not None
    assert half.estimate is not None
    assert whole.estimate.test.bound < half.estimate.test.bound
    bounds = [[rate.test.bound for rate in watch.quality.rates if rate.test] for watch in (whole, half)]
    assert all(one < other for one, other in zip(*bounds, strict=True))


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share is above 0 and up to 1"):
        Settings(share=share)


def test_a_segment_goes_on_until_a_window_of_all_rows_closes_and_it_has_enough() -> None:
    world = World(1, 1)
    watch = Watch(world.reference(20_000), Settings(share=0.5))
    state, closed = watch.resume(None), []
    for number in range(9):
        counted = hour(number, 80, world.window(80))
        folded = watch.fold(state, counted, Outer(closes=number % 2 == 1))
        state = folded.state
        closed.append(folded.window.rows if folded.window else 0)
    assert closed == [0, 0, 0, 320, 0, 0, 0, 320, 0]


def test_where_windows_are_small_a_segment_needs_no_more_rows_than_they_do() -> None:
    assert Settings(min_rows=50).segment_rows == 50
    assert Settings().segment_rows == SEGMENT_ROWS


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.integers(0, 150)), max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_segment_never_takes_more_steps_than_all_rows(history: list[tuple[int, bool, int]]) -> None:
    world = World(2, 1)
    watch = Watch(world.reference(20_000, losses=LOSSES), Settings(mature_after_seconds=0, share=0.5))
    state, windows, steps, outer = watch.resume(None), 0, 0, 0
    for number, (rows, closes, truths) in enumerate(history):
        told = (Truth(0, 3, 0, min(truths, rows)),) if truths and rows else ()
        folded = watch.fold(state, hour(number, rows, world.window(rows), told), Outer(closes))
        state, outer = folded.state, outer + closes
        windows, steps = windows + (folded.window is not None), steps + (folded.harm is not None)
    assert windows <= outer
    assert steps <= windows


def test_truths_as_they_come_belong_to_the_window_of_the_segment() -> None:
    world = World(3, 1)
    watch = Watch(world.reference(20_000, losses=LOSSES), Settings(mature_after_seconds=0, share=0.5))
    state, harms = watch.resume(None), []
    for number in range(4):
        told = tuple(Truth(0, at, 0, 5) for at in range(16))
        folded = watch.fold(state, hour(number, 80, world.window(80), told), Outer(closes=True))
        state = folded.state
        harms.append(folded.harm.truths if folded.harm else 0)
    assert harms == [0, 0, 240, 0]


def of_blocks(watch: Watch, blocks: int, rows: int, outer: tuple[int, ...], given: tuple[int, ...] = ()) -> Folded:
    """Return what a window of so many blocks of time says, each of rows of its own."""
    world, state = World(4, 1), watch.resume(None)
    length = HOUR // blocks
    for block in range(blocks):
        cells = world.window(rows)
        counted = Counted(block * length, (block + 1) * length, rows, cells, repeated=given or None)
        last = block == blocks - 1
        folded = watch.fold(state, counted, Outer(last, outer if last else ()))
        state = folded.state
    return folded


def test_of_a_segment_with_too_few_blocks_rows_come_in_clumps_like_those_of_all() -> None:
    watch = Watch(World(4, 1).reference(20_000), Settings(share=0.5))
    few = of_blocks(watch, 4, 60, (5000, 6000, 1000))
    assert few.window is not None
    assert few.window.repeated == (5000, 6000, 1000)
    many = of_blocks(watch, 12, 60, (5000, 6000, 1000))
    assert many.window is not None
    assert max(many.window.repeated) < 3000
    recorded = of_blocks(watch, 4, 60, (5000, 6000, 1000), given=(2000, 2000, 2000))
    assert recorded.window is not None
    assert recorded.window.repeated == (2000, 2000, 2000)


def test_what_was_recorded_of_a_part_of_a_window_is_not_forgotten_with_the_next_part() -> None:
    watch = Watch(World(4, 1).reference(20_000), Settings(min_rows=100, min_seconds=7200))
    state = watch.resume(None)
    for number, factors in enumerate([(3000, 1000, 2000), None]):
        folded = watch.fold(
            state, Counted(number * HOUR, (number + 1) * HOUR, 80, World(4, 1).window(80), repeated=factors)
        )
        state = folded.state
    assert folded.window is not None
    assert folded.window.repeated == (3000, 1000, 2000)


def test_segments_together_have_as_much_room_as_all_rows() -> None:
    reference = World(5, 20).reference(20_000)
    parts = [Watch(reference, Settings(share=0.5 / 12), 12) for _ in range(12)]
    assert sum(len(watch.inputs.start) for watch in parts) <= MOST_DETECTORS
    assert len(Watch(reference).inputs.start) == 20 * 30
    assert Watch(reference).key != parts[0].key
    assert parts[0].codes.exact
    assert not Watch(reference, Settings(share=0.5, mature_after_seconds=86_400 * 100), 12).codes.exact
