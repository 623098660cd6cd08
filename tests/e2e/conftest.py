"""One place for the whole session, with the operator as a process under its own account, and versions made once."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.place import (
    SYSTEM,
    Place,
    envoy_image,
    kubectl_path,
    make_namespace,
    operator_kubeconfig,
    put_people,
    runtime_image,
    serving_image,
)
from tests.support.fixtures import kubeconfig
from tests.support.kube import ROOT, Kube
from tests.support.operator import OperatorProcess

__all__ = ["kubeconfig"]


@pytest.fixture(scope="session")
def rights(kubeconfig: str) -> Kube:
    """The cluster with CRDs, rights and policies, and without an operator of its own that would take our work."""
    admin = Kube(kubeconfig, SYSTEM)
    environment = {**os.environ, "KUBECONFIG": kubeconfig}
    applied = subprocess.run(
        [kubectl_path(), "kustomize", str(ROOT / "manifests" / "base")], capture_output=True, text=True, check=True
    ).stdout
    apply = [kubectl_path(), "apply", "--server-side", "--force-conflicts", "--field-manager=mooring-deploy", "-f", "-"]
    parts = [part for part in applied.split("\n---\n") if "kind: Deployment" not in part]
    subprocess.run(apply, input="\n---\n".join(parts), text=True, check=True, env=environment, capture_output=True)
    if admin.get("Deployment", "mooring-operator") is not None:
        admin.merge("Deployment", "mooring-operator", {"spec": {"replicas": 0}})
    return admin


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
    """A version of model `income`, made once."""
    place.kube.apply(place.recipe("income"))
    place.wait("TrainingJob", "income", "Ready")
    return "income-v1"


@pytest.fixture(scope="session")
def serving(place: Place, income_v1: str) -> str:
    """A ModelDeployment that serves income-v1."""
    place.kube.apply(place.serving("income", "income", version=income_v1))
    place.wait("ModelDeployment", "income", "Ready")
    return "income"
