"""Which features a message names."""

from __future__ import annotations

from mooring.stats.drift import Beyond, Predictions, Reference, Settings, Watch, WindowReport
from mooring.stats.drift.distances import compare
from mooring.stats.drift.naming import MOST_NAMES, names
from tests.unit.stats.drift.worlds import World, hour

SURPRISE = 8.0


def test_the_greatest_come_first_and_no_more_than_ten() -> None:
    world = World(0, 1)
    columns = [compare(f"f{n}", world.draw(20_000), ordered=True, surprise=SURPRISE, floor=0.05) for n in range(30)]
    window = [world.draw(2000, 0.4 + n / 10 if n < 15 else 0.0) for n in range(30)]
    found = names(columns, window)
    assert [name.column for name in found] == [f"f{n}" for n in range(14, 14 - MOST_NAMES, -1)]
    assert all(name.p < 0.05 and name.effect > 0.05 and name.direction == "up" for name in found)


def test_few_names_are_wrong() -> None:
    """Twenty features at the floor, none beyond it, over forty windows."""
    wrong = 0
    for seed in range(40):
        world = World(seed, 1)
        columns = [compare(f"f{n}", world.draw(5000), ordered=True, surprise=SURPRISE, floor=0.05) for n in range(20)]
        wrong += bool(names(columns, [world.draw(2000, 0.12) for _ in range(20)]))
    assert wrong <= 2


def test_values_that_fall_go_down_and_a_category_that_grows_goes_up() -> None:
    world = World(0, 1)
    number = compare("n", world.draw(20_000), ordered=True, surprise=SURPRISE, floor=0.05)
    text = compare("t", (9000, 8000, 3000), ordered=False, surprise=SURPRISE, floor=0.05)
    found = names([number, text], [world.draw(2000, -0.6), (750, 600, 650)])
    assert {(name.column, name.direction) for name in found} == {("n", "down"), ("t", "up")}
    assert next(name.mark for name in found if name.column == "t") == 2


ANSWERS = Watch(Reference((), Predictions(2, 3, (10_000, 10_000), (10_000, 6000, 4000))))
SAME, MOVED = [500, 300, 200] * 2, [400, 50, 50, 1200, 250, 50]


def answered(*hours: list[int]) -> list[WindowReport]:
    state, found = ANSWERS.resume(None), []
    for number, cells in enumerate(hours):
        folded = ANSWERS.fold(state, hour(number, sum(cells), cells))
        state = folded.state
        assert folded.window is not None
        found.append(folded.window)
    return found


def test_predictions_that_moved_are_named_by_score_and_label() -> None:
    same, moved = answered(SAME, MOVED)
    assert (same.moved, same.beyond) == ((), Beyond(inputs=False, predictions=False))
    told = [(name.column, name.direction, name.mark) for name in moved.moved]
    assert told == [("label", "up", 0), ("score", "up", 0)]
    assert moved.beyond == Beyond(inputs=False, predictions=True)


def test_streaks_can_be_told_from_windows_whatever_an_alarm_set_back() -> None:
    found = answered(SAME, MOVED, MOVED, MOVED, SAME)
    assert [one.beyond.predictions for one in found] == [False, True, True, True, False]
    assert found[1].predictions.state == "Alarm"


def test_features_beyond_their_floor_are_told_apart_from_predictions() -> None:
    world = World(0, 2)
    watch = Watch(world.reference(20_000), Settings(min_rows=100))
    folded = watch.fold(watch.resume(None), hour(0, 2000, world.window(2000, shift=0.5)))
    assert folded.window is not None
    assert folded.window.beyond == Beyond(inputs=True, predictions=False)
    assert folded.window.moved == ()
