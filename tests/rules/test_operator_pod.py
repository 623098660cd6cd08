from __future__ import annotations

from typing import Any

import pytest

from tests.rules.apiserver import Server
from tests.rules.objects import changed


@pytest.fixture
def pod(manifests: list[dict[str, Any]], namespace: str) -> dict[str, Any]:
    """The operator's pod, in a namespace that admits only restricted ones."""
    deployment = next(obj for obj in manifests if obj["kind"] == "Deployment")
    spec = deployment["spec"]["template"]["spec"] | {"serviceAccountName": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator", "namespace": namespace}, "spec": spec}


def test_the_operator_runs_where_pods_are_restricted(server: Server, pod: dict[str, Any]) -> None:
    assert server.create(pod).message == ""


def test_a_pod_with_more_rights_would_not(server: Server, pod: dict[str, Any]) -> None:
    root = changed(pod, {"spec.securityContext.runAsNonRoot": False})
    assert 'violates PodSecurity "restricted:latest"' in server.create(root).message


def test_the_operator_writes_nowhere_but_in_tmp(pod: dict[str, Any]) -> None:
    container = pod["spec"]["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108  # the pod's own
