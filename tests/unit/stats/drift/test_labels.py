"""Ground truth that comes late, in parts, and of a sample that somebody chose."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from mooring.stats.drift import Counted, HarmReport, Losses, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.harm import repair
from mooring.stats.drift.joins import Sample
from tests.unit.stats.drift.worlds import DAY, truths_of

ROWS = 4000
MATURE = 1000
"""Milliseconds after its end until a day is mature."""
RATES = (0.05, 0.35, 0.35, 0.05)
"""Of losses by bin of the score: 0.2 where the four bins are as frequent."""
REFERENCE = Reference((), Predictions(4, 1, (5000,) * 4), Losses(20_000, 4000))


class Truths:
    """Days of 4000 predictions whose truths are told on a later day."""

    def __init__(self, seed: int = 0, settings: Settings = Settings(mature_after_seconds=1)) -> None:  # noqa: B008
        self.random = np.random.default_rng(seed)
        self.watch = Watch(REFERENCE, settings)
        self.state = self.watch.resume(None)
        self.reports: list[HarmReport] = []
        self.today = 0

    def day(self, *told: Truth, rows: int = ROWS) -> HarmReport | None:
        """Count a day's predictions, and truths that come with them."""
        start, self.today = self.today * DAY, self.today + 1
        of_day = self.fold(Counted(start + MATURE, start + DAY, rows, [rows // 4] * 4, told))
        return self.fold(Counted(start + DAY, start + DAY + MATURE, 0, [0] * 4)) or of_day

    def fold(self, counted: Counted) -> HarmReport | None:
        folded = self.watch.fold(self.state, counted)
        self.state = folded.state
        if folded.harm:
            self.reports.append(folded.harm)
        return folded.harm

    def truths(self, worse: float = 0.0, part: float = 1.0, day: int | None = None) -> list[Truth]:
        """Return truths of today's predictions, or of another day's."""
        labelled = round(ROWS / 4 * part)
        return [
            truth
            for at, rate in enumerate(RATES)
            for truth in truths_of(
                self.today if day is None else day, at, labelled, int(self.random.binomial(labelled, rate + worse))
            )
        ]


def test_a_model_that_loses_more_is_found_in_days_and_one_that_does_not_is_not() -> None:
    for worse, alarms in ((0.0, 0), (0.01, 0), (0.08, 3)):
        world = Truths()
        for _ in range(60 if not alarms else 3):
            world.day(*world.truths(worse))
        assert [one.state for one in world.reports].count("Alarm") == alarms
        assert all(one.rate == pytest.approx(0.2 + worse, abs=0.03) for one in world.reports)


def test_a_small_harm_adds_up_over_days_that_each_show_little() -> None:
    """Less than two points beyond the bound, with 480 truths a day."""
    days = []
    for seed in range(8):
        world = Truths(seed)
        while not any(report.state == "Alarm" for report in world.reports) and world.today < 60:
            world.day(*world.truths(0.045, part=0.12))
        days.append(world.today)
    assert max(days) <= 40


def test_what_can_be_seen_of_harm_is_told() -> None:
    world = Truths()
    world.day(*world.truths())
    (report,) = world.reports
    assert report.reference == 0.2
    assert report.bound == pytest.approx(0.2 + 0.02 + 0.0077, abs=0.001)
    assert report.alarm_at == 180


def test_a_thousand_rows_of_reference_do_not_show_four_points() -> None:
    """1000 rows leave 0.035 of doubt beside a tolerance of 0.02."""
    world = Truths()
    world.watch = Watch(Reference((), REFERENCE.predictions, Losses(1000, 200)), world.watch.settings)
    world.state = world.watch.resume(None)
    for _ in range(20):
        world.day(*world.truths(0.04))
    assert {one.state for one in world.reports} == {"Quiet"}


def test_truths_count_for_the_day_of_their_prediction_and_when_that_is_mature() -> None:
    world = Truths(settings=Settings(mature_after_seconds=2 * 86_400))
    assert world.day() is None
    assert world.day(*world.truths(day=0, part=0.5)) is None
    report = world.day(*world.truths(day=0, part=0.5))
    assert report is not None
    assert (report.truths, report.coverage) == (ROWS, 1.0)
    assert world.day(*world.truths(day=0)) is None, "that day is settled"


def test_a_day_with_fewer_truths_than_usual_waits_for_them_and_is_given_up_in_the_end() -> None:
    world = Truths()
    for _ in range(3):
        world.day(*world.truths(part=0.5))
    poor = world.today
    assert world.day(*world.truths(part=0.2)) is None
    assert world.day(*world.truths(part=0.3, day=poor)) is not None, "now it is covered"
    given_up = world.state.cohorts.unknown
    for _ in range(9):
        world.day()
    assert world.state.cohorts.unknown > given_up
    assert len(world.state.cohorts.waiting) <= 8


def test_few_truths_a_day_are_pooled_until_they_are_enough() -> None:
    world = Truths()
    reports = [world.day(*world.truths(part=0.02)) for _ in range(6)]
    assert [report is not None for report in reports] == [False, False, True] * 2
    assert [report.truths for report in world.reports] == [240, 240]


def test_longer_windows_make_longer_steps_of_harm() -> None:
    world = Truths(settings=Settings(min_seconds=3 * 86_400, mature_after_seconds=1))
    reports = [world.day(*world.truths()) for _ in range(6)]
    assert [report is not None for report in reports] == [False, False, True] * 2
    assert world.reports[0].alarm_at == 60


def test_when_uncertain_cases_are_reviewed_first_the_rate_is_that_of_all() -> None:
    """Raw 0.317 of losses where it is 0.2 of all."""
    pool = Sample((1000,) * 4, (100, 900, 900, 100), (5, 315, 315, 5))
    found = repair(pool)
    assert found.raw == pytest.approx(0.32)
    assert found.rate == pytest.approx(0.2)
    assert not found.selective
    world = Truths()
    for _ in range(30):
        day = world.today
        assert world.day(
            *chain(*(truths_of(day, at, n, k) for at, (n, k) in enumerate(zip(pool.labelled, pool.lost, strict=True))))
        )
    assert {one.state for one in world.reports} == {"Quiet"}


def test_truths_of_the_confident_alone_say_nothing() -> None:
    world = Truths()
    for _ in range(5):
        day = world.today
        report = world.day(Truth(day, 0, 1, 900), Truth(day, 3, 1, 900))
        assert report is not None
        assert (report.state, report.value) == ("LabelsSelective", 0.0)
        assert report.distance > 0.05


def test_a_handful_of_truths_cannot_stand_for_a_quarter_of_all() -> None:
    assert repair(Sample((1000,) * 4, (3, 900, 900, 900), (0, 0, 0, 0))).selective


def test_without_losses_at_training_harm_is_unknown() -> None:
    world = Truths()
    world.watch = Watch(Reference((), REFERENCE.predictions), world.watch.settings)
    world.state = world.watch.resume(None)
    for _ in range(20):
        report = world.day(*world.truths(0.5))
        assert report is not None
        assert (report.state, report.value, report.bound) == ("Unknown", 0.0, 1.0)


def test_truths_for_days_and_bins_that_are_not_here() -> None:
    world = Truths()
    assert world.day(Truth(5, 0, 1, 10), Truth(-1, 9, 1, 10)) is None
    for truth in (Truth(world.today, 4, 1, 10), Truth(world.today, 0, 2, 10), Truth(world.today, 0, 1, -1)):
        with pytest.raises(ValueError, match="is not of this version, which has 4 strata and 2 outcomes"):
            world.fold(Counted(world.today * DAY + MATURE, (world.today + 1) * DAY, 4, [1] * 4, (truth,)))
