"""From kept evidence to a run: the operator as a process, its observer and its plans, on the real cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from mooring.api.driftpolicy import DriftPolicy, DriftPolicySpec
from mooring.api.trainingjob import TrainingJobSpec
from mooring.reconcile.drift.kept import keep
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.watch import begin
from mooring.reconcile.driftseen import Alarm
from mooring.reconcile.trainingjob.recipe import recipe_hash
from tests.operator.berths import wait_until_quiet
from tests.support.alone import alone
from tests.support.fixtures import new_namespace
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

Sample = Callable[..., dict[str, Any]]

MODULE = "tests.support.watching"
SENTENCE = "harm: evidence 5210 >= 4320 on 20000 truths against income-v3"


@pytest.fixture
def kube(kubeconfig: str) -> Iterator[Kube]:
    """A namespace in which income-v3 serves and its TrainingJob has run, while no other operator works."""
    with alone(kubeconfig), new_namespace(kubeconfig) as kube:
        yield kube


@pytest.fixture
def watched(kube: Kube, sample: Sample) -> Kube:
    """income-v3 serves, and was made by a recipe that has nothing more to do."""
    for name in ("modelversion", "modeldeployment-minimal", "trainingjob-minimal"):
        kube.create(sample(name))
    digest = sample("modelversion")["spec"]["artifact"]["digest"]
    stable = {"version": "income-v3", "digest": digest, "template": "0123abcd", "replicas": 2, "ready": 2}
    serving = {"stable": stable | {"startedAt": "2026-11-21T10:00:00Z"}}
    kube.merge("ModelDeployment", "income", {"status": serving}, "/status")
    recipe = recipe_hash(TrainingJobSpec.model_validate(sample("trainingjob-minimal")["spec"]))
    kube.merge("TrainingJob", "income", {"status": {"recipeHash": recipe}}, "/status")
    return kube


def alarmed(kube: Kube, sample: Sample, **retrain: Any) -> None:
    """Create a policy whose kept evidence has reached its bound."""
    policy = sample("driftpolicy-minimal")
    policy["spec"] |= {"window": {"minRows": 100, "minSeconds": 5}}
    policy["spec"]["retrain"] |= {"cooldownSeconds": 0} | retrain
    made = DriftPolicy.model_validate(kube.create(policy))
    now = time.time()
    known = begin("income-v3", Asked.of(DriftPolicySpec.model_validate(policy["spec"])), now, "the test says so")
    alarm = Alarm(1, int(now * 1000), "harm", "income-v3", SENTENCE)
    kube.apply(keep(made.metadata, replace(known, alarms=(alarm,), alarmed=1)).manifest)


def status(kube: Kube, kind: str = "DriftPolicy") -> dict[str, Any]:
    found = kube.get(kind, "income")
    assert found is not None
    return dict(found.get("status", {}))


def test_an_alarm_becomes_a_run_that_says_why_and_a_restart_changes_nothing(watched: Kube, sample: Sample) -> None:
    alarmed(watched, sample)
    with OperatorProcess(watched.kubeconfig, [watched.namespace], module=MODULE) as operator:
        last = eventually("the run is followed", lambda: status(watched).get("last"), seconds=40)
        wait_until_quiet(operator)
        assert (last["id"], last["outcome"]) == ("dp/income/1", "Waiting")
    run = status(watched, "TrainingJob")["runs"][0]
    assert (run["request"], run["reason"]) == ("dp/income/1", f"DriftPolicy income: {SENTENCE}")
    assert [job["metadata"]["name"] for job in watched.list("Job")] == [run["job"]]
    told = {(event["reason"], event["note"]) for event in watched.list("Event")}
    assert ("RetrainAsked", f"dp/income/1: {SENTENCE}") in told
    said, before = status(watched), watched.revisions()
    with OperatorProcess(watched.kubeconfig, [watched.namespace], module=MODULE) as operator:
        eventually("every resource was looked at", lambda: operator.looks() >= 4)
        eventually("the observer has brought what was kept", lambda: operator.looks() >= 5)
    assert status(watched) == said
    assert watched.revisions() == before


def test_a_person_approves(watched: Kube, sample: Sample) -> None:
    alarmed(watched, sample, mode="Approve")
    with OperatorProcess(watched.kubeconfig, [watched.namespace], module=MODULE):
        eventually("it waits for a person", lambda: state(watched) == "AwaitsApproval", seconds=40)
        assert watched.list("Job") == []
        annotations = {"annotations": {"mooring.dev/approve": status(watched)["request"]["id"]}}
        watched.merge("DriftPolicy", "income", {"metadata": annotations})
        eventually("a run is started", lambda: watched.list("Job"), seconds=40)


def state(kube: Kube) -> str | None:
    found: str | None = (status(kube).get("request") or {}).get("state")
    return found
