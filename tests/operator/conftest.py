"""The laws of the operator, each shown on the real cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operator.berths import Harbour, operator
from tests.support.berth import GROUP, VERSIONS
from tests.support.fixtures import install_crds, kubeconfig, new_namespace, sample
from tests.support.kube import Kube

__all__ = ["kubeconfig", "sample"]


@pytest.fixture(scope="session")
def berths(kubeconfig: str) -> Iterator[str]:
    """The kubeconfig of a cluster that has berths, for as long as these tests run."""
    kube = Kube(kubeconfig, versions=VERSIONS)
    names = install_crds(kube, GROUP)
    yield kubeconfig
    for name in names:
        kube.delete("CustomResourceDefinition", name)


@pytest.fixture
def kube(berths: str) -> Iterator[Kube]:
    """The objects of a namespace of the test's own; its resources are berths."""
    with new_namespace(berths, VERSIONS) as kube:
        yield kube


@pytest.fixture(scope="module")
def harbour(berths: str) -> Iterator[Harbour]:
    """A running operator that the tests of a module share; each makes berths under names of its own."""
    with new_namespace(berths, VERSIONS) as kube, operator(kube) as process:
        yield Harbour(kube, process)
