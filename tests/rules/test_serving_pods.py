"""What is rendered for a deployment is what the API server takes, in a namespace that admits restricted pods only."""

from __future__ import annotations

from typing import Any

import pytest

from mooring.control.subset import contains
from tests.rules.apiserver import Server
from tests.unit.reconcile.scenes import add_version
from tests.unit.reconcile.test_pods import MLSERVER, PLACED
from tests.unit.reconcile.world import World

SERVERS: dict[str, dict[str, Any]] = {
    "ours": {},
    "ours with keys and gRPC": {"builtin": {"keysSecretName": "income-keys", "grpcPort": 9000}},
    "a user's own": {"container": MLSERVER},
}
KINDS = ("Deployment", "Service", "ControllerRevision")


def rendered(namespace: str, server: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the children of a deployment with everything that can be asked of its pods."""
    world = World()
    add_version(world, 1)
    world.put("ModelDeployment", "income", spec={"model": "income", "server": server, **PLACED})
    world.settle("ModelDeployment", "income")
    found = []
    for item in (item for kind in KINDS for item in world.all(kind, "default")):
        metadata = {"name": item["metadata"]["name"], "labels": item["metadata"]["labels"], "namespace": namespace}
        found.append({key: value for key, value in item.items() if key != "status"} | {"metadata": metadata})
    return found


@pytest.mark.parametrize("asked", SERVERS.values(), ids=SERVERS)
def test_every_child_is_taken_and_reads_back_as_it_was_written(
    server: Server, namespace: str, asked: dict[str, Any]
) -> None:
    for manifest in rendered(namespace, asked):
        answer = server.create(manifest)
        assert answer.message == "", manifest["kind"]
        # Else the operator would write it again at every look.
        assert contains(answer.body, manifest), manifest["kind"]


@pytest.mark.parametrize("asked", SERVERS.values(), ids=SERVERS)
def test_its_pods_are_admitted_where_pods_are_restricted(server: Server, namespace: str, asked: dict[str, Any]) -> None:
    (template,) = [item["spec"]["template"] for item in rendered(namespace, asked) if item["kind"] == "Deployment"]
    metadata = template["metadata"] | {"name": "income", "namespace": namespace}
    spec = template["spec"] | {"serviceAccountName": "default"}
    assert server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).message == ""
