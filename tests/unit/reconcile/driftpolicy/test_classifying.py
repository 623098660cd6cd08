"""Rows together: a Job asks now and then, its answer is told to people, and nothing is decided by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mooring.api.driftstatus import ClassifierStatus
from mooring.api.wire import CLASSIFY_ORDER_VARIABLE, ClassifyOrder, ClassifyReport
from mooring.cli.drift.view import view
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND
from tests.unit.reconcile.driftpolicy.stage import DAY, HOUR, Stage

CAPTURE = {"uri": "s3://captured", "secretName": "rows-store", "perMille": 10}


class RowsStage(Stage):
    """A policy that asks every day; `web` captures, and income-v1 has a sample of its rows."""

    def __init__(self, **spec: Any) -> None:
        super().__init__(classifier={"everySeconds": DAY, "maxRows": 3000}, **spec)
        self.keep_sample("income-v1")
        self.capture()
        self.bring_evidence()

    def capture(self, capture: Mapping[str, Any] | None = CAPTURE, **spec: Any) -> None:
        item = self.objects[("ModelDeployment", "default", "web")]
        self.put(
            "ModelDeployment", "web", spec={"model": "income", **spec, **({"capture": capture} if capture else {})}
        )
        self.objects[("ModelDeployment", "default", "web")]["status"] = item["status"]

    def keep_sample(self, version: str, rows: int | None = 5000) -> None:
        self.objects[("ModelVersion", "default", version)]["spec"]["data"]["sampleRows"] = rows

    def promote(self, version: str) -> None:
        self.serve(version)
        self.capture()
        self.bring_evidence()

    def jobs(self) -> list[str]:
        return sorted(name for kind, _, name in self.objects if kind == "Job")

    def running(self) -> Any:
        return next(item for key, item in self.objects.items() if key[0] == "Job" and not item.get("status"))

    def order(self) -> ClassifyOrder:
        container = self.running()["spec"]["template"]["spec"]["containers"][0]
        return ClassifyOrder.model_validate_json(
            next(item["value"] for item in container["env"] if item["name"] == CLASSIFY_ORDER_VARIABLE)
        )

    def answer(self, said: str) -> None:
        """Let the pod of the Job that is under way end with these last words."""
        job = self.running()
        self.pod(job, said)
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}

    def pod(self, job: Any, said: str, suffix: str = "x") -> None:
        """Let a pod of a Job end with these last words."""
        name = job["metadata"]["name"]
        labels = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: "DriftPolicy", LABEL_OWNER: "income"}
        labels["batch.kubernetes.io/job-name"] = name
        item = self.put("Pod", f"{name}-{suffix}", metadata={"labels": labels})
        ended = {"terminated": {"exitCode": 0, "reason": "Completed", "message": said, "finishedAt": self.stamp()}}
        item["status"] = {"phase": "Succeeded", "containerStatuses": [{"state": ended}]}

    def tell(self, auc: float, **facts: Any) -> ClassifierStatus:
        report = {"rows": 3000, "reference": 5000, "auc": auc, "low": auc - 0.02, "high": auc + 0.02, "until": self.ms}
        if auc > 0.5:
            report["top"] = [{"feature": "AGEP", "loss": 0.123456}, {"feature": "SCHL", "loss": 0.01}]
        self.answer(ClassifyReport.model_validate({**report, **facts}).encode())
        return self.known()

    def known(self) -> ClassifierStatus:
        found = self.look().classifier
        assert found is not None
        return found


@pytest.fixture
def stage() -> RowsStage:
    stage = RowsStage()
    stage.look()
    return stage


def test_one_job_asks_with_the_credentials_of_both_stores_and_none_of_the_data(stage: RowsStage) -> None:
    job = stage.running()
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["python3", "-m", "mooring.batch.classify"]
    secrets = {
        item["name"].split("AWS_")[0]: item["valueFrom"]["secretKeyRef"]["name"]
        for item in container["env"]
        if "valueFrom" in item
    }
    version = stage.seen().version("income-v1")
    assert version is not None
    own = {"MOORING_ARTIFACT_": version.spec.artifact.secret_name} if version.spec.artifact.secret_name else {}
    assert secrets == {"MOORING_CAPTURE_": "rows-store", **own}
    order = stage.order()
    assert (order.version, order.artifact) == ("income-v1", version.spec.artifact)
    assert (order.captured, order.max_rows) == ("s3://captured/default/web", 3000)
    assert order.since == stage.ms - DAY * 1000
    assert stage.known().auc is None


def test_the_pod_has_the_account_of_the_pods_that_wrote_the_rows() -> None:
    stage = RowsStage()
    stage.capture(serviceAccountName="reader")
    stage.look()
    assert stage.running()["spec"]["template"]["spec"]["serviceAccountName"] == "reader"


def test_features_that_the_policy_leaves_out_are_left_out() -> None:
    stage = RowsStage(features={"exclude": ["id"]})
    stage.look()
    assert stage.order().exclude == ["id"]


def test_the_answer_is_told_and_changes_no_condition_and_asks_for_nothing(stage: RowsStage) -> None:
    before = {item.type: item.status for item in stage.status().conditions}
    known = stage.tell(0.7)
    assert (known.look, known.version, known.rows, known.reference) == (1, "income-v1", 3000, 5000)
    assert (known.auc, known.low, known.high) == ("0.7", "0.68", "0.72")
    assert [(item.feature, item.loss) for item in known.top] == [("AGEP", "0.123"), ("SCHL", "0.01")]
    assert known.failure is None
    status = stage.status()
    assert {item.type: item.status for item in status.conditions} == before
    assert (status.request, status.alarm, status.suppressed) == (None, None, None)
    policy = stage.seen().policy
    told = "AUC 0.7 (0.68 to 0.72; 0.5 is chance), judged by half of 3000 captured rows and 5000; most by AGEP 0.123"
    assert told in view(policy)


def test_people_are_told_once_that_rows_differ_and_once_that_they_no_longer_do(stage: RowsStage) -> None:
    stage.tell(0.55)  # low end 0.53: one would not bother
    assert "RowsDiffer" not in stage.events()
    for auc in (0.6, 0.7):
        stage.later(DAY)
        stage.tell(auc)
    assert stage.events().count("RowsDiffer") == 1
    stage.later(DAY)
    stage.tell(0.5)
    assert stage.events().count("RowsDifferEnded") == 1
    message = next(event.message for event in stage.told if event.reason == "RowsDiffer")
    assert "0.6 (0.58 to 0.62" in message
    assert "AGEP" in message


def test_it_asks_again_when_it_is_time_about_rows_since_then(stage: RowsStage) -> None:
    until = stage.ms - 60_000
    stage.tell(0.5, until=until)
    stage.later(DAY - 1)
    assert len(stage.jobs()) == 1
    stage.later(1)
    assert len(stage.jobs()) == 2
    order = stage.order()
    assert (order.since, order.seed) == (until, 2)


def test_a_pod_whose_clock_goes_ahead_hides_no_rows_from_the_next_look(stage: RowsStage) -> None:
    seen = stage.ms
    assert stage.tell(0.5, until=seen + 3 * DAY * 1000).since == stage.now
    stage.later(DAY)
    assert stage.order().since == seen


def test_time_alone_brings_the_next_look(stage: RowsStage) -> None:
    stage.tell(0.5)
    stage.later(DAY - 30)
    assert 29 < float(stage.decision()) < 31


def test_a_restart_and_many_looks_make_no_second_job(stage: RowsStage) -> None:
    for _ in range(3):
        stage.later(HOUR)
    assert len(stage.jobs()) == 1
    stage.tell(0.5)
    saved = Seen.from_json(stage.seen().to_json())
    assert saved.classified == stage.seen().classified
    assert len(stage.jobs()) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Killed", "without an answer"),
        (
            ClassifyReport(
                rows=145, failure={"class": "Data", "reason": "TooFewRows", "message": "too few: 145 rows"}
            ).encode(),
            "too few: 145 rows",
        ),
    ],
)
def test_a_look_without_an_answer_says_why_and_its_rows_count_at_the_next(
    stage: RowsStage, said: str, told: str
) -> None:
    since = stage.order().since
    stage.answer(said)
    known = stage.known()
    assert told in (known.failure or "")
    assert (known.look, known.auc) == (1, None)
    assert told in view(stage.seen().policy)
    stage.later(DAY)
    assert stage.order().since == since
    assert stage.tell(0.6).failure is None


def test_the_answer_of_a_second_try_counts_and_not_the_failure_of_the_first(stage: RowsStage) -> None:
    down = {"class": "Infrastructure", "reason": "StoreUnavailable", "message": "the store is away"}
    stage.pod(stage.running(), ClassifyReport.model_validate({"failure": down}).encode(), "a")
    assert stage.known().look == 0  # the Job tries again
    assert stage.tell(0.6).auc == "0.6"


def test_a_look_that_fails_leaves_the_numbers_of_the_one_before_and_tells_nothing(stage: RowsStage) -> None:
    stage.tell(0.7)
    stage.later(DAY)
    stage.answer("Killed")
    known = stage.known()
    assert (known.look, known.auc) == (2, "0.7")
    assert known.failure is not None
    assert "RowsDifferEnded" not in stage.events()


def test_a_look_at_another_version_counts_for_nothing(stage: RowsStage) -> None:
    stage.record(2)
    stage.keep_sample("income-v2")
    stage.promote("income-v2")
    stage.tell(0.9)  # the Job of income-v1, which ends late
    known = stage.known()
    assert (known.version, known.auc) == ("income-v2", None)
    assert stage.order().version == "income-v2"  # at once
    assert stage.tell(0.5).auc == "0.5"
    assert "RowsDiffer" not in stage.events()


def test_after_a_rollback_no_old_answer_is_taken_for_a_new_one(stage: RowsStage) -> None:
    stage.tell(0.9)
    stage.record(2)
    stage.keep_sample("income-v2")
    stage.promote("income-v2")
    stage.look()
    stage.tell(0.5)
    stage.promote("income-v1")
    known = stage.known()
    assert (known.version, known.auc, known.look) == ("income-v1", None, 2)
    assert len(stage.jobs()) == 3
    assert "RowsDifferEnded" not in stage.events()  # what another version's rows were like says nothing of that


def test_a_suspended_policy_asks_for_no_look(stage: RowsStage) -> None:
    stage.tell(0.5)
    stage.change(suspend=True)
    stage.later(2 * DAY)
    assert len(stage.jobs()) == 1


def test_without_classifier_there_is_no_job_and_no_status(stage: RowsStage) -> None:
    stage.tell(0.7)
    stage.change(classifier=None)
    stage.later(2 * DAY)
    assert stage.look().classifier is None
    assert len(stage.jobs()) == 1
    assert "RowsDifferEnded" not in stage.events()


@pytest.mark.parametrize(
    ("reason", "todo"),
    [("NoCapture", "set its spec.capture"), ("NoSample", "set evaluation.sampleRows in its TrainingJob")],
)
def test_what_is_missing_is_said_and_all_else_works(reason: str, todo: str) -> None:
    stage = RowsStage()
    if reason == "NoCapture":
        stage.capture(None)
    else:
        stage.keep_sample("income-v1", None)
    stage.look()
    assert stage.jobs() == []
    assert todo in (stage.known().failure or "")
    ready = stage.condition("Ready")
    assert (ready.status, ready.reason) == ("False", reason)
    assert "all else works" in ready.message
    assert reason in stage.events()
    stage.alarm("harm")
    request = stage.gathered().request
    assert request is not None
    assert request.state == "Asked"
    # Put right, it is asked at once, and nothing is left of the trouble.
    stage.capture()
    stage.keep_sample("income-v1")
    stage.look()
    assert stage.tell(0.5).failure is None
    assert stage.condition("Ready").reason == "Watching"


def test_a_version_that_was_brought_has_no_sample() -> None:
    stage = RowsStage()
    spec = stage.objects[("ModelVersion", "default", "income-v1")]["spec"]
    spec["artifact"]["format"] = "XGBoost"
    spec["provenance"] = None
    stage.look()
    assert stage.jobs() == []
    assert "was brought" in (stage.known().failure or "")
