"""The cluster with our CRDs, policies and roles, and a namespace of its own for each process of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from cluster.paths import BIN
from tests.rules.apiserver import Answer, Server, connect, until
from tests.rules.objects import ROOT, changed, named, namespace_object, sample

_APPLIED = {
    "Namespace",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
"""Of the manifests: all but what would run."""

_ROLES = {
    "author": ["mooring-edit"],  # our resources alone, no pods
    "maker": ["mooring-edit", "pod-maker"],  # pods too, no Secrets
    "reader": ["mooring-edit", "pod-maker", "reader-of-open"],  # and one Secret
    "keeper": ["mooring-edit", "pod-maker", "user-of-robot"],  # and one ServiceAccount
    "judge": ["mooring-edit", "mooring-admin"],
    "changer": ["pod-maker", "changer"],  # may change deployments and policies, and ask nothing of them
    "editor": ["edit"],  # Kubernetes' own role, which ours are aggregated to
    "viewer": ["view"],
}
"""Users of the namespace and the roles that are bound to them there."""


@pytest.fixture(scope="session")
def manifests() -> list[dict[str, Any]]:
    """What `manifests/base` says."""
    kubectl = shutil.which("kubectl", path=f"{BIN}:{os.environ['PATH']}") or "kubectl"
    command = [kubectl, "kustomize", str(ROOT / "manifests" / "base")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(yaml.safe_load_all(text))


@pytest.fixture(scope="session")
def server(manifests: list[dict[str, Any]]) -> Server:
    """The API server with CRDs, policies and roles applied. Others may apply the same at the same time."""
    server = connect()
    crds = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "crds").glob("*.yaml")]
    for obj in [*crds, *(obj for obj in manifests if obj["kind"] in _APPLIED)]:
        answer = server.for_real().apply(obj)
        assert answer.accepted, answer.message
    until("CRDs are served", lambda: server.create(sample("trainingjob-minimal", "default")).accepted)
    return server


@pytest.fixture(scope="session")
def namespace(server: Server) -> Iterator[str]:
    """A namespace with users (`_ROLES`), deleted at the end without waiting for it."""
    obj = namespace_object(f"rules-{uuid.uuid4().hex[:8]}")
    name = obj["metadata"]["name"]
    for part in [obj, *_rights(name)]:
        answer = server.for_real().create(part)
        assert answer.accepted, answer.message
    author, resource = server.as_user("author"), sample("trainingjob-minimal", name)
    until("policies are in force", lambda: "you may not create pods" in author.create(resource).message)
    yield name
    server.for_real().delete(obj)


@pytest.fixture
def create(server: Server, namespace: str) -> Callable[[str, dict[str, Any]], Answer]:
    """Create a changed sample, as a dry run."""
    return lambda name, changes: server.create(changed(sample(name, namespace), changes))


def _rights(namespace: str) -> Iterator[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    for role, rule in {
        "pod-maker": {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]},
        "changer": {
            "apiGroups": ["mooring.dev"],
            "resources": ["modeldeployments", "driftpolicies"],
            "verbs": ["create", "patch", "update"],
        },
        "reader-of-open": {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["open"], "verbs": ["get"]},
        "user-of-robot": {
            "apiGroups": [""],
            "resources": ["serviceaccounts"],
            "resourceNames": ["robot"],
            "verbs": ["use"],
        },
    }.items():
        yield named("Role", role, namespace) | {"rules": [rule]}
    for user, roles in _ROLES.items():
        for role in roles:
            own = ("pod-maker", "reader-of-open", "user-of-robot", "changer")
            kind = "Role" if role in own else "ClusterRole"
            yield named("RoleBinding", f"{user}-{role}", namespace) | {
                "roleRef": {"apiGroup": group, "kind": kind, "name": role},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
            }
