"""The same laws with Mooring's own planners, as far as they go without a pod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.operator.berths import wait_until_quiet
from tests.support.alone import alone
from tests.support.fixtures import new_namespace
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

Sample = Callable[..., dict[str, Any]]


@pytest.fixture
def kube(kubeconfig: str) -> Iterator[Kube]:
    """A namespace of the test's own, while no other operator works in the cluster."""
    with alone(kubeconfig), new_namespace(kubeconfig) as kube:
        yield kube


def test_settled_and_restarted_nothing_is_written(kube: Kube, sample: Sample) -> None:
    for name in ("trainingjob-minimal", "modelversion", "modeldeployment-full", "driftpolicy-minimal"):
        kube.create(sample(name))
    with OperatorProcess(kube.kubeconfig, [kube.namespace]) as operator:
        eventually("a Job is there", lambda: kube.list("Job"))
        eventually("a Deployment is there", lambda: kube.list("Deployment"))
        wait_until_quiet(operator)
    before = kube.revisions()
    with OperatorProcess(kube.kubeconfig, [kube.namespace]) as operator:
        eventually("every resource was looked at", lambda: operator.looks() >= 4)
        wait_until_quiet(operator)
        assert operator.writes() == 0
        assert operator.metric("reconciles_total", result="done") == operator.looks()
    assert kube.revisions() == before
