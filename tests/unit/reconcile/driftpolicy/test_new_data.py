"""New data: a Job lists it, and another listing than the one that was trained on asks for training, once."""

from __future__ import annotations

import pytest

from mooring.api.wire import ListReport
from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND
from tests.unit.reconcile.driftpolicy.stage import HOUR, Stage

OLD, NEW, NEWER = (f"sha256:{digit * 64}" for digit in "abc")


class DataStage(Stage):
    """A policy that looks for new data every hour; income-v1 was trained on OLD."""

    def __init__(self) -> None:
        super().__init__(triggers=[{"type": "NewData", "pollSeconds": HOUR}])
        self.objects[("ModelVersion", "default", "income-v1")]["spec"]["data"]["listing"] = OLD
        self.bring_evidence()

    def jobs(self) -> list[str]:
        return sorted(name for kind, _, name in self.objects if kind == "Job")

    def answer(self, said: str) -> None:
        """Let the pod of the Job that is under way end with these last words."""
        name = next(n for n in self.jobs() if not self.objects[("Job", "default", n)].get("status"))
        labels = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: "DriftPolicy", LABEL_OWNER: "income"}
        labels["batch.kubernetes.io/job-name"] = name
        item = self.put("Pod", f"{name}-x", metadata={"labels": labels})
        ended = {"terminated": {"exitCode": 0, "reason": "Completed", "message": said, "finishedAt": self.stamp()}}
        item["status"] = {"phase": "Succeeded", "containerStatuses": [{"state": ended}]}
        self.objects[("Job", "default", name)]["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}

    def list_as(self, listing: str) -> None:
        self.answer(ListReport(listing=listing, files=3, bytes=1234).encode())


@pytest.fixture
def stage() -> DataStage:
    stage = DataStage()
    stage.look()
    return stage


def test_one_job_lists_with_the_credentials_of_the_training_job(stage: DataStage) -> None:
    (name,) = stage.jobs()
    job = stage.objects[("Job", "default", name)]
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["python3", "-m", "mooring.training.listing"]
    secrets = {item["valueFrom"]["secretKeyRef"]["name"] for item in container["env"] if "valueFrom" in item}
    assert secrets == {"object-store"}
    assert stage.look().data is None


def test_the_listing_that_was_trained_on_asks_for_nothing(stage: DataStage) -> None:
    stage.list_as(OLD)
    status = stage.look()
    assert status.request is None
    assert status.data is not None
    assert (status.data.files, status.data.bytes) == (3, 1234)


def test_another_listing_asks_for_training_with_both_in_the_sentence(stage: DataStage) -> None:
    stage.list_as(NEW)
    request = stage.look().request
    assert request is not None
    assert (request.trigger, request.state) == ("NewData", "Asked")
    assert (
        "3 file(s) of 1234 bytes (bbbbbbbb), and income-v1 was trained on another listing (aaaaaaaa)" in request.reason
    )


def test_a_listing_is_decided_on_once_though_its_run_finds_nothing_changed(stage: DataStage) -> None:
    stage.list_as(NEW)
    stage.look()
    stage.start_run(stage.asked())
    stage.look()
    stage.end_run(unchanged=True, version="income-v1")
    stage.look()
    stage.later(HOUR)
    stage.list_as(NEW)
    assert stage.look().request is None
    stage.later(HOUR)
    stage.list_as(NEWER)
    assert stage.look().request is not None


def test_it_looks_again_when_it_is_time_and_not_before(stage: DataStage) -> None:
    stage.list_as(OLD)
    stage.look()
    stage.later(HOUR - 1)
    assert len(stage.jobs()) == 1
    stage.later(1)
    assert len(stage.jobs()) == 2


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Killed", "without an answer"),
        (
            ListReport(failure={"class": "User", "reason": "DataStoreRefused", "message": "no such bucket"}).encode(),
            "no such bucket",
        ),
    ],
)
def test_a_look_that_fails_says_why_and_is_tried_at_the_next_time(stage: DataStage, said: str, told: str) -> None:
    stage.answer(said)
    data = stage.look().data
    assert data is not None
    assert told in (data.failure or "")
    stage.later(HOUR)
    stage.list_as(NEW)
    status = stage.look()
    assert status.request is not None
    assert status.data is not None
    assert status.data.failure is None


def test_a_suspended_policy_does_not_look(stage: DataStage) -> None:
    stage.list_as(OLD)
    stage.look()
    stage.change(suspend=True)
    stage.later(2 * HOUR)
    assert len(stage.jobs()) == 1
