"""One place for the whole session, with the operator as a process under its own account, and versions made once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.place import (
    Place,
    envoy_image,
    install,
    make_namespace,
    operator_kubeconfig,
    put_people,
    runtime_image,
    serving_image,
)
from tests.support.fixtures import kubeconfig
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

__all__ = ["kubeconfig"]


@pytest.fixture(scope="session")
def rights(kubeconfig: str) -> Kube:
    """The cluster with CRDs, rights and policies, and without an operator of its own that would take our work."""
    return install(kubeconfig)


@pytest.fixture(scope="session")
def operator_config() -> dict[str, object]:
    """What the operator is told."""
    return {"runtimeImage": runtime_image(), "servingImage": serving_image(), "envoyImage": envoy_image()}


@pytest.fixture(scope="session")
def place(rights: Kube) -> Iterator[Place]:
    """The session's namespace with data in the store. It is deleted at the end, without waiting."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    place = make_namespace(rights.kubeconfig, name)
    put_people(place)
    yield place
    place.kube.delete("Namespace", name)


@pytest.fixture(scope="session")
def operator(rights: Kube, place: Place, operator_config: dict[str, object]) -> Iterator[OperatorProcess]:
    """The operator as a process, with the rights of its manifests."""
    with OperatorProcess(operator_kubeconfig(rights), [place.namespace], operator_config) as process:
        yield process


@pytest.fixture(scope="session")
def income_v1(place: Place, operator: OperatorProcess) -> str:
    """A version of model `income`, made once, with segments."""
    recipe = place.recipe("income")
    recipe["spec"]["evaluation"]["slices"] = [{"column": "school", "minRows": 50}]
    place.kube.apply(recipe)
    place.wait("TrainingJob", "income", "Ready")
    return "income-v1"


@pytest.fixture(scope="session")
def serving(place: Place, income_v1: str) -> str:
    """A ModelDeployment that serves income-v1."""
    place.kube.apply(place.serving("income", "income", version=income_v1))
    place.wait("ModelDeployment", "income", "Ready")
    return "income"
