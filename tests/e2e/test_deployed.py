"""The operator as its manifests deploy it: in a pod, with least rights, leading, and enough for the whole loop."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.place import (
    SYSTEM,
    Place,
    built_images,
    envoy_image,
    kubectl_path,
    make_namespace,
    put_people,
    runtime_image,
    serving_image,
)
from tests.support.kube import ROOT, Kube, eventually


@pytest.fixture(scope="module")
def deployed(rights: Kube) -> Iterator[Kube]:
    """The operator deployed by manifests/deploy.sh, and scaled away at the end."""
    operator = os.environ.get("MOORING_OPERATOR_IMAGE") or built_images()["operator"]
    images = [operator, runtime_image(), serving_image(), envoy_image()]
    environment = {**os.environ, "KUBECONFIG": rights.kubeconfig, "KUBECTL": kubectl_path()}
    command = [str(ROOT / "manifests" / "deploy.sh"), *images]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    yield rights
    rights.merge("Deployment", "mooring-operator", {"spec": {"replicas": 0}})


@pytest.fixture(scope="module")
def town(deployed: Kube) -> Iterator[Place]:
    """A namespace that the deployed operator serves, as it serves all."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    place = make_namespace(deployed.kubeconfig, name)
    put_people(place)
    yield place
    place.kube.delete("Namespace", name)


def test_it_takes_a_recipe_to_a_served_version(town: Place) -> None:
    town.kube.apply(town.recipe("income"))
    town.kube.apply(town.serving("income", "income"))
    town.wait("TrainingJob", "income", "Ready", seconds=120)
    town.wait("ModelDeployment", "income", "Ready", seconds=120)
    assert town.status("ModelDeployment", "income")["stable"]["version"] == "income-v1"
    assert "income-v1" in town.kubectl("get", "mdep", "income")


def test_a_restarted_operator_writes_nothing(town: Place, deployed: Kube) -> None:
    eventually("nothing drains", lambda: not town.status("ModelDeployment", "income").get("draining"))
    before = town.kube.revisions()
    (old,) = running(deployed)
    deployed.delete("Pod", old)
    eventually("another pod leads", lambda: old not in running(deployed) and leads(deployed), 90)
    assert town.kube.revisions() == before


def running(kube: Kube) -> list[str]:
    """Return the names of the operator's pods that are ready and not on their way out."""
    pods = kube.list("Pod", "app.kubernetes.io/name=mooring-operator")
    return [pod["metadata"]["name"] for pod in pods if ready(pod) and "deletionTimestamp" not in pod["metadata"]]


def ready(pod: dict[str, object]) -> bool:
    status = pod["status"]
    assert isinstance(status, dict)
    return any(item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions", []))


def leads(kube: Kube) -> bool:
    """Tell whether the Lease names a pod that runs, and that pod has looked at everything once."""
    lease = kube.get("Lease", "mooring-operator") or {}
    holder = lease.get("spec", {}).get("holderIdentity", "")
    pod = next((name for name in running(kube) if holder.startswith(name)), None)
    if pod is None:
        return False
    environment = {**os.environ, "KUBECONFIG": kube.kubeconfig}
    command = [kubectl_path(), "-n", SYSTEM, "logs", pod]
    log = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return "the cache is full" in log
