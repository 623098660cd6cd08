"""Simulated streams: what is no drift stays quiet for a budget, and what is drift is seen in a window or two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mooring.stats.drift import Folded, Predictions, Reference, Settings, Watch
from tests.unit.stats.drift.worlds import World, hour

BUDGET = 2160
FEATURES = 4


def windows(watch: Watch, world: World, count: int, *, shift: float = 0.0, score: float = 0.0) -> list[Folded]:
    state, found = watch.resume(None), []
    for number in range(count):
        cells = world.window(2000, shift=shift, of=range(FEATURES), score=score)
        found.append(watch.fold(state, hour(number, 2000, cells)))
        state = found[-1].state
    return found


def alarms(found: list[Folded]) -> int:
    return sum(
        "Alarm" in (one.window.inputs.state, one.window.predictions.state) for one in found if one.window is not None
    )


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.1])
def test_no_drift_and_small_permanent_shifts_stay_quiet_for_the_budget(shift: float) -> None:
    world = World(7, FEATURES)
    found = windows(Watch(world.reference(20_000)), world, BUDGET, shift=shift, score=shift)
    assert alarms(found) == 0
    assert found[-1].state.closed == BUDGET


@pytest.mark.parametrize("seed", range(5))
def test_a_small_reference_is_not_taken_for_the_truth(seed: int) -> None:
    """With no floor at all every alarm is the reference's own error."""
    world = World(seed, FEATURES)
    watch = Watch(world.reference(1000), Settings(inputs_effect=0, predictions_effect=0))
    assert alarms(windows(watch, world, 200)) == 0


@pytest.mark.parametrize(("shift", "most"), [(0.5, 1), (0.3, 2)])
def test_one_shifted_feature_of_twenty_is_found_and_named(shift: float, most: int) -> None:
    late = 0
    for seed in range(20):
        world = World(seed, 20)
        watch = Watch(world.reference(20_000))
        state = watch.resume(None)
        for number in range(most):
            folded = watch.fold(state, hour(number, 2000, world.window(2000, shift=shift, of=(3,))))
            state = folded.state
            assert folded.window is not None
            if folded.window.inputs.state == "Alarm":
                assert [(name.column, name.direction) for name in folded.window.top] == [("f3", "up")]
                break
        else:
            late += 1
    assert late <= 2


def test_predictions_that_move_are_an_alarm_of_their_own_and_are_set_back_alone() -> None:
    world = World(2, FEATURES)
    found = windows(Watch(world.reference(20_000)), world, 3, score=-0.6)
    assert [one.window.predictions.state for one in found if one.window] == ["Alarm"] * 3
    assert {one.window.inputs.state for one in found if one.window} == {"Quiet"}
    assert not any(found[-1].state.predictions)


def test_the_season_of_the_reference_is_not_drift() -> None:
    """A feature that swings by half a standard deviation within the reference."""
    world = World(5, FEATURES)
    still = world.reference(20_000)
    seasonal = replace(still, columns=tuple(replace(column, blocks=0.22) for column in still.columns))
    assert alarms(windows(Watch(still), world, 50, shift=0.4)) > 0
    assert alarms(windows(Watch(seasonal), world, 50, shift=0.4)) == 0


def test_the_season_of_answers_is_not_drift() -> None:
    """Scores that swing, and labels with them, in the held out rows too."""
    answers = Predictions(2, 2, (10_000, 10_000), (10_000, 10_000))
    night = [600, 0, 0, 1400]
    for known, states in ((answers, "Alarm"), (replace(answers, blocks=0.2, label_blocks=0.2), "Quiet")):
        watch = Watch(Reference((), known))
        folded = watch.fold(watch.resume(None), hour(0, 2000, night))
        assert folded.window is not None
        assert folded.window.predictions.state == states
    for one in (replace(answers, blocks=0.2), replace(answers, label_blocks=0.2)):
        watch = Watch(Reference((), one))
        folded = watch.fold(watch.resume(None), hour(0, 2000, night))
        assert folded.window is not None
        assert folded.window.predictions.state == "Alarm", "each has its own"


def test_what_can_be_seen_depends_on_the_reference() -> None:
    worlds = [Watch(World(1, FEATURES).reference(rows)).inputs.detectable for rows in (0, 1000, 20_000, 10**8)]
    assert worlds[0] == 1
    assert worlds[1] > worlds[2] > worlds[3] > 0.05
    assert worlds[2] == pytest.approx(0.065, abs=0.003)
    assert worlds[3] == pytest.approx(0.05, abs=0.001)


def test_more_columns_than_have_room_share_detectors_and_still_find_what_is_great() -> None:
    world = World(4, 200)
    watch = Watch(world.reference(5000))
    assert len(watch.resume(None).inputs) == 200
    quiet = watch.fold(watch.resume(None), hour(0, 2000, world.window(2000)))
    loud = watch.fold(watch.resume(None), hour(0, 2000, world.window(2000, shift=0.7)))
    assert quiet.window is not None
    assert loud.window is not None
    assert (quiet.window.inputs.state, loud.window.inputs.state) == ("Quiet", "Alarm")
