"""Versions judged by what users got: a good one is promoted, though the operator is killed; a bad one is aborted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import loading
from tests.e2e.place import Place, make_namespace, operator_kubeconfig
from tests.support import brought
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

NAME = "careful"
STEPS = [{"name": "third", "weight": 33, "maxSeconds": 600}]
ANALYSIS = {"errors": {"tolerance": "3", "floor": "0.05"}}
"""Loose, so that a minute of traffic is enough."""
ROLLOUT = {
    "strategy": "Canary",
    "steps": STEPS,
    "analysis": ANALYSIS,
    "scaleDownDelaySeconds": 5,
    "watchSecondsAfterPromotion": 0,
}


@pytest.fixture(scope="module")
def apart(rights: Kube) -> Iterator[Place]:
    """A place whose operator only these tests start, with two versions that are good and one that fails at times."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    place = make_namespace(rights.kubeconfig, name)
    for number, content in enumerate((brought.model(), brought.model(), brought.model(fails_from=93)), start=1):
        brought.record(place, number, content)
    yield place
    place.kube.delete("Namespace", name)


@pytest.fixture(scope="module")
def operators(rights: Kube, apart: Place, operator_config: dict[str, object]) -> Iterator[list[OperatorProcess]]:
    """The operator, which a test may replace. Clients ask from the first test of this file to its last."""
    account = operator_kubeconfig(rights)
    running = [OperatorProcess(account, [apart.namespace], operator_config) for _ in range(2)]
    running[0].__enter__()
    apart.kube.apply(apart.serving(NAME, brought.MODEL, version="signal-v1", rollout=ROLLOUT))
    apart.wait("ModelDeployment", NAME, "Ready")
    eventually("Envoy leads", lambda: selected(apart).endswith("envoy"), 60)
    loading.start(apart, NAME, "--callers=97", model=brought.MODEL, body=brought.questions(), rate=100)
    yield running
    for process in running:
        if hasattr(process, "process"):
            process.__exit__(None, None, None)


def test_a_good_version_is_promoted_once_though_the_operator_is_killed_in_its_step(
    apart: Place, operators: list[OperatorProcess]
) -> None:
    pin(apart, "signal-v2")
    eventually("evidence is kept", lambda: judged(apart) > 500, 120)
    operators[0].kill()
    before = judged(apart)
    operators[1].__enter__()
    eventually("evidence grows", lambda: judged(apart) > before, 60)
    eventually("it is promoted", lambda: status(apart)["stable"]["version"] == "signal-v2", 180)
    assert outcomes(apart) == [("signal-v2", "Promoted"), ("signal-v1", "Promoted")]


def test_a_version_that_fails_one_request_in_fourteen_is_aborted(
    apart: Place, operators: list[OperatorProcess]
) -> None:
    pin(apart, "signal-v3")
    eventually("it is aborted", lambda: outcomes(apart)[0] == ("signal-v3", "Aborted"), 120)
    assert status(apart)["history"][0]["reason"].startswith("errors: the canary failed")
    eventually("nobody is led to it", lambda: status(apart)["rollout"]["phase"] == "RolledBack", 10)


def test_nothing_failed_but_what_that_version_could_not_answer(apart: Place, operators: list[OperatorProcess]) -> None:
    report = loading.stop(apart)
    assert set(report["failures"]) <= {"status 400 of canary"}, report
    assert 0 < report["failed"] < report["requests"] / 20
    assert set(report["versions"]) == {"signal-v1", "signal-v2", "signal-v3"}


def pin(place: Place, version: str) -> None:
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": version}})


def status(place: Place) -> dict[str, Any]:
    return place.status("ModelDeployment", NAME)


def outcomes(place: Place) -> list[tuple[str, str]]:
    return [(entry["to"], entry["outcome"]) for entry in status(place)["history"]]


def judged(place: Place) -> int:
    """Return how many of the canary's requests are in the evidence about errors."""
    found = [item for item in status(place).get("evidence", []) if item["check"] == "errors"]
    return sum(int(item["requests"]["canary"]) for item in found)


def selected(place: Place) -> str:
    """Return the arm that the users' Service leads to."""
    service = place.kube.get("Service", NAME)
    return service["spec"]["selector"]["mooring.dev/arm"] if service is not None else ""
