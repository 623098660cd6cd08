"""What a policy says of itself: what is missing and what works all the same, restarts, sizes, saved looks."""

from __future__ import annotations

import json

import pytest

from mooring.reconcile.driftpolicy import Seen, explain
from mooring.stats.drift import Name
from tests.unit.reconcile.driftpolicy.stage import DAY, HOUR, Stage, truths, window
from tests.unit.reconcile.scenes import recipe


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.bring_evidence()
    stage.look()
    return stage


def blocked(stage: Stage, reason: str, told: str) -> None:
    """Check that an alarm is held by what a person must put right, and that drift is still told."""
    stage.alarm()
    status = stage.gathered()
    assert status.request is not None
    assert status.request.state == "Held"
    assert status.suppressed is not None
    assert status.suppressed.reason == reason
    assert told in stage.condition("Ready").message
    assert stage.condition("Ready").reason == reason
    assert stage.condition("Stalled").status == "True"
    assert stage.condition("Harmful").status == "True"


def test_without_its_training_job_it_watches_and_asks_for_nothing(stage: Stage) -> None:
    stage.drop("TrainingJob", "income")
    blocked(stage, "TrainingJobNotFound", "TrainingJob income does not exist in this namespace: create it")
    stage.put("TrainingJob", "income", spec=recipe())
    request = stage.look().request
    assert request is not None
    assert request.state == "Asked"


def test_a_training_job_of_another_model_is_not_asked(stage: Stage) -> None:
    stage.put("TrainingJob", "income", spec=recipe(model="churn"))
    blocked(stage, "OtherModel", "makes versions of model churn, and ModelDeployment web serves model income")


def test_a_suspended_training_job_is_not_asked(stage: Stage) -> None:
    stage.put("TrainingJob", "income", spec=recipe(suspend=True))
    blocked(stage, "TrainingJobSuspended", "set its spec.suspend to false")


def test_a_training_job_that_cannot_run_is_not_asked(stage: Stage) -> None:
    conditions = [
        {
            "type": name,
            "status": status,
            "reason": "NoOutput",
            "message": "set output.uri",
            "lastTransitionTime": stage.stamp(),
        }
        for name, status in (("Ready", "False"), ("Stalled", "True"))
    ]
    stage.objects[("TrainingJob", "default", "income")]["status"] = {"conditions": conditions}
    blocked(stage, "TrainingJobStalled", "TrainingJob income cannot run: NoOutput: set output.uri")


def test_a_training_job_whose_last_run_failed_is_asked_again(stage: Stage) -> None:
    stage.start_run("token/friday")
    failure = {"class": "Data", "reason": "NoTarget", "message": "no column employed"}
    stage.end_run(failure=failure)
    conditions = [
        {"type": name, "status": status, "reason": "NoTarget", "message": "failed", "lastTransitionTime": stage.stamp()}
        for name, status in (("Ready", "False"), ("Stalled", "True"))
    ]
    stage.objects[("TrainingJob", "default", "income")]["status"]["conditions"] = conditions
    stage.pass_time(2 * DAY)
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert request.state == "Asked"


def test_only_the_older_of_two_policies_asks(stage: Stage) -> None:
    stage.pass_time(1)
    stage.policy("younger")
    stage.alarm(name="younger")
    stage.look("younger")
    assert stage.condition("Ready", "younger").reason == "OlderPolicy"
    stage.pass_time(HOUR)
    request = stage.look("younger").request
    assert request is not None
    assert request.state == "Held"
    stage.drop("DriftPolicy", "income")
    request = stage.look("younger").request
    assert request is not None
    assert request.state == "Asked"


def test_a_policy_that_only_watches_keeps_no_other_from_asking(stage: Stage) -> None:
    stage.drop("DriftPolicy", "income")
    stage.put("DriftPolicy", "watcher", spec={"deployment": "web"})
    stage.pass_time(1)
    stage.policy("income")
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert request.state == "Asked"
    assert stage.look("watcher").request is None


def test_without_its_deployment_nothing_is_known(stage: Stage) -> None:
    stage.drop("ModelDeployment", "web")
    stage.evidence.clear()
    stage.look()
    assert stage.condition("Ready").reason == "DeploymentNotFound"
    assert stage.condition("Harmful").status == "Unknown"


def test_a_container_without_a_ledger_still_trains_by_the_clock() -> None:
    stage = Stage(triggers=[{"type": "MaxAge", "seconds": DAY}])
    server = {"container": {"image": "theirs"}}
    stage.put("ModelDeployment", "web", spec={"model": "income", "server": server})
    request = stage.look().request
    assert request is not None
    assert request.state == "Asked"
    ready = stage.condition("Ready")
    assert ready.reason == "NoLedger"
    assert "triggers Schedule, MaxAge and NewData still work" in ready.message


def test_before_anything_was_read_nothing_is_known() -> None:
    stage = Stage()
    stage.look()
    assert (stage.condition("Ready").reason, stage.condition("Reconciling").status) == ("Reading", "True")
    assert {stage.condition(one).status for one in ("Drifted", "Harmful", "DataQualityBroken")} == {"Unknown"}


def test_what_cannot_be_read_is_told(stage: Stage) -> None:
    stage.bring_evidence(trouble="1 of 2 pods does not answer: windows wait for it")
    stage.look()
    ready = stage.condition("Ready")
    assert (ready.status, ready.reason) == ("False", "EvidenceUnreadable")
    before = len(stage.writes)
    stage.evidence.clear()
    stage.look()
    assert len(stage.writes) == before, "a restart wrote"


def test_a_restarted_operator_writes_nothing(stage: Stage) -> None:
    stage.bring_evidence(warnings=("the reference has 1000 rows: only large changes can be seen.",), harm=truths())
    stage.alarm()
    stage.gathered()
    before = len(stage.writes)
    stage.evidence.clear()
    stage.look()
    assert len(stage.writes) == before


def test_a_new_version_begins_anew(stage: Stage) -> None:
    stage.alarm()
    stage.look()
    stage.record(2)
    stage.serve("income-v2")
    status = stage.look()
    assert (status.reference, status.evidence, status.top) == (None, [], [])
    assert stage.condition("Harmful").status == "Unknown"


def test_selective_labels_are_not_knowing(stage: Stage) -> None:
    stage.bring_evidence(harm=truths(state="LabelsSelective"), harm_at=stage.ms)
    stage.look()
    assert stage.condition("LabelsSelective").status == "True"
    assert (stage.condition("Harmful").status, stage.condition("Harmful").reason) == ("Unknown", "LabelsSelective")


def test_evidence_is_shown_in_a_few_numbers(stage: Stage) -> None:
    moved = Name("AGEP", 0.2104, 0.0, 7, "up")
    stage.bring_evidence(
        window=window(stage.ms, top=(moved,)), harm=truths(), harm_at=stage.ms, metrics=(("accuracy", 0.8612, 20_000),)
    )
    status = stage.look()
    assert [(one.test, one.value, one.alarm_at) for one in status.evidence] == [
        ("inputs", "3", "8640"),
        ("predictions", "3", "8640"),
        ("estimated", "3", "8640"),
        ("harm", "12", "4320"),
    ]
    assert [one.to_json() for one in status.top] == [
        {"feature": "AGEP", "effect": "0.21", "p": "<1e-300", "direction": "up"}
    ]
    assert (status.top_feature, status.metrics[0].value) == ("AGEP", "0.861")
    assert status.detectable is not None
    assert (status.detectable.inputs, status.detectable.harm) == ("0.068", "0.024")


def test_rows_of_the_open_window_are_written_ten_times_at_most(stage: Stage) -> None:
    shown = set()
    for rows in range(0, 2000, 10):
        stage.bring_evidence(window_rows=rows)
        found = stage.look().window
        assert found is not None
        shown.add(found.rows)
    assert len(shown) == 10


def test_status_keeps_below_its_bound_with_everything_in_it(stage: Stage) -> None:
    stage.change(retrain={"trainingJob": "income", "maxPerMonth": 100, "cooldownSeconds": 0, "backoff": "None"})
    top = tuple(Name("c" * 128, 0.2, 1e-9, 1, "up") for _ in range(10))
    for _ in range(110):
        stage.alarm(window=window(stage.ms, top=top))
        stage.gathered()
        if (request := stage.status().request) is not None and request.state == "Asked":
            stage.start_run(request.id)
            stage.end_run(failure={"class": "Data", "reason": "No", "message": "m" * 1024})
    assert len(json.dumps(stage.objects[("DriftPolicy", "default", "income")]["status"])) < 16 * 1024


def test_a_saved_look_explains_itself_elsewhere(stage: Stage) -> None:
    stage.alarm()
    stage.look()
    stage.pass_time(HOUR)
    saved = stage.seen().to_json()
    again = Seen.from_json(saved)
    assert again == stage.seen()
    assert explain(again, stage.now) == explain(stage.seen(), stage.now)
    assert explain(again, stage.now) == (
        "Retrain: dp/income/1 asks for Retrain: harm 5210 >= 4320 on 20000 rows against income-v1 (45222 rows)"
    )


def test_a_look_with_evidence_beyond_all_numbers_is_saved_too(stage: Stage) -> None:
    stage.bring_evidence(harm=truths(value=float("inf")), harm_at=stage.ms)
    assert Seen.from_json(stage.seen().to_json()) == stage.seen()
