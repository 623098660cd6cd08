"""The operator killed in the middle: the work goes on, and is finished once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.place import Place, make_namespace, operator_kubeconfig, put_people
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess


@pytest.fixture(scope="module")
def apart(rights: Kube) -> Iterator[Place]:
    """A place whose operator only these tests start."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    place = make_namespace(rights.kubeconfig, name)
    put_people(place)
    yield place
    place.kube.delete("Namespace", name)


@pytest.fixture(scope="module")
def account(rights: Kube) -> str:
    return operator_kubeconfig(rights)


@pytest.fixture
def start(apart: Place, account: str, operator_config: dict[str, object]):  # type: ignore[no-untyped-def]  # a factory
    return lambda: OperatorProcess(account, [apart.namespace], operator_config)


def test_killed_during_training_it_records_the_result_once(apart: Place, start) -> None:  # type: ignore[no-untyped-def]
    with start() as first:
        apart.kube.apply(apart.recipe("income"))
        eventually("the Job is there", lambda: apart.kube.list("Job"))
        first.kill()
    job = apart.kube.list("Job")[0]["metadata"]["name"]
    eventually("the run ends without an operator", lambda: _complete(apart, job), 90)
    with start() as second:
        apart.wait("TrainingJob", "income", "Ready")
        assert [item["metadata"]["name"] for item in apart.kube.list("ModelVersion")] == ["income-v1"]
        eventually("all is settled", lambda: second.looks() > 0)


def test_killed_during_a_replacement_it_finishes_it(apart: Place, start) -> None:  # type: ignore[no-untyped-def]
    with start():
        apart.kube.apply(apart.serving("income", "income"))
        apart.wait("ModelDeployment", "income", "Ready")
    with start() as first:
        limits = {"limits": {"memory": "1Gi"}}
        apart.kube.merge("ModelDeployment", "income", {"spec": {"resources": limits}})
        eventually("a new one starts", lambda: apart.status("ModelDeployment", "income").get("canary"), 30)
        first.kill()
    with start():
        replaced = lambda: "canary" not in (s := apart.status("ModelDeployment", "income")) and s  # noqa: E731
        status = eventually("it has taken over", replaced, 60)
        assert [entry["outcome"] for entry in status["history"]] == ["Promoted", "Promoted"]
        gone = lambda: len(apart.kube.list("Deployment")) == 1  # noqa: E731
        eventually("the old one is gone after its delay", gone, 60)


def test_a_restart_writes_nothing(apart: Place, start) -> None:  # type: ignore[no-untyped-def]
    before = apart.kube.revisions()
    with start() as process:
        eventually("everything was looked at", lambda: process.looks() >= 3)
        assert process.writes() == 0
    assert apart.kube.revisions() == before


def _complete(place: Place, job: str) -> bool:
    conditions = (place.kube.get("Job", job) or {}).get("status", {}).get("conditions", [])
    return any(item["type"] == "Complete" and item["status"] == "True" for item in conditions)
