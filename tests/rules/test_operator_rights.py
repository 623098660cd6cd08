"""The operator may do what it needs and nothing else; asked of the API server's own authorizer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.apiserver import Server
from tests.rules.objects import OPERATOR, changed, sample

HOME = "mooring-system"
LEASE = "mooring-operator"
WRITTEN_BY_USERS = ("trainingjobs", "modeldeployments", "driftpolicies")
ALLOWED = [
    *[("mooring.dev", kind, verb) for kind in WRITTEN_BY_USERS for verb in ("list", "watch")],
    *[("mooring.dev", "modelversions", verb) for verb in ("list", "watch", "create", "patch")],
    *[("mooring.dev", f"{kind}/status", "patch") for kind in ("modelversions", *WRITTEN_BY_USERS)],
    *[("batch", "jobs", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("apps", "deployments", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("apps", "controllerrevisions", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("", "services", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("", "configmaps", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("policy", "poddisruptionbudgets", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("networking.k8s.io", "networkpolicies", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("autoscaling", "horizontalpodautoscalers", verb) for verb in ("create", "patch", "delete", "list", "watch")],
    *[("gateway.networking.k8s.io", "httproutes", verb) for verb in ("create", "patch", "delete", "list")],
    *[("", "pods", verb) for verb in ("list", "watch", "patch")],
    *[("discovery.k8s.io", "endpointslices", verb) for verb in ("list", "watch")],
    *[("events.k8s.io", "events", verb) for verb in ("create", "patch")],
    ("", "secrets", "create"),
]
DENIED = [
    *[("", "secrets", verb) for verb in ("get", "list", "watch", "update", "patch", "delete")],
    *[("", "pods", verb) for verb in ("create", "delete")],
    *[("", resource, "create") for resource in ("pods/exec", "serviceaccounts/token", "namespaces")],
    *[("mooring.dev", kind, "patch") for kind in WRITTEN_BY_USERS],
    *[("mooring.dev", kind, "delete") for kind in ("modelversions", *WRITTEN_BY_USERS)],
    ("mooring.dev", "driftpolicies", "approve"),
    ("rbac.authorization.k8s.io", "roles", "escalate"),
    ("rbac.authorization.k8s.io", "clusterroles", "bind"),
    ("rbac.authorization.k8s.io", "rolebindings", "create"),
    ("", "users", "impersonate"),
    ("", "nodes", "list"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "list"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "patch"),
    ("coordination.k8s.io", "leases", "update"),
]


@pytest.mark.parametrize(("group", "resource", "verb"), ALLOWED)
def test_the_operator_may(server: Server, group: str, resource: str, verb: str) -> None:
    assert server.may(OPERATOR, "anywhere", group, resource, verb)


@pytest.mark.parametrize(("group", "resource", "verb"), DENIED)
def test_the_operator_may_not(server: Server, group: str, resource: str, verb: str) -> None:
    assert not server.may(OPERATOR, "anywhere", group, resource, verb)


@pytest.mark.parametrize(("verb", "name"), [("create", ""), ("get", LEASE), ("update", LEASE)])
def test_the_operator_elects_itself_at_home(server: Server, verb: str, name: str) -> None:
    assert server.may(OPERATOR, HOME, "coordination.k8s.io", "leases", verb, name)


def test_other_leases_are_not_its_business(server: Server) -> None:
    assert not server.may(OPERATOR, HOME, "coordination.k8s.io", "leases", "update", "another")


def test_the_operator_writes_status_but_not_spec(server: Server, namespace: str) -> None:
    recipe = changed(sample("trainingjob-minimal", namespace), {"metadata.name": "watched"})
    assert server.for_real().create(recipe).message == ""
    status: dict[str, Any] = {key: recipe[key] for key in ("apiVersion", "kind", "metadata")}
    operator = server.as_user(OPERATOR)
    assert operator.apply(status | {"status": {"phase": "Pending"}}, "/status").message == ""
    assert "cannot patch resource" in operator.merge(recipe, {"spec": {"suspend": True}}).message


def test_people_read_status_but_do_not_write_it(server: Server, namespace: str) -> None:
    for user, may_read in (("viewer", True), ("editor", True), ("author", False)):
        assert server.may(user, namespace, "mooring.dev", "trainingjobs", "get") == may_read
        assert not server.may(user, namespace, "mooring.dev", "trainingjobs/status", "patch")


def test_kubernetes_roles_include_ours(server: Server, namespace: str) -> None:
    assert server.may("editor", namespace, "mooring.dev", "modeldeployments/scale", "patch")
    assert not server.may("viewer", namespace, "mooring.dev", "trainingjobs", "create")
    assert not server.may("editor", namespace, "mooring.dev", "modelversions/gate", "create")
    assert server.may("judge", namespace, "mooring.dev", "modelversions/gate", "create")


def test_no_rule_has_a_wildcard(manifests: list[dict[str, Any]]) -> None:
    roles = [obj for obj in manifests if obj["kind"] in ("Role", "ClusterRole")]
    assert roles
    assert "*" not in [word for role in roles for rule in role["rules"] for words in rule.values() for word in words]
