"""Which features a message names."""

from __future__ import annotations

from mooring.stats.drift.distances import compare
from mooring.stats.drift.naming import MOST_NAMES, names
from tests.unit.stats.drift.worlds import World

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
