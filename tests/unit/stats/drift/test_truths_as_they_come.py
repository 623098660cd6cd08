"""Truths that come within seconds count for the window in which they come: harm at the pace of windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mooring.stats.drift import Counted, HarmReport, Losses, Predictions, Reference, Settings, Truth, Watch
from tests.unit.stats.drift.worlds import truths_of

SECOND = 1000
ROWS = 400
RATES = (0.05, 0.35, 0.35, 0.05)
"""Of losses by bin of the score: 0.2 where the four bins are as frequent."""
REFERENCE = Reference((), Predictions(4, 1, (5000,) * 4), Losses(20_000, 4000))
SETTINGS = Settings(min_rows=ROWS, min_seconds=10, per_days=1, mature_after_seconds=0)
"""A window every ten seconds, 8640 in the budget."""


class Service:
    """Windows of two intervals; truths come in either."""

    def __init__(self, seed: int = 0, settings: Settings = SETTINGS) -> None:
        self.random = np.random.default_rng(seed)
        self.watch = Watch(REFERENCE, settings)
        self.state = self.watch.resume(None)
        self.reports: list[HarmReport] = []
        self.at = 0

    def window(self, worse: float = 0.0, labelled: Sequence[int] = (100,) * 4, rows: int = ROWS) -> HarmReport | None:
        """Return what ground truth says at the end of a window."""
        lost = [self.random.binomial(n, rate + worse) for n, rate in zip(labelled, RATES, strict=True)]
        truths = [truths_of(-1, at, n, int(bad)) for at, (n, bad) in enumerate(zip(labelled, lost, strict=True))]
        for part in (truths[:2], truths[2:]):
            came = tuple(truth for pair in part for truth in pair)
            end = self.at + 5 * SECOND
            folded = self.watch.fold(self.state, Counted(self.at, end, rows // 2, [rows // 8] * 4, came))
            self.state, self.at = folded.state, end
        if folded.harm:
            self.reports.append(folded.harm)
        return folded.harm


def test_every_window_is_a_step_of_harm_whatever_day_its_truths_are_of() -> None:
    service = Service()
    report = service.window()
    assert report is not None
    assert (report.truths, report.coverage, report.state) == (ROWS, 1.0, "Quiet")
    assert report.alarm_at == 8640 / 0.5


@pytest.mark.parametrize(("worse", "most"), [(0.1, 20), (0.2, 4), (0.4, 2)])
def test_harm_is_seen_within_windows(worse: float, most: int) -> None:
    for seed in range(10):
        service = Service(seed)
        for _ in range(30):
            service.window()
        reports = [service.window(worse) for _ in range(most)]
        assert "Alarm" in [report.state for report in reports if report]


@pytest.mark.parametrize("worse", [0.0, 0.02])
def test_without_harm_beyond_the_tolerance_the_budget_is_kept(worse: float) -> None:
    """Half of an alarm a budget is allowed for harm: in ten services of an eighth of a budget each, fewer than one."""
    alarms = 0
    for seed in range(10):
        service = Service(seed)
        for _ in range(8640 // 8):
            service.window(worse)
        alarms += sum(report.state == "Alarm" for report in service.reports)
    assert alarms == 0


def test_a_few_truths_a_window_are_pooled_with_the_windows_they_came_in() -> None:
    service = Service()
    reports = [service.window(labelled=(20,) * 4) for _ in range(6)]
    assert [report is not None for report in reports] == [False, False, True] * 2
    assert [(report.truths, report.coverage) for report in service.reports] == [(240, 0.2)] * 2


def test_the_labelled_stand_for_the_predictions_of_their_window() -> None:
    """Raw 0.32 of losses where it is 0.2 of all."""
    service = Service()
    for _ in range(50):
        report = service.window(labelled=(20, 180, 180, 20))
        assert report is not None
        assert report.raw > 0.25
    assert {report.state for report in service.reports} == {"Quiet"}


def test_fewer_truths_than_usual_say_nothing() -> None:
    """When labels begin to come for every fifth row only, nobody knows which those are."""
    service = Service()
    for _ in range(5):
        service.window()
    before = service.state.harm
    reports = [service.window(0.5, labelled=(20,) * 4) for _ in range(9)]
    assert reports == [None] * 9
    assert service.state.cohorts.unknown == 9
    assert service.state.harm == before


def test_windows_without_truths_say_nothing_and_what_comes_between_windows_is_of_the_next() -> None:
    service = Service()
    assert [service.window(labelled=(0,) * 4) for _ in range(3)] == [None] * 3
    assert service.state.cohorts.unknown == 3
    truths = tuple(Truth(0, at, 0, 50) for at in range(4))
    early = Counted(service.at, service.at + SECOND, 0, [0] * 4, truths)
    service.state, service.at = service.watch.fold(service.state, early).state, early.end
    report = service.window(labelled=(0,) * 4)
    assert report is not None
    assert (report.truths, report.rate) == (200, 0.0)
    assert report.coverage == 0.5
