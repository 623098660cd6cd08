"""A TrainingJob: who starts a run, how it ends, what is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from mooring.api.wire import TrainOrder
from tests.unit.reconcile.scenes import (
    DIGEST,
    add_brought,
    condition,
    end_job,
    end_pod,
    make_pod,
    recipe,
    refused,
    run_pod,
    the_jobs,
    train,
    trained,
)
from tests.unit.reconcile.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.put("TrainingJob", "income", spec=recipe())
    world.settle("TrainingJob", "income")
    return world


def status(world: World, name: str = "income") -> dict[str, Any]:
    found: dict[str, Any] = world.objects[("TrainingJob", "default", name)]["status"]
    return found


def order_of(job: dict[str, Any]) -> TrainOrder:
    env = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return TrainOrder.model_validate_json(env[0]["value"])


def annotate(world: World, value: str) -> None:
    world.put("TrainingJob", "income", metadata={"annotations": {"mooring.dev/run": value}})
    world.settle("TrainingJob", "income")


def test_a_new_recipe_starts_one_run(world: World) -> None:
    assert [job["metadata"]["name"] for job in the_jobs(world)] == [status(world)["runs"][0]["job"]]
    assert status(world)["phase"] == "Pending"
    assert condition(world, "TrainingJob", "income", "Ready")["status"] == "False"


def test_the_job_tells_its_pod_everything_and_trusts_it_with_nothing(world: World) -> None:
    (job,) = the_jobs(world)
    pod = job["spec"]["template"]["spec"]
    assert order_of(job).spec.output is not None
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    secrets = {e["name"] for e in pod["containers"][0]["env"] if "valueFrom" in e}
    assert {"MOORING_DATA_AWS_ACCESS_KEY_ID", "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY"} <= secrets


def test_a_report_becomes_a_version_and_then_the_job_may_go(world: World) -> None:
    run_pod(world, the_jobs(world)[0])
    world.settle("TrainingJob", "income")
    assert status(world)["phase"] == "Running"
    train(world)
    version = world.objects[("ModelVersion", "default", "income-v1")]
    assert version["spec"]["provenance"]["run"] == 1
    assert version["spec"]["artifact"]["secretName"] == "object-store"
    assert "ownerReferences" not in version["metadata"]
    assert (status(world)["phase"], status(world)["metric"]) == ("Succeeded", "roc_auc 0.87")
    assert the_jobs(world)[0]["spec"]["ttlSecondsAfterFinished"] == 86400


def test_a_rejected_version_is_recorded_all_the_same(world: World) -> None:
    train(world, report=trained("Rejected"))
    assert status(world)["phase"] == "Rejected"
    assert status(world)["latestVersion"] == "income-v1"


def test_a_settled_recipe_writes_nothing(world: World) -> None:
    train(world)
    world.writes.clear()
    world.pass_time(100_000)
    world.reconcile("TrainingJob", "income")
    assert world.writes == []


@pytest.mark.parametrize(
    "change",
    [
        {"evaluation": {"gates": [{"metric": "roc_auc", "min": "0.9"}]}},
        {"evaluation": {"slices": [{"column": "SEX"}]}},
        {"historyLimit": 3},
        {"run": {"seed": 0, "retries": 2}},
        {"output": {"uri": "s3://elsewhere"}},
    ],
)
def test_what_does_not_change_the_model_starts_no_run(world: World, change: dict[str, Any]) -> None:
    train(world)
    world.put("TrainingJob", "income", spec=recipe(**change))
    world.settle("TrainingJob", "income")
    assert len(the_jobs(world)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"run": {"seed": 7}},
        {"trainer": {"sklearn": {"estimator": "Ridge"}}},
        {"data": {"uri": "s3://datasets/other/", "target": "employed"}},
    ],
)
def test_what_changes_the_model_starts_a_run(world: World, change: dict[str, Any]) -> None:
    train(world)
    world.put("TrainingJob", "income", spec=recipe(**change))
    world.settle("TrainingJob", "income")
    assert [run["run"] for run in status(world)["runs"]] == [2, 1]
    assert status(world)["runs"][0]["reason"] == "the recipe changed"


def test_a_restored_backup_trains_nothing(world: World) -> None:
    train(world)
    world.drop("Job", the_jobs(world)[0]["metadata"]["name"])
    world.drop("TrainingJob", "income")
    world.put("TrainingJob", "income", spec=recipe())
    world.settle("TrainingJob", "income")
    assert the_jobs(world) == []
    assert condition(world, "TrainingJob", "income", "Ready")["status"] == "True"


def test_a_token_is_handled_once(world: World) -> None:
    train(world)
    annotate(world, "friday")
    train(world)
    world.settle("TrainingJob", "income")
    assert status(world)["handled"][0] == "token/friday"
    assert status(world)["latestVersion"] == "income-v2"
    assert len(status(world)["runs"]) == 2


def test_an_old_token_put_back_runs_nothing(world: World) -> None:
    train(world)
    for token in ("friday", "monday"):
        annotate(world, token)
        train(world)
    annotate(world, "friday")
    assert len(status(world)["runs"]) == 3


def test_a_run_of_what_was_trained_already_may_end_unchanged_unless_forced(world: World) -> None:
    train(world)
    annotate(world, "friday")
    job = the_jobs(world)[-1]
    unchanged = order_of(job).unchanged
    assert unchanged is not None
    assert unchanged.version == "income-v1"
    report = trained().model_copy(update={"outcome": "Unchanged"})
    train(world, report=report)
    assert status(world)["runs"][0]["unchanged"] is True
    assert world.get("ModelVersion", "default", "income-v2") is None
    annotate(world, "monday,force")
    forced = next(job for job in the_jobs(world) if order_of(job).run == 3)
    assert order_of(forced).unchanged is None


def test_a_run_of_what_was_trained_already_trains_where_rows_are_to_be_kept_that_it_has_not(world: World) -> None:
    train(world)
    world.put("TrainingJob", "income", spec=recipe(evaluation={"sampleRows": 1000}))
    annotate(world, "friday")
    assert order_of(the_jobs(world)[-1]).unchanged is None
    report = trained()
    assert report.data is not None
    train(world, report=report.model_copy(update={"data": report.data.model_copy(update={"sample_rows": 1000})}))
    annotate(world, "monday")
    assert order_of(the_jobs(world)[-1]).unchanged is not None


def test_changes_during_a_run_coalesce_into_one_pending_run(world: World) -> None:
    for seed in (1, 2, 3):
        world.put("TrainingJob", "income", spec=recipe(run={"seed": seed}))
        world.settle("TrainingJob", "income")
    assert len(the_jobs(world)) == 1
    assert status(world)["pending"]["reason"] == "the recipe changed"
    train(world)
    assert len(the_jobs(world)) == 2
    assert order_of(the_jobs(world)[1]).spec.run.seed == 3
    assert "pending" not in status(world)


def test_a_bad_token_is_answered_and_starts_nothing(world: World) -> None:
    train(world)
    annotate(world, "not a token!")
    assert len(status(world)["runs"]) == 1
    stalled = condition(world, "TrainingJob", "income", "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "InvalidAnnotation")
    assert "for example friday" in stalled["message"]


def test_a_suspended_recipe_starts_nothing_and_its_running_job_is_suspended(world: World) -> None:
    world.put("TrainingJob", "income", spec=recipe(suspend=True))
    world.settle("TrainingJob", "income")
    assert the_jobs(world)[0]["spec"]["suspend"] is True
    assert status(world)["phase"] == "Suspended"
    world.put("TrainingJob", "income", spec=recipe())
    world.settle("TrainingJob", "income")
    assert the_jobs(world)[0]["spec"]["suspend"] is False


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [("max_itr", "max_iter"), ("random_state", "seed")],
)
def test_parameters_are_refused_before_a_job_exists(parameter: str, sentence: str) -> None:
    world = World()
    trainer = {"sklearn": {"estimator": "LogisticRegression", "parameters": [{"name": parameter, "value": "5"}]}}
    world.put("TrainingJob", "income", spec=recipe(trainer=trainer))
    world.settle("TrainingJob", "income")
    assert the_jobs(world) == []
    assert status(world)["phase"] == "Failed"
    stalled = condition(world, "TrainingJob", "income", "Stalled")
    assert stalled["reason"] == "InvalidParameters"
    assert sentence in stalled["message"]


def test_a_corrected_recipe_runs() -> None:
    world = World()
    wrong = {"sklearn": {"estimator": "LogisticRegression", "parameters": [{"name": "C", "value": "much"}]}}
    world.put("TrainingJob", "income", spec=recipe(trainer=wrong))
    world.settle("TrainingJob", "income")
    world.put("TrainingJob", "income", spec=recipe())
    world.settle("TrainingJob", "income")
    assert len(the_jobs(world)) == 1
    assert condition(world, "TrainingJob", "income", "Stalled")["status"] == "False"


def test_of_two_recipes_of_one_model_the_younger_is_stalled(world: World) -> None:
    world.pass_time(5)
    world.put("TrainingJob", "another", spec=recipe(model="income"))
    world.settle("TrainingJob", "another")
    assert condition(world, "TrainingJob", "another", "Stalled")["reason"] == "ModelOwned"
    assert condition(world, "TrainingJob", "income", "Stalled")["status"] == "False"


@pytest.mark.parametrize(
    ("code", "reason", "job_reason", "report", "expected"),
    [
        (42, "Error", "PodFailurePolicy", refused(), ("Data", "NoTarget")),
        (137, "OOMKilled", "PodFailurePolicy", "", ("OutOfMemory", "OOMKilled")),
        (1, "Error", "BackoffLimitExceeded", refused("Infrastructure", "StoreUnavailable"), None),
        (1, "Error", "BackoffLimitExceeded", "Traceback …", ("Infrastructure", "PodFailed")),
        (0, "", "DeadlineExceeded", "", ("Deadline", "DeadlineExceeded")),
    ],
)
def test_a_failure_has_a_class_and_a_reason(
    world: World, code: int, reason: str, job_reason: str, report: Any, expected: tuple[str, str] | None
) -> None:
    job = the_jobs(world)[0]
    end_pod(world, job, report, code, reason)
    end_job(world, job, "Failed", job_reason)
    world.settle("TrainingJob", "income")
    failure = status(world)["runs"][0]["failure"]
    assert (failure["class"], failure["reason"]) == (expected or ("Infrastructure", "StoreUnavailable"))
    assert condition(world, "TrainingJob", "income", "Stalled")["status"] == "True"
    assert len(the_jobs(world)) == 1


def test_a_pod_that_cannot_start_says_why_and_ends_at_the_start_deadline(world: World) -> None:
    missing = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "object-store" not found'}}
    make_pod(world, the_jobs(world)[0], {"phase": "Pending", "containerStatuses": [{"state": missing}]})
    world.settle("TrainingJob", "income")
    assert 'secret "object-store" not found' in condition(world, "TrainingJob", "income", "Ready")["message"]
    world.pass_time(601)
    world.settle("TrainingJob", "income")
    assert status(world)["runs"][0]["failure"]["reason"] == "SecretNotFound"
    assert the_jobs(world) == []


@pytest.mark.parametrize(("pods", "reason"), [(False, "NoPod"), (True, "NotStarted")])
def test_a_run_that_does_not_start_and_does_not_say_why_ends_too(world: World, pods: bool, reason: str) -> None:
    if pods:
        creating = {"waiting": {"reason": "ContainerCreating"}}
        make_pod(world, the_jobs(world)[0], {"phase": "Pending", "containerStatuses": [{"state": creating}]})
    world.pass_time(601)
    world.settle("TrainingJob", "income")
    failure = status(world)["runs"][0]["failure"]
    assert (failure["class"], failure["reason"]) == ("Infrastructure", reason)


def test_a_deleted_job_comes_back(world: World) -> None:
    name = the_jobs(world)[0]["metadata"]["name"]
    world.drop("Job", name)
    world.settle("TrainingJob", "income")
    assert [job["metadata"]["name"] for job in the_jobs(world)] == [name]


def test_a_finished_job_whose_pod_vanished_is_run_again(world: World) -> None:
    name = the_jobs(world)[0]["metadata"]["name"]
    end_job(world, the_jobs(world)[0])
    world.pass_time(11)
    world.reconcile("TrainingJob", "income")
    assert the_jobs(world) == []
    world.settle("TrainingJob", "income")
    assert [job["metadata"]["name"] for job in the_jobs(world)] == [name]


@pytest.mark.parametrize("stop_after", range(4))
def test_stopped_after_any_write_it_doubles_nothing(stop_after: int) -> None:
    world = World()
    world.put("TrainingJob", "income", spec=recipe())
    world.reconcile("TrainingJob", "income", stop_after=stop_after)
    world.settle("TrainingJob", "income")
    job = the_jobs(world)[0]
    end_pod(world, job, trained())
    end_job(world, job)
    world.reconcile("TrainingJob", "income", stop_after=stop_after)
    world.settle("TrainingJob", "income")
    assert len(the_jobs(world)) == 1
    assert [item["metadata"]["name"] for item in world.all("ModelVersion", "default")] == ["income-v1"]
    assert status(world)["latestVersion"] == "income-v1"


def test_an_upgrade_starts_nothing_and_touches_no_job(world: World) -> None:
    train(world)
    world.config = world.config.model_copy(update={"runtime_image": "mooring-runtime:2"})
    world.writes.clear()
    world.settle("TrainingJob", "income")
    assert world.writes == []


def test_a_model_that_a_user_brought_is_counted_on_and_teaches_nothing() -> None:
    world = World()
    add_brought(world, 4)
    world.put("TrainingJob", "income", spec=recipe())
    world.settle("TrainingJob", "income")
    train(world)
    assert ("ModelVersion", "default", "income-v5") in world.objects


def test_numbers_are_never_reused(world: World) -> None:
    train(world)
    world.drop("ModelVersion", "income-v1")
    annotate(world, "again,force")
    train(world)
    assert status(world)["latestVersion"] == "income-v2"


def test_the_columns_of_the_first_split_are_kept(world: World) -> None:
    report = trained()
    assert report.data is not None
    data = report.data.model_copy(update={"split_columns": ["AGEP", "SCHL"]})
    train(world, report=report.model_copy(update={"data": data}))
    annotate(world, "again")
    assert order_of(the_jobs(world)[1]).split_columns == ["AGEP", "SCHL"]
    assert order_of(the_jobs(world)[0]).split_columns == []


def test_history_is_bounded(world: World) -> None:
    world.put("TrainingJob", "income", spec=recipe(historyLimit=2))
    train(world, report=trained(data=DIGEST))
    for token in "abcd":
        annotate(world, token)
        train(world)
    assert [run["run"] for run in status(world)["runs"]] == [5, 4]
