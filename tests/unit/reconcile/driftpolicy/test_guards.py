"""What holds a request though there is reason for it."""

from __future__ import annotations

import pytest

from mooring.api.driftstatus import DriftPolicyStatus, RequestStatus, SuppressedStatus
from mooring.reconcile.driftpolicy.guards import lengthened
from tests.unit.reconcile.driftpolicy.stage import AGE_MISSING, DAY, HOUR, Stage, truths, window


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.bring_evidence()
    stage.look()
    return stage


def held(status: DriftPolicyStatus) -> SuppressedStatus:
    assert status.suppressed is not None
    return status.suppressed


def request(status: DriftPolicyStatus) -> RequestStatus:
    assert status.request is not None
    return status.request


def fail(stage: Stage) -> None:
    """Let what is asked for be tried in vain."""
    stage.start_run(stage.asked())
    stage.end_run(failure={"class": "Data", "reason": "NoTarget", "message": "no column employed"})
    stage.look()


def test_a_run_is_followed_by_a_cooldown_from_when_it_finished(stage: Stage) -> None:
    stage.start_run("token/friday")
    stage.end_run(verdict="Rejected", seconds=5 * HOUR)
    stage.alarm()
    status = stage.gathered()
    assert request(status).state == "Held"
    assert held(status).reason == "Cooldown"
    assert held(status).until is not None
    assert stage.later(22 * HOUR).suppressed is not None
    assert request(stage.later(2 * HOUR)).state == "Asked"


def test_the_cooldown_doubles_with_each_run_that_did_not_help(stage: Stage) -> None:
    waits = []
    for _ in range(3):
        stage.alarm()
        stage.gathered()
        hours = 1
        while request(stage.look()).state == "Held":
            assert held(stage.status()).reason in ("Cooldown", "Backoff")
            hours += 1
            stage.later(HOUR)
        waits.append(hours)
        fail(stage)
    assert waits == [1, 2 * 24, 4 * 24]
    assert stage.status().backoff == 3


def test_or_stays_as_it_is(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "backoff": "None"})
    for _ in range(2):
        stage.alarm()
        stage.gathered()
        fail(stage)
        stage.later(DAY)
    stage.alarm()
    assert request(stage.gathered()).state == "Asked"


@pytest.mark.parametrize(("failures", "days"), [(0, 1), (1, 2), (5, 32), (9, 365), (10_000, 365)])
def test_a_cooldown_never_grows_beyond_a_year(failures: int, days: int) -> None:
    assert lengthened(DAY, failures) == days * DAY


def test_a_month_has_so_many_runs_and_no_more(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "maxPerMonth": 2, "cooldownSeconds": 0})
    for _ in range(2):
        stage.alarm()
        stage.gathered()
        fail(stage)
    stage.alarm()
    status = stage.gathered()
    assert held(status).reason == "Budget"
    assert held(status).message == "2 runs in the last 30 days, and maxPerMonth is 2"
    assert status.month is not None
    assert (status.month.retrains, status.month.limit) == (2, 2)
    assert request(stage.later(30 * DAY)).state == "Asked"


def test_runs_that_the_training_job_forgot_are_counted_all_the_same(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "maxPerMonth": 1, "cooldownSeconds": 0})
    stage.alarm()
    stage.gathered()
    fail(stage)
    stage.objects[("TrainingJob", "default", "income")]["status"]["runs"] = []
    stage.alarm()
    assert held(stage.gathered()).reason == "Budget"


def test_a_policy_created_again_finds_its_runs_spent(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "maxPerMonth": 1, "cooldownSeconds": 0})
    stage.alarm()
    stage.gathered()
    fail(stage)
    stage.drop("DriftPolicy", "income")
    stage.policy("income", retrain={"maxPerMonth": 1, "cooldownSeconds": 0})
    stage.alarm()
    assert held(stage.gathered()).reason == "Budget"


def test_runs_that_people_ask_for_are_not_of_the_budget(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "maxPerMonth": 1, "cooldownSeconds": 0})
    stage.start_run("token/friday")
    stage.end_run(verdict="Rejected")
    stage.alarm()
    assert request(stage.gathered()).state == "Asked"


def test_one_run_is_in_flight_at_a_time(stage: Stage) -> None:
    stage.start_run("token/friday")
    stage.alarm()
    status = stage.gathered()
    assert held(status).reason == "InFlight"
    assert "run 1 of TrainingJob income is in flight" in held(status).message


def test_a_version_on_its_way_is_waited_for(stage: Stage) -> None:
    stage.record(2)
    stage.serve("income-v1", canary="income-v2")
    stage.alarm()
    status = stage.gathered()
    assert held(status).reason == "InFlight"
    assert "income-v2 is to take over from income-v1" in held(status).message


def test_while_its_own_run_is_under_way_nothing_else_is_decided(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run(stage.asked())
    stage.look()
    stage.alarm()
    status = stage.gathered()
    assert (status.request, status.alarm) == (None, 1)
    stage.end_run(verdict="Rejected")
    status = stage.look()
    assert (request(status).id, status.alarm) == ("dp/income/2", 2)


@pytest.mark.parametrize(("verdict", "pinned"), [("Unknown", None), ("Passed", "income-v1")])
def test_a_version_that_waits_for_a_person_keeps_nothing_from_being_decided(
    stage: Stage, verdict: str, pinned: str | None
) -> None:
    if pinned:
        stage.put("ModelDeployment", "web", spec={"model": "income", "version": pinned})
    stage.alarm()
    stage.gathered()
    stage.start_run(stage.asked())
    stage.end_run(verdict=verdict)
    status = stage.look()
    assert (status.last.outcome if status.last else None) == "Waiting"
    assert stage.condition("Reconciling").status == "False"
    stage.pass_time(2 * DAY)
    stage.alarm()
    assert request(stage.gathered()).state == "Asked"


def test_two_policies_ask_one_training_job_one_after_the_other(stage: Stage) -> None:
    stage.put("ModelDeployment", "shop", spec={"model": "income"})
    stage.objects[("ModelDeployment", "default", "shop")]["status"] = {"stable": stage._arm("income-v1")}
    stage.pass_time(1)
    stage.put("DriftPolicy", "shop", spec={"deployment": "shop", "retrain": {"trainingJob": "income"}})
    for name in ("income", "shop"):
        stage.alarm(name=name)
        stage.look(name)
    stage.pass_time(HOUR)
    assert request(stage.look("income")).state == "Asked"
    assert held(stage.look("shop")).reason == "InFlight"
    # Two workers may have looked in the same moment.
    stage.objects[("DriftPolicy", "default", "shop")]["status"]["request"]["state"] = "Asked"
    assert request(stage.look("income")).state == "Asked"
    assert request(stage.look("shop")).state == "Held"


def test_broken_data_is_named_and_held_until_a_clean_window(stage: Stage) -> None:
    stage.bring_evidence(window=window(stage.ms, (AGE_MISSING,)))
    stage.alarm()
    status = stage.gathered()
    assert held(status).reason == "DataQuality"
    assert "AGEP: 0.31 missing > 0.052 in 2000 rows" in held(status).message
    assert stage.condition("DataQualityBroken").reason == "BrokenColumns"
    stage.bring_evidence(window=window(stage.ms))
    assert request(stage.look()).state == "Asked"
    assert stage.condition("DataQualityBroken").status == "False"


def test_a_restarted_operator_still_holds_what_broken_data_held(stage: Stage) -> None:
    stage.bring_evidence(window=window(stage.ms, (AGE_MISSING,)))
    stage.alarm()
    stage.gathered()
    stage.evidence.clear()
    before = len(stage.writes)
    assert request(stage.look()).state == "Held"
    assert len(stage.writes) == before


def test_a_stream_that_fell_silent_is_told_and_holds_nothing(stage: Stage) -> None:
    stage.bring_evidence(usual_gap_seconds=HOUR)
    stage.later(2 * HOUR)
    assert stage.condition("DataQualityBroken").status == "False"
    stage.later(2 * HOUR)
    assert stage.condition("DataQualityBroken").reason == "Silent"
    assert stage.events()[-1] == "DataQualityBroken"


def test_a_dry_run_says_what_it_would_have_spent(stage: Stage) -> None:
    stage.mode("DryRun")
    stage.start_run("token/friday")
    stage.end_run(verdict="Rejected", seconds=312)
    stage.pass_time(2 * DAY)
    stage.alarm()
    status = stage.gathered()
    assert request(status).state == "WouldAsk"
    assert (
        "would have asked TrainingJob income for run 1 of 4 a month; its last run took 5.2 min" in held(status).message
    )
    assert stage.events()[-1] == "WouldAsk"
    stage.alarm()
    assert held(stage.look()).count == 2


def test_a_policy_that_is_armed_asks_for_what_it_only_would_have(stage: Stage) -> None:
    stage.mode("DryRun")
    stage.alarm()
    stage.gathered()
    stage.mode("Enforce")
    assert request(stage.look()).state == "Asked"


def test_a_person_approves_the_very_request(stage: Stage) -> None:
    stage.mode("Approve")
    stage.alarm()
    status = stage.gathered()
    assert request(status).state == "AwaitsApproval"
    assert "mooring.dev/approve=dp/income/1" in held(status).message
    stage.approve("dp/income/7")
    assert request(stage.look()).state == "AwaitsApproval"
    stage.approve("dp/income/1")
    assert request(stage.look()).state == "Asked"


def test_an_approval_of_an_earlier_request_does_nothing(stage: Stage) -> None:
    stage.mode("Approve")
    stage.alarm()
    stage.approve("dp/income/1")
    stage.gathered()
    fail(stage)
    stage.later(3 * DAY)
    stage.alarm()
    assert request(stage.gathered()).state == "AwaitsApproval"


def test_a_suspended_policy_asks_for_nothing_and_keeps_what_it_knows(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.change(suspend=True)
    status = stage.look()
    assert held(status).reason == "Suspended"
    assert request(status).state == "Held"
    stage.alarm()
    assert stage.look().alarm == 1
    stage.change(suspend=False)
    assert request(stage.look()).state == "Asked"


def test_a_graver_reason_takes_the_place_of_one_that_waits(stage: Stage) -> None:
    stage.change(triggers=[{"type": "Harm"}, {"type": "InputDrift"}])
    stage.drift_for(3)
    first = request(stage.look())
    stage.alarm()
    second = request(stage.look())
    assert [(one.id, one.trigger) for one in (first, second)] == [
        ("dp/income/1", "InputDrift"),
        ("dp/income/2", "Harm"),
    ]


def test_an_alarm_that_was_taken_back_before_anyone_looked_asks_for_nothing(stage: Stage) -> None:
    stage.alarm()
    stage.pass_time(60)
    stage.bring_evidence(harm=truths(0.15), harm_at=stage.ms)
    assert stage.look().request is None
