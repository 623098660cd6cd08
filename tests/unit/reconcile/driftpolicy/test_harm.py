"""Ground truth shows harm: what is asked for, and what became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.reconcile.driftpolicy.stage import AGE_MISSING, DAY, HOUR, Stage, truths, window


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.bring_evidence()
    stage.look()
    return stage


def test_quiet_evidence_asks_for_nothing_and_says_why(stage: Stage) -> None:
    stage.bring_evidence(harm=truths(), harm_at=stage.ms)
    status = stage.look()
    assert status.request is None
    ready = stage.condition("Ready")
    assert (ready.status, ready.reason) == ("True", "Watching")
    assert "evidence of harm: 12 < 4320" in ready.message
    assert "inputs 3 < 8640" in ready.message


def test_an_alarm_of_harm_first_waits_to_see_whether_others_fire(stage: Stage) -> None:
    stage.alarm()
    request = stage.look().request
    assert request is not None
    assert (request.id, request.state, request.action) == ("dp/income/1", "Gathering", "Retrain")
    assert request.reason == "harm 5210 >= 4320 on 20000 rows against income-v1 (45222 rows)"
    assert stage.condition("Harmful").status == "True"


def test_then_it_asks_its_training_job(stage: Stage) -> None:
    stage.alarm()
    status = stage.gathered()
    assert status.request is not None
    assert status.request.state == "Asked"
    assert status.suppressed is None
    assert stage.events() == ["Harmful", "RequestOpened", "RetrainAsked"]


def test_an_alarm_is_decided_once(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run("dp/income/1")
    stage.end_run(failure={"class": "Data", "reason": "NoTarget", "message": "no column employed"})
    status = stage.later(30 * DAY)
    assert status.request is None
    assert status.last is not None
    assert status.last.outcome == "Failed"


def test_a_run_that_was_started_is_followed_to_its_promotion(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run("dp/income/1")
    status = stage.look()
    assert status.request is None
    assert status.last is not None
    assert (status.last.outcome, status.last.run) == ("Waiting", 1)
    made = stage.end_run(verdict="Passed")
    last = stage.look().last
    assert last is not None
    assert (last.outcome, last.version) == ("Waiting", made)
    stage.serve("income-v2", previous="income-v1")
    last = stage.look().last
    assert last is not None
    assert (last.outcome, last.version, last.run) == ("Promoted", "income-v2", 1)
    assert stage.events()[-1] == "RequestPromoted"


@pytest.mark.parametrize(("rate", "gain", "helped"), [(0.15, "0.038", True), (0.2, "-0.012", False)])
def test_the_gain_is_measured_by_the_first_truths_of_the_new_version(
    stage: Stage, rate: float, gain: str, helped: bool
) -> None:
    stage.alarm()
    stage.promote_asked()
    stage.bring_evidence(harm=truths(rate), harm_at=stage.ms, settled=1)
    status = stage.look()
    assert status.last is not None
    assert (status.last.gain, status.last.helped) == (gain, helped)
    assert status.backoff == (None if helped else 1)


def test_the_gain_of_a_regression_is_a_share_of_its_error_before(stage: Stage) -> None:
    stage.bring_evidence(metrics=(("mae_binned", 10.0, 20_000),))
    stage.alarm()
    stage.promote_asked()
    stage.bring_evidence(harm=truths(0.3), harm_at=stage.ms, metrics=(("mae_binned", 8.0, 500),))
    last = stage.look().last
    assert last is not None
    assert (last.loss, last.gain, last.helped) == ("10", "0.2", True)


def test_the_gain_is_of_the_metric_that_harm_is_judged_by(stage: Stage) -> None:
    stage.alarm()
    stage.bring_evidence(harm=replace(truths(0.142, "Alarm", 5210.0), loss="brier"))
    stage.promote_asked()
    stage.bring_evidence(harm=truths(0.1), harm_at=stage.ms, settled=1)
    last = stage.look().last
    assert last is not None
    assert (last.loss, last.metric, last.gain, last.helped) == ("0.142", "brier", None, None), "a share is no score"
    stage.bring_evidence(harm=replace(truths(0.121), loss="brier"), harm_at=stage.ms, settled=2)
    status = stage.look()
    assert status.last is not None
    assert (status.last.gain, status.last.helped) == ("0.021", True)
    (shown,) = [item for item in status.evidence if item.test == "harm"]
    assert (shown.metric, shown.rate, shown.reference, shown.bound) == ("brier", "0.121", "0.139", "0.163")
    harmful = next(item for item in status.conditions if item.type == "Harmful")
    assert "Brier score 0.121 of 20000 truths, 0.163 allowed against income-v2" in harmful.message


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ({"verdict": "Rejected"}, "Rejected"),
        ({"unchanged": True, "version": "income-v1"}, "Unchanged"),
        ({"failure": {"class": "Data", "reason": "NoTarget", "message": "no column employed"}}, "Failed"),
    ],
)
def test_a_run_that_made_nothing_better_did_not_help(stage: Stage, end: dict[str, object], outcome: str) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run("dp/income/1")
    stage.end_run(**end)  # type: ignore[arg-type]  # of different types
    status = stage.look()
    assert status.last is not None
    assert (status.last.outcome, status.last.helped, status.backoff) == (outcome, False, 1)


def test_a_version_that_its_rollout_withdrew_did_not_help(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run("dp/income/1")
    made = stage.end_run(verdict="Passed")
    assert made is not None
    stage.serve("income-v1", canary=made)
    stage.look()
    stage.withdraw(made, "more failures")
    stage.serve("income-v1")
    status = stage.look()
    assert status.last is not None
    assert (status.last.outcome, status.backoff) == ("Aborted", 1)
    assert "more failures" in stage.told[-1].message


def test_a_request_expires_when_another_version_serves(stage: Stage) -> None:
    stage.alarm()
    stage.look()
    stage.record(2)
    stage.serve("income-v2")
    status = stage.later(2 * HOUR)
    assert status.request is None
    assert status.last is not None
    assert (status.last.id, status.last.outcome) == ("dp/income/1", "Expired")


def test_a_request_expires_when_later_truths_are_as_good_as_allowed(stage: Stage) -> None:
    stage.alarm()
    stage.look()
    stage.pass_time(60)
    stage.bring_evidence(harm=truths(0.15), harm_at=stage.ms)
    status = stage.look()
    assert status.request is None
    assert stage.condition("Harmful").status == "False"
    assert stage.events()[-2:] == ["HarmfulEnded", "RequestExpired"]


def test_a_number_that_expired_is_not_given_again(stage: Stage) -> None:
    stage.alarm()
    stage.promote_asked()
    stage.pass_time(DAY)
    stage.alarm()
    first = stage.look().request
    stage.pass_time(60)
    stage.bring_evidence(harm=truths(0.15), harm_at=stage.ms)
    stage.look()
    stage.pass_time(60)
    stage.alarm()
    second = stage.look().request
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == ("dp/income/2", "dp/income/3")


def test_a_policy_created_again_goes_on_counting_where_the_last_one_was(stage: Stage) -> None:
    stage.alarm()
    stage.promote_asked()
    stage.drop("DriftPolicy", "income")
    stage.policy("income")
    stage.pass_time(2 * DAY)
    stage.alarm()
    request = stage.look().request
    assert request is not None
    assert request.id == "dp/income/2"


def test_a_version_still_watched_is_asked_to_go(stage: Stage) -> None:
    stage.record(2)
    stage.serve("income-v2", previous="income-v1")
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert (request.action, request.version, request.state) == ("Rollback", "income-v2", "Asked")
    stage.withdraw("income-v2")
    stage.serve("income-v2", canary="income-v1")
    last = stage.look().last
    assert last is not None
    assert (last.action, last.outcome) == ("Rollback", "Waiting")
    stage.serve("income-v1")
    last = stage.look().last
    assert last is not None
    assert (last.outcome, last.version) == ("RolledBack", "income-v2")


def test_a_run_whose_version_was_sent_back_did_not_help(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    stage.start_run(stage.asked())
    made = stage.end_run(verdict="Passed")
    assert made is not None
    stage.serve(made, previous="income-v1")
    stage.look()
    stage.pass_time(2 * DAY)
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert (request.action, request.version) == ("Rollback", made)
    stage.withdraw(made)
    stage.serve("income-v1")
    status = stage.look()
    assert status.last is not None
    assert (status.last.outcome, status.backoff) == ("RolledBack", 1)


def test_a_run_that_was_started_in_the_moment_that_its_request_was_held_is_followed(stage: Stage) -> None:
    stage.alarm()
    stage.gathered()
    asked = stage.asked()
    stage.bring_evidence(window=window(stage.ms, (AGE_MISSING,)))
    held = stage.look().request
    assert held is not None
    assert held.state == "Held"
    stage.start_run(asked)
    status = stage.look()
    assert (status.request, status.last.outcome if status.last else None) == (None, "Waiting")


def test_or_training_is_asked_for_where_the_spec_says_so(stage: Stage) -> None:
    stage.change(onHarmAfterPromotion="Retrain")
    stage.record(2)
    stage.serve("income-v2", previous="income-v1")
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert request.action == "Retrain"


def test_training_is_asked_for_where_there_is_nothing_to_return_to_any_more(stage: Stage) -> None:
    stage.record(2)
    stage.serve("income-v2", previous="income-v1")
    stage.alarm()
    stage.gathered()
    stage.serve("income-v2")
    stage.look()
    status = stage.later(2 * DAY)
    assert status.last is not None
    assert (status.last.id, status.last.outcome) == ("dp/income/1", "Refused")
    assert status.request is not None
    assert (status.request.id, status.request.action, status.request.state) == ("dp/income/2", "Retrain", "Asked")


@pytest.mark.parametrize(
    ("estimated", "state"), [("Report", None), ("Approve", "AwaitsApproval"), ("Enforce", "Asked")]
)
def test_an_estimate_asks_for_no_more_than_the_spec_allows(stage: Stage, estimated: str, state: str | None) -> None:
    stage.change(harm={"estimated": estimated})
    stage.alarm("estimated")
    status = stage.gathered()
    assert (status.request.state if status.request else None) == state
    assert stage.condition("Harmful").status == "Unknown"


def test_alarms_of_inputs_alone_ask_for_nothing_by_default(stage: Stage) -> None:
    stage.alarm("inputs", streak=50)
    assert stage.gathered().request is None
    assert stage.condition("Drifted").status == "True"
