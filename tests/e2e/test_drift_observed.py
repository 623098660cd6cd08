"""Drift as it is observed: real pods are counted once, though the operator is killed and a pod goes."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from mooring.reconcile.drift.tape import Tape, unpack
from tests.e2e import loading
from tests.e2e.asking import person
from tests.e2e.place import Place, make_namespace, operator_kubeconfig, put_people
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

NAME = "income"
WINDOW = {"minRows": 100, "minSeconds": 20}


@pytest.fixture(scope="module")
def apart(rights: Kube) -> Iterator[Place]:
    """A place whose operator only these tests start."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    place = make_namespace(rights.kubeconfig, name)
    put_people(place)
    yield place
    place.kube.delete("Namespace", name)


@pytest.fixture(scope="module")
def operators(rights: Kube, apart: Place, operator_config: dict[str, object]) -> Iterator[list[OperatorProcess]]:
    """The operator, which a test replaces; a version of two pods serves, and is watched before anybody asks."""
    account = operator_kubeconfig(rights)
    running = [OperatorProcess(account, [apart.namespace], operator_config) for _ in range(2)]
    running[0].__enter__()
    apart.kube.apply(apart.recipe(NAME))
    apart.wait("TrainingJob", NAME, "Ready", seconds=180)
    apart.kube.apply(apart.serving(NAME, NAME, replicas=2))
    apart.wait("ModelDeployment", NAME, "Ready")
    harm = {"labels": {"matureAfterSeconds": 0}}
    spec = {"deployment": NAME, "window": WINDOW, "falseAlarms": {"perDays": 1}, "harm": harm}
    apart.kube.apply({"kind": "DriftPolicy", "metadata": {"name": NAME}, "spec": spec})
    eventually("counting begins", lambda: window(apart).get("openedAt"), 60)
    yield running
    for process in running:
        if hasattr(process, "process"):
            process.__exit__(None, None, None)


def test_every_answer_is_counted_once_though_the_operator_is_killed_and_a_pod_goes(
    apart: Place, operators: list[OperatorProcess]
) -> None:
    wrong = [{"body": person(), "truth": truth} for truth in (0, 1)]  # one and the same person, of whom both is told
    loading.start(apart, NAME, "--feedback=0", body=wrong, rate=40)
    eventually("a window closes", lambda: window(apart).get("closed", 0) >= 1, 90)
    eventually("inputs alarm", lambda: evidence(apart, "inputs").get("state") == "Alarm", 90)
    eventually("truths are settled", lambda: evidence(apart, "harm").get("rows", 0) >= 200, 90)
    assert 0.4 < float(evidence(apart, "harm")["rate"]) < 0.6
    pod = serving_pods(apart)[0]
    apart.kube.delete("Pod", pod)
    eventually("the pod has told its last and is gone", lambda: pod not in serving_pods(apart), 60)
    operators[0].kill()
    closed = in_windows(apart)
    operators[1].__enter__()
    eventually("counting goes on", lambda: counted(apart, operators[1]) > closed, 60)
    report = loading.stop(apart)
    answered = report["requests"] - report["failed"]
    eventually("everything is counted, and once", lambda: counted(apart, operators[1]) == answered, 60)
    assert warnings(operators) == []
    assert window(apart).get("unknown", 0) == 0
    assert operators[1].metric("drift_look_errors_total") == 0


def test_the_alarm_says_what_moved(apart: Place, operators: list[OperatorProcess]) -> None:
    top = apart.status("DriftPolicy", NAME)["top"]
    assert {item["feature"] for item in top} <= {"age", "school", "hours"}
    assert top


def warnings(operators: list[OperatorProcess]) -> list[str]:
    """Return what the operators say of ledgers that were not read to their end."""
    told = [entry for process in operators for entry in process.entries() if entry.get("level") == "warning"]
    return [f"{entry['message']}: {entry}" for entry in told if "pod" in entry]


def window(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = place.status("DriftPolicy", NAME).get("window", {})
    return found


def evidence(place: Place, test: str) -> dict[str, Any]:
    found = place.status("DriftPolicy", NAME).get("evidence", [])
    return next((item for item in found if item["test"] == test), {})


def serving_pods(place: Place) -> list[str]:
    pods = place.kube.list("Pod", f"mooring.dev/owner={NAME},mooring.dev/owner-kind=ModelDeployment")
    return [pod["metadata"]["name"] for pod in pods]


def counted(place: Place, operator: OperatorProcess) -> int:
    """Return the rows of all windows: the closed ones, and the one that is being counted (status has it in tenths)."""
    return in_windows(place) + int(operator.metric("drift_window_rows", policy=NAME, namespace=place.namespace))


def in_windows(place: Place) -> int:
    return sum(one.rows for chapter in tape(place).chapters for one in chapter.windows)


def tape(place: Place) -> Tape:
    found = place.kube.get("ConfigMap", f"{NAME}-windows")
    return unpack(base64.b64decode(found["binaryData"]["windows.json.zlib"])) if found is not None else Tape()
