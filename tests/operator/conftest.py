"""The laws of the operator, each shown on the real cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operator.berths import Harbour, operator
from tests.support.fixtures import kube, kubeconfig, namespace, new_namespace, sample

__all__ = ["harbour", "kube", "kubeconfig", "namespace", "sample"]


@pytest.fixture(scope="module")
def harbour(kubeconfig: str) -> Iterator[Harbour]:
    """A running operator that the tests of a module share; each makes berths under names of its own."""
    with new_namespace(kubeconfig) as kube, operator(kube) as process:
        yield Harbour(kube, process)
