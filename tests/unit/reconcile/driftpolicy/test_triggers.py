"""What starts training: drift that lasts, times, and age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mooring.api.driftpolicy import Trigger
from mooring.reconcile.driftpolicy import schedule
from tests.unit.reconcile.driftpolicy.stage import DAY, HOUR, Stage, window

WEEKLY = {"type": "Schedule", "cron": "0 3 * * 0"}
"""Sundays at 3. The stage begins on Monday, 2026-12-21, at 10."""


def staged(*triggers: dict[str, Any]) -> Stage:
    stage = Stage(triggers=list(triggers))
    stage.bring_evidence()
    stage.look()
    return stage


def state(stage: Stage) -> str | None:
    request = stage.look().request
    return request.state if request is not None else None


def test_drift_that_lasts_asks_with_the_numbers_of_its_last_window() -> None:
    stage = staged({"type": "InputDrift"})
    stage.drift_for(2)
    assert state(stage) is None
    stage.drift_for(3)
    request = stage.gathered().request
    assert request is not None
    assert (request.state, request.trigger) == ("Asked", "InputDrift")
    assert "drift in 3 windows in a row >= 3: AGEP 0.21 up; evidence inputs 9000" in request.reason
    assert "on the last 2000 rows against income-v1 (45222 rows)" in request.reason


def test_a_request_expires_with_the_drift() -> None:
    stage = staged({"type": "InputDrift", "consecutiveWindows": 1})
    stage.drift_for(1)
    assert state(stage) == "Gathering"
    stage.bring_evidence(streak=0, window=window(stage.ms))
    assert state(stage) is None
    assert stage.condition("Drifted").status == "False"


@pytest.mark.parametrize(("streak", "helped"), [(0, True), (2, False)])
def test_without_truths_the_first_window_of_the_new_version_says_whether_it_helped(streak: int, helped: bool) -> None:
    stage = staged({"type": "InputDrift"})
    stage.drift_for(3)
    stage.gathered()
    stage.start_run(stage.asked())
    made = stage.end_run(verdict="Passed")
    assert made is not None
    stage.look()
    stage.serve(made)
    stage.bring_evidence(window=window(stage.ms), streak=streak)
    last = stage.look().last
    assert last is not None
    assert (last.outcome, last.helped, last.gain) == ("Promoted", helped, None)


def test_a_schedule_asks_at_its_time() -> None:
    stage = staged(WEEKLY)
    stage.later(5 * DAY)
    assert state(stage) is None
    stage.later(DAY)
    request = stage.look().request
    assert request is not None
    assert request.state == "Asked"
    assert request.reason.startswith("schedule '0 3 * * 0' (Etc/UTC) was due 2026-12-27 03:00 UTC")


def test_times_that_nobody_was_there_for_count_once() -> None:
    stage = staged(WEEKLY)
    stage.later(36 * DAY)
    stage.start_run(stage.asked())
    stage.end_run(verdict="Rejected")
    stage.later(DAY)
    assert state(stage) is None


def test_a_new_or_changed_policy_makes_up_for_no_earlier_times() -> None:
    stage = staged({"type": "Harm"})
    stage.pass_time(40 * DAY)
    stage.change(triggers=[WEEKLY])
    assert state(stage) is None
    stage.pass_time(6 * DAY)
    stage.change(triggers=[{"type": "Schedule", "cron": "0 9 * * *"}])
    assert state(stage) is None


def test_a_schedule_follows_its_zone() -> None:
    berlin = Trigger(type="Schedule", cron="30 2 * * *", time_zone="Europe/Berlin")
    winter = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert schedule.next_due(berlin, winter) == datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    summer = datetime(2026, 6, 21, 10, 0, tzinfo=UTC)
    assert schedule.next_due(berlin, summer) == datetime(2026, 6, 22, 0, 30, tzinfo=UTC)


def test_a_time_is_due_from_its_second_on_and_is_decided_once() -> None:
    daily, at = Trigger(type="Schedule", cron="0 3 * * *"), datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    before = at - timedelta(hours=1)
    assert schedule.last_due(daily, before, at - timedelta(seconds=1)) is None
    assert schedule.last_due(daily, before, at) == at
    assert schedule.last_due(daily, at, at + timedelta(hours=23)) is None


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        ({"cron": "0 25 * * *"}, "cron '0 25 * * *' is no time"),
        ({"cron": "0 0 31 2 *"}, "cron '0 0 31 2 *' is no time"),
        (
            {"cron": "0 3 * * *", "timeZone": "Mars/Olympus"},
            "time zone 'Mars/Olympus' is not in the time zone database",
        ),
        ({"cron": "0 3 * * *", "timeZone": "../../etc"}, "time zone '../../etc' is not in the time zone database"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_and_the_others_work(trigger: dict[str, str], told: str) -> None:
    stage = staged({"type": "Harm"}, {"type": "Schedule", **trigger})
    ready = stage.condition("Ready")
    assert (ready.status, ready.reason) == ("False", "InvalidSchedule")
    assert told in ready.message
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert request.state == "Asked"


def test_age_asks_once_the_version_that_serves_is_old() -> None:
    stage = staged({"type": "MaxAge", "seconds": 31 * DAY})
    assert state(stage) is None
    stage.pass_time(DAY)
    request = stage.look().request
    assert request is not None
    assert request.state == "Asked"
    assert "income-v1 was recorded 2026-11-21 10:00 UTC, more than 31 days ago (MaxAge 2678400 s)" in request.reason


def test_age_ends_with_a_new_version() -> None:
    stage = staged({"type": "MaxAge", "seconds": 31 * DAY})
    stage.pass_time(DAY)
    stage.start_run(stage.asked())
    made = stage.end_run(verdict="Passed")
    assert made is not None
    stage.serve(made)
    assert state(stage) is None
    assert state(stage) is None


def test_schedules_and_age_wait_for_no_others() -> None:
    stage = staged(WEEKLY, {"type": "MaxAge", "seconds": 31 * DAY})
    stage.pass_time(6 * DAY + HOUR)
    request = stage.look().request
    assert request is not None
    assert (request.trigger, request.state) == ("MaxAge", "Asked")


def test_the_plan_looks_again_when_time_alone_changes_it() -> None:
    stage = staged(WEEKLY)
    made = stage.plan("DriftPolicy", "income")
    assert made is not None
    assert made.requeue_after is not None
    stage.pass_time(made.requeue_after)
    assert state(stage) == "Asked"
