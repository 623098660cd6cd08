"""Expected losses by what is predicted: an estimate with its share of the budget, blind to what only truths show."""

from __future__ import annotations

import numpy as np
import pytest

from mooring.stats.drift import Counted, Evidence, Losses, Predictions, Reference, Settings, Watch, WindowReport
from mooring.stats.drift.settings import SHARES
from tests.unit.stats.drift.worlds import HOUR, truths_of

SHARE = np.array([0.25, 0.25, 0.25, 0.25])
RATE = np.array([0.05, 0.15, 0.25, 0.35])
"""Losses by stratum: 0.2 of all."""
HARDER = np.array([0.05, 0.15, 0.3, 0.5])
"""Expected to lose 0.275."""
ROWS = 2000


class Service:
    """Windows of predictions in four strata, against a finite held out sample."""

    def __init__(self, seed: int, held: int = 10_000, **settings: float) -> None:
        self.random = np.random.default_rng(seed)
        rows = self.random.multinomial(held, SHARE)
        lost = self.random.binomial(rows, RATE)
        losses = Losses(held, int(lost.sum()), tuple(rows.tolist()), tuple(lost.tolist()))
        self.watch = Watch(Reference((), Predictions(4), losses), Settings(**settings))
        self.state = self.watch.resume(None)
        self.hours = 0

    def window(self, share: np.ndarray = SHARE, rows: int = ROWS) -> WindowReport:
        cells = self.random.multinomial(rows, share).tolist()
        start = self.hours * HOUR
        folded = self.watch.fold(self.state, Counted(start, start + HOUR, rows, cells))
        self.state, self.hours = folded.state, self.hours + 1
        assert folded.window is not None
        return folded.window


def test_harder_questions_are_told_by_their_expected_loss() -> None:
    found = []
    for seed in range(20):
        service = Service(seed)
        for _ in range(10):
            assert service.window().estimated.state == "Quiet"
        reports = [service.window(HARDER).estimated for _ in range(2)]
        found.append("Alarm" in [report.state for report in reports])
        assert reports[0].rate == pytest.approx(0.275, abs=0.03)
        assert reports[0].reference == pytest.approx(0.2, abs=0.02)
        assert reports[0].test == "estimated"
    assert sum(found) >= 18


@pytest.mark.parametrize("share", [SHARE, np.array([0.2, 0.25, 0.25, 0.3])])
@pytest.mark.parametrize("held", [1000, 10_000])
def test_the_budget_is_kept_where_the_expected_loss_rises_by_less_than_the_tolerance(
    share: np.ndarray, held: int
) -> None:
    """An eighth of the budget: in four services' 270 hours less than half an alarm is allowed, on average."""
    reports = [
        service.window(share).estimated for service in [Service(seed, held) for seed in range(4)] for _ in range(270)
    ]
    assert [report.state for report in reports].count("Alarm") == 0


def test_all_tiers_share_one_budget() -> None:
    assert sum(SHARES.values()) == 1
    assert Service(0).window().estimated.alarm_at == 2160 / 0.125


def test_a_changed_meaning_is_not_seen_and_an_estimate_that_is_well_clears_no_alarm() -> None:
    """The same predictions, all of them wrong: ground truth alarms, and goes on to."""
    service = Service(1, mature_after_seconds=0)
    for hour in range(3):
        cells = [500] * 4
        truths = tuple(truth for at in range(4) for truth in truths_of(0, at, 500, 400))
        folded = service.watch.fold(service.state, Counted(hour * HOUR, (hour + 1) * HOUR, ROWS, cells, truths))
        service.state = folded.state
        assert folded.window is not None
        assert folded.harm is not None
        assert folded.window.estimated.state == "Quiet"
        assert folded.harm.state == "Alarm"


def test_an_alarm_sets_the_estimate_back_alone() -> None:
    service = Service(3)
    while service.window(HARDER).estimated.state != "Alarm":
        pass
    assert not any(service.state.estimated)
    assert service.state.closed < 5


@pytest.mark.parametrize("losses", [Losses(0, 0), Losses(1000, 200)])
def test_without_losses_by_stratum_nothing_is_estimated(losses: Losses) -> None:
    watch = Watch(Reference((), Predictions(4), losses), Settings(min_rows=100))
    folded = watch.fold(watch.resume(None), Counted(0, HOUR, 200, [0, 0, 0, 200]))
    assert folded.window is not None
    assert folded.window.estimated == Evidence("estimated", 0.0, 2160 / 0.125, 200, "Unknown", 1.0)


def test_a_stratum_that_the_held_out_rows_never_had_is_expected_to_lose_as_all() -> None:
    watch = Watch(Reference((), Predictions(2), Losses(10_000, 2000, (10_000, 0), (2000, 0))), Settings(min_rows=100))
    folded = watch.fold(watch.resume(None), Counted(0, HOUR, 5000, [0, 5000]))
    assert folded.window is not None
    assert (folded.window.estimated.rate, folded.window.estimated.state) == (0.2, "Quiet")


def test_eight_rows_are_no_estimate() -> None:
    service = Service(0, min_rows=8)
    report = service.window(np.array([0, 0, 0, 1.0]), rows=8)
    assert (report.estimated.state, report.estimated.rate) == ("Unknown", None)


def test_losses_of_strata_that_do_not_fit_are_refused() -> None:
    for make in (
        lambda: Losses(10, 2, (5, 5), (1, 2)),
        lambda: Losses(10, 2, (5, 5), (2,)),
        lambda: Losses(10, 6, (5, 5), (6, 0)),
        lambda: Reference((), Predictions(4), Losses(10, 2, (5, 5), (1, 1))),
    ):
        with pytest.raises(ValueError, match="strat"):
            make()
