"""When a window closes, and what is remembered: everything once, and the same after a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.stats.drift import (
    Column,
    Counted,
    DriftState,
    Losses,
    Predictions,
    Reference,
    Settings,
    Truth,
    Watch,
)
from tests.unit.stats.drift.worlds import HOUR, World, hour, truths_of

SMALL = Reference(
    (Column("age", "number", (500, 300, 200), missing=20), Column("city", "text", (600, 300), other=100)),
    Predictions(2, 2, (500, 500), (400, 600)),
    Losses(1000, 100),
)
WATCH = Watch(SMALL, Settings(min_rows=40, min_seconds=7200, mature_after_seconds=1))
AS_THEY_COME = Watch(SMALL, Settings(min_rows=40, min_seconds=7200, mature_after_seconds=0))


@st.composite
def histories(draw: st.DrawFn) -> list[Counted]:
    found = []
    for number in range(draw(st.integers(0, 60))):
        counts = [draw(st.integers(0, 30)) for _ in range(SMALL.size)]
        cells = draw(st.sampled_from([counts, counts, None]))
        day = number // 3
        labelled = draw(st.integers(0, 90))
        told = max(0, day - draw(st.integers(0, 2)))
        truths = truths_of(told, draw(st.integers(0, 1)), labelled, labelled // 3, classes=2)
        start = number * 8 * HOUR
        found.append(Counted(start, start + 8 * HOUR, sum(counts[-4:]) if cells else 0, cells, truths))
    return found


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([WATCH, AS_THEY_COME]), histories(), st.lists(st.integers(0, 60), max_size=4))
def test_a_restart_changes_nothing_that_is_ever_said(watch: Watch, history: list[Counted], restarts: list[int]) -> None:
    state = restarted = watch.resume(None)
    for number, counted in enumerate(history):
        if number in restarts:
            saved = DriftState.from_json(restarted.to_json())
            assert saved == restarted
            restarted = Watch(SMALL, watch.settings).resume(saved)
        one, other = watch.fold(state, counted), watch.fold(restarted, counted)
        assert one == other
        state, restarted = one.state, other.state


@given(histories())
@settings(max_examples=20, deadline=None)
def test_intervals_that_come_twice_count_once(history: list[Counted]) -> None:
    once = twice = WATCH.resume(None)
    for counted in history:
        once = WATCH.fold(once, counted).state
        twice = WATCH.fold(WATCH.fold(twice, counted).state, counted).state
    assert once == twice


def test_a_window_closes_when_it_has_both_rows_and_time() -> None:
    watch = Watch(World(0, 1).reference(1000), Settings(min_rows=100, min_seconds=7200))
    cells = World(1, 1).window(60)
    first = watch.fold(watch.resume(None), hour(0, 60, cells))
    assert first.window is None
    second = watch.fold(first.state, hour(1, 60, cells))
    assert second.window is not None
    assert (second.window.rows, second.window.start, second.window.end) == (120, 0, 2 * HOUR)
    assert second.state.window.rows == 0
    assert watch.fold(second.state, hour(2, 5000, cells)).window is None, "one hour is not two"


def test_intervals_with_a_missing_ledger_are_told_and_count_as_nothing() -> None:
    watch = Watch(World(0, 1).reference(1000), Settings(min_rows=50))
    state = watch.fold(watch.resume(None), hour(0, 0, None)).state
    folded = watch.fold(state, hour(1, 60, World(1, 1).window(60)))
    assert folded.window is not None
    assert (folded.window.rows, folded.window.unknown) == (60, 1)


def test_cells_of_another_version_are_refused() -> None:
    with pytest.raises(ValueError, match="3 cells are not of this version, whose window has 15"):
        WATCH.fold(WATCH.resume(None), hour(0, 3, [1, 2, 3]))


def test_evidence_of_another_reference_or_other_settings_is_not_continued() -> None:
    state = replace(WATCH.resume(None), closed=7)
    assert WATCH.resume(state) is state
    other = Watch(replace(SMALL, losses=Losses(1000, 101)), WATCH.settings)
    assert other.resume(state).closed == 0
    assert Watch(SMALL, replace(WATCH.settings, tolerance=0.03)).resume(state).closed == 0


def test_a_state_of_another_format_is_refused() -> None:
    text = WATCH.resume(None).to_json().replace('"format":2', '"format":3')
    with pytest.raises(ValueError, match="format 3, not 2"):
        DriftState.from_json(text)


def states(features: int) -> list[int]:
    """Return the bytes of the state over a hundred quarters of an hour in which everything moves and truths wait."""
    world = World(3, features)
    still = world.reference(2000)
    answers = Predictions(16, 2, still.predictions.scores)
    watch = Watch(Reference(still.columns, answers), Settings(min_rows=2000, mature_after_seconds=50 * 86_400))
    state, sizes = watch.resume(None), []
    for number in range(100):
        inputs = world.window(10**6, shift=0.1, of=range(features))[:-16]
        cells = [*inputs, *(10**6 // 32,) * 32]
        truths = tuple(
            Truth(day, at, outcome, 10**5)
            for day in range(max(0, number // 4 - 3), number // 4 + 1)
            for at in range(32)
            for outcome in (0, 1)
        )
        start = number * 6 * HOUR
        refused = [1] * features
        for quarter in range(4):
            begun = start + quarter * HOUR // 4
            counted = Counted(begun, begun + HOUR // 4, 10**6, cells, truths, refused)
            state = watch.fold(state, counted).state
            sizes.append(len(state.to_json()))
    return sizes


@pytest.mark.parametrize(("features", "kilobytes"), [(20, 32), (100, 48)])
def test_the_state_is_bounded_with_all_that_waits(features: int, kilobytes: int) -> None:
    """A million rows an hour of which nothing is like the reference, and 52 days of truths that wait for their time."""
    assert max(states(features)) < kilobytes * 1024


def test_the_state_is_bounded_in_features_and_in_time() -> None:
    world = World(3, 300)
    watch = Watch(world.reference(200), Settings(min_rows=100))
    state = watch.resume(None)
    for number in range(30):
        state = watch.fold(state, hour(number * 30, 200, world.window(200, shift=0.4, of=range(300)))).state
    assert len(state.to_json()) < 64 * 1024
