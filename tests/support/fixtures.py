"""Fixtures for tests on the real cluster: import them in a conftest.py."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.support.kube import ROOT, Kube, Refused, eventually
from tests.support.kube import kubeconfig as admin_kubeconfig


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    """The administrator's kubeconfig, of a cluster that has our CRDs."""
    path = admin_kubeconfig()
    kube = Kube(path)
    for crd in sorted((ROOT / "crds").glob("*.yaml")):
        kube.apply(yaml.safe_load(crd.read_text(encoding="utf-8")))
    for kind in ("TrainingJob", "ModelVersion", "ModelDeployment"):
        eventually(f"{kind} is served", lambda kind=kind: _is_served(kube, kind))
    return path


@pytest.fixture
def namespace(kubeconfig: str) -> Iterator[str]:
    """A namespace of the test's own, in which no pod can be made; deleted at the end without waiting for it."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    kube = Kube(kubeconfig, name)
    kube.create({"kind": "Namespace", "metadata": {"name": name}})
    kube.create({"kind": "ResourceQuota", "metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}})
    yield name
    kube.delete("Namespace", name)


@pytest.fixture
def kube(kubeconfig: str, namespace: str) -> Kube:
    """The objects of the test's namespace."""
    return Kube(kubeconfig, namespace)


@pytest.fixture
def sample() -> Callable[..., dict[str, Any]]:
    """Read a sample of samples/, under another name where one is given."""

    def read(sample: str, name: str = "") -> dict[str, Any]:
        obj: dict[str, Any] = yaml.safe_load((ROOT / "samples" / f"{sample}.yaml").read_text(encoding="utf-8"))
        obj["metadata"]["name"] = name or obj["metadata"]["name"]
        return obj

    return read


def _is_served(kube: Kube, kind: str) -> bool:
    try:
        kube.list(kind)
    except Refused:
        return False
    return True
