"""What is left of the operator's right to patch pods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.apiserver import Server
from tests.rules.objects import OPERATOR

ONLY_OURS = "the operator patches no pods but those that divide traffic"
ONLY_THAT = "the operator changes nothing of a pod but the annotation mooring.dev/split"
SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
CONTAINER: dict[str, Any] = {"name": "one", "image": "none", "securityContext": SECURITY}
NUDGE = {"metadata": {"annotations": {"mooring.dev/split": "v2"}}}


def pod(name: str, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a pod that no node takes."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": {"team": "pay"}},
        "spec": {
            "nodeSelector": {"no-node": "has-this"},
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [CONTAINER],
        },
    }


@pytest.fixture(scope="module")
def envoy(server: Server, namespace: str) -> dict[str, Any]:
    """A pod that divides traffic."""
    labels = {"app.kubernetes.io/managed-by": "mooring", "mooring.dev/part": "envoy"}
    made = pod("envoy", namespace, labels)
    assert server.for_real().create(made).message == ""
    return made


def test_a_pod_that_divides_traffic_is_nudged(server: Server, envoy: dict[str, Any]) -> None:
    operator = server.as_user(OPERATOR)
    assert operator.merge(envoy, NUDGE).message == ""
    assert operator.for_real().merge(envoy, NUDGE).message == ""
    assert operator.merge(envoy, {"metadata": {"annotations": {"mooring.dev/split": "v3"}}}).message == ""


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"labels": {"mooring.dev/arm": "income-v1"}}},
        {"metadata": {"labels": {"mooring.dev/part": None}}},
        {"metadata": {"annotations": {"team": "other"}}},
        {"metadata": {"annotations": {"team": None}}},
        {"metadata": {"annotations": {"another": "one"}}},
        {"metadata": {"finalizers": ["mooring.dev/stay"]}},
        {"spec": {"containers": [CONTAINER | {"image": "another"}]}},
        {"spec": {"activeDeadlineSeconds": 1}},
    ],
)
def test_nothing_else_of_it_is_changed(server: Server, envoy: dict[str, Any], change: dict[str, Any]) -> None:
    assert ONLY_THAT in server.as_user(OPERATOR).merge(envoy, change).message


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("bare", {}),
        ("labelled", {"mooring.dev/part": "envoy"}),
        ("served", {"app.kubernetes.io/managed-by": "mooring"}),
    ],
)
def test_no_other_pod_is_patched(server: Server, namespace: str, name: str, labels: dict[str, str]) -> None:
    other = pod(name, namespace, labels)
    assert server.for_real().create(other).message == ""
    assert ONLY_OURS in server.as_user(OPERATOR).merge(other, NUDGE).message
