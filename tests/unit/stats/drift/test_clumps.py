"""Rows that come in clumps are fewer than they count: the promise holds for them, and others lose little by it."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from mooring.stats.drift import Column, Counted, Folded, Losses, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.clumps import LEAST_BLOCKS, Clumps
from tests.unit.stats.drift.worlds import HOUR, shares

ROWS = 2000
BLOCKS = 25


class Service:
    """Hours of a feature and a score in 25 intervals; users send so many equal rows, with equal truths."""

    def __init__(self, seed: int, clump: int, **settings: float) -> None:
        self.random = np.random.default_rng(seed)
        self.clump = clump
        counts = tuple(round(50_000 * share) for share in shares())
        held = Losses(50_000, 10_000)
        reference = Reference((Column("age", "number", counts),), Predictions(16, 1, counts), held)
        self.watch = Watch(reference, Settings(**{"min_rows": 1500, "min_seconds": 3599} | settings))
        self.state = self.watch.resume(None)
        self.hours = 0
        self.cells: list[int] = []
        """Of the last hour."""
        self.truths: tuple[Truth, ...] = ()

    def hour(self, shift: float = 0.0, intervals: int = BLOCKS) -> Folded:
        users = ROWS // intervals // self.clump
        step = -(-HOUR // intervals)
        folded = None
        self.cells, self.truths = [0] * 35, ()
        for number in range(intervals):
            ages = self.random.multinomial(users, shares(shift)) * self.clump
            scores = self.random.multinomial(users, shares())
            lost = self.random.binomial(scores, 0.2)
            truths = tuple(
                Truth(0, at, outcome, int(count) * self.clump)
                for at, counts in enumerate(zip(scores - lost, lost, strict=True))
                for outcome, count in enumerate(counts)
            )
            start = self.hours * (HOUR + 1000) + number * step
            cells = [*ages.tolist(), 0, 0, 0, *(scores * self.clump).tolist()]
            folded = self.watch.fold(self.state, Counted(start, start + step, users * self.clump, cells, truths))
            self.state = folded.state
            self.cells = list(map(operator.add, self.cells, cells))
            self.truths += truths
        self.hours += 1
        assert folded is not None
        return folded


def alarms(found: list[Folded]) -> list[str]:
    return [
        one.test
        for folded in found
        for one in (folded.window and folded.window.inputs, folded.window and folded.window.predictions)
        if one and one.state == "Alarm"
    ] + ["harm" for folded in found if folded.harm and folded.harm.state == "Alarm"]


@pytest.mark.parametrize("clump", [1, 20, 80])
def test_users_who_send_equal_rows_are_no_drift_and_no_harm(clump: int) -> None:
    service = Service(1, clump, mature_after_seconds=0)
    assert alarms([service.hour() for _ in range(240)]) == []


def test_where_blocks_cannot_be_told_apart_clumps_are_taken_for_rows() -> None:
    """The same rows, counted once an hour: this is what the blocks protect from."""
    service = Service(1, 20, mature_after_seconds=0)
    found = [service.hour(intervals=1) for _ in range(240)]
    assert len(alarms(found)) > 20
    assert {"inputs", "predictions", "harm"} == set(alarms(found))


def test_drift_of_independent_rows_is_found_as_soon() -> None:
    late = []
    for seed in range(20):
        service = Service(seed, 1)
        found = [service.hour(0.3) for _ in range(3)]
        late.append(next((at for at, one in enumerate(found, 1) if alarms([one])), 9))
    assert sorted(late)[15] <= 2


def test_drift_of_clumped_rows_is_found_by_as_many_users() -> None:
    service = Service(2, 20)
    found = [service.hour(0.5) for _ in range(20)]
    assert "inputs" in alarms(found)
    first = next(at for at, one in enumerate(found) if alarms([one]))
    assert 2 <= first <= 18


def test_the_factor_is_the_size_of_the_clumps() -> None:
    for clump, low, high in ((1, 1.0, 1.5), (5, 3.5, 7.0), (20, 14.0, 28.0)):
        service = Service(3, clump)
        service.hour()
        assert low <= service.state.repeated / 1000 <= high


def test_a_new_window_begins_with_no_blocks_and_few_blocks_say_nothing() -> None:
    service = Service(0, 20)
    service.hour()
    assert service.state.clumps == Clumps()
    service.state = service.watch.resume(None)
    service.hour(intervals=LEAST_BLOCKS - 1)
    assert service.state.repeated == 1000


def test_intervals_of_seconds_are_brought_together_to_blocks() -> None:
    service = Service(0, 1)
    service.hour(intervals=200)
    assert service.state.closed == 1
    assert 1000 <= service.state.repeated < 1600


@pytest.mark.parametrize("clump", [1, 20])
def test_a_window_that_was_recorded_says_again_what_it_said(clump: int) -> None:
    """Its intervals are gone, and what they told of clumps is recorded with it."""
    service = Service(4, clump, mature_after_seconds=0)
    state = service.watch.resume(None)
    for _ in range(5):
        folded = service.hour(0.2)
        window = folded.window
        assert window is not None
        whole = Counted(window.start, window.end, window.rows, service.cells, service.truths, repeated=window.repeated)
        again = service.watch.fold(state, whole)
        assert (again.window, again.harm) == (folded.window, folded.harm)
        state = again.state


def test_recorded_windows_that_are_joined_have_the_greatest_factor() -> None:
    service = Service(0, 1, min_rows=4000)
    counts = service.random.multinomial(2000, shares()).tolist()
    cells = [*counts, 0, 0, 0, *counts]
    one = Counted(0, HOUR, 2000, cells, (), None, (1000, 5000, 1000))
    other = Counted(HOUR, 2 * HOUR, 2000, cells, (), None, (3000, 2000, 1000))
    folded = service.watch.fold(service.watch.fold(service.state, one).state, other)
    assert folded.window is not None
    assert folded.window.repeated == (3000, 5000, 1000)
    with pytest.raises(ValueError, match="2 factors are not of this version, which has 3"):
        service.watch.fold(service.state, Counted(0, HOUR, 4000, cells, (), None, (1000, 1000)))
