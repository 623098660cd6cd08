"""Fixtures for tests on the real cluster: import them in a conftest.py."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import yaml

from tests.support.kube import ROOT, Kube, RefusedError, eventually
from tests.support.kube import kubeconfig as admin_kubeconfig


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    """The administrator's kubeconfig, of a cluster that has our CRDs."""
    path = admin_kubeconfig()
    install_crds(Kube(path))
    return path


def install_crds(kube: Kube, group: str = "mooring.dev") -> list[str]:
    """Apply our CRDs and wait until they are served; returns their names.

    In another group, where a test wants resources of its own, they have no short names: those are the real ones'.
    """
    names = []
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        crd = yaml.safe_load(path.read_text(encoding="utf-8").replace("mooring.dev", group))
        if group != "mooring.dev":
            crd["spec"]["names"] = {
                name: value for name, value in crd["spec"]["names"].items() if name not in ("shortNames", "categories")
            }
        kube.apply(crd, manager="mooring-deploy")
        names.append(crd["metadata"]["name"])
        eventually(f"{names[-1]} is served", partial(_is_served, kube, crd["spec"]["names"]["kind"]))
    return names


@contextmanager
def new_namespace(kubeconfig: str, versions: Mapping[str, str] | None = None) -> Iterator[Kube]:
    """Make a namespace in which no pod can be made; it is deleted at the end without waiting for it."""
    kube = Kube(kubeconfig, f"test-{uuid.uuid4().hex[:8]}", versions)
    kube.create({"kind": "Namespace", "metadata": {"name": kube.namespace}})
    kube.create({"kind": "ResourceQuota", "metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}})
    try:
        yield kube
    finally:
        kube.delete("Namespace", kube.namespace)


@pytest.fixture
def kube(kubeconfig: str) -> Iterator[Kube]:
    """The objects of a namespace of the test's own."""
    with new_namespace(kubeconfig) as kube:
        yield kube


@pytest.fixture
def namespace(kube: Kube) -> str:
    """The name of the test's namespace."""
    return kube.namespace


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
    except RefusedError:
        return False
    return True
