"""What the laws are shown on: the resources of `tests.support.berth`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

BERTH = "tests.support.berth"


def berth(name: str) -> dict[str, Any]:
    spec = {
        "data": {"uri": "s3://rows/", "target": "employed"},
        "trainer": {"sklearn": {"estimator": "Ridge"}},
        "output": {"uri": "s3://models"},
    }
    return {"kind": "TrainingJob", "metadata": {"name": name}, "spec": spec}


def ready_of(kube: Kube, name: str) -> dict[str, Any]:
    """Return the condition Ready, or nothing."""
    conditions = (kube.get("TrainingJob", name) or {}).get("status", {}).get("conditions", [])
    return next((item for item in conditions if item["type"] == "Ready"), {})


def berth_is_made(kube: Kube, name: str) -> bool:
    return ready_of(kube, name).get("status") == "True"


def touch(kube: Kube, name: str) -> None:
    """Change the resource in a way that changes nothing that is wanted, so that the operator looks at it again."""
    kube.merge("TrainingJob", name, {"metadata": {"annotations": {"touched": str(time.monotonic_ns())}}})


@contextmanager
def operator(kube: Kube, arguments: Sequence[str] = ("--no-lease",), **options: Any) -> Iterator[OperatorProcess]:
    """An operator with the planner of `tests.support.berth`, for the test's namespace."""
    with OperatorProcess(kube.kubeconfig, [kube.namespace], arguments=arguments, module=BERTH, **options) as process:
        yield process


@contextmanager
def settled(kube: Kube) -> Iterator[OperatorProcess]:
    """An operator that has made everything and has nothing left to look at."""
    with operator(kube) as process:
        for obj in kube.list("TrainingJob"):
            name = obj["metadata"]["name"]
            eventually(f"{name} is made", partial(berth_is_made, kube, name))
        wait_until_quiet(process)
        yield process


def wait_until_quiet(process: OperatorProcess) -> None:
    """Wait until the operator has looked at nothing for a second: controllers of the cluster are done as well."""
    since, looks = time.monotonic(), process.looks()

    def is_quiet() -> bool:
        nonlocal since, looks
        if process.looks() != looks or process.metric("queue_depth"):
            since, looks = time.monotonic(), process.looks()
        return time.monotonic() - since > 1.0

    eventually("the operator has nothing to do", is_quiet)


@dataclass(frozen=True)
class Harbour:
    """A running operator and the namespace that it works in."""

    kube: Kube
    process: OperatorProcess

    def make(self, name: str) -> None:
        """Create a berth and wait until it is settled."""
        self.kube.create(berth(name))
        eventually(f"{name} is made", lambda: berth_is_made(self.kube, name))
        wait_until_quiet(self.process)

    def child(self, kind: str, name: str) -> dict[str, Any]:
        """Return a child, or nothing where it is not there."""
        return self.kube.get(kind, name) or {"metadata": {}, "spec": {}}
