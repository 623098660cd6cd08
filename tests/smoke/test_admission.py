"""What the API server refuses, as it would in any cluster."""

from collections.abc import Iterator

import pytest

from .conftest import Kubectl, container, eventually


def test_pod_security_restricted_refuses_a_bare_pod(kubectl: Kubectl) -> None:
    bare = {**container(["true"]), "securityContext": {}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"containers": [bare]}}
    refused = kubectl.try_("create", "--filename=-", stdin=pod)
    assert refused.returncode != 0
    assert "violates PodSecurity" in refused.stderr


@pytest.fixture
def policy(kubectl: Kubectl) -> Iterator[str]:
    """A ValidatingAdmissionPolicy, bound to the namespace of this run, against ConfigMaps that say `no`."""
    name = kubectl.namespace
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    validation = {"expression": "!has(object.data) || !('no' in object.data)", "message": "it says no"}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [validation]}
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    kubectl.apply({"kind": "ValidatingAdmissionPolicy", **kind, "spec": spec})
    kubectl.apply({"kind": "ValidatingAdmissionPolicyBinding", **kind, "spec": binding})
    yield name
    kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name)


def test_a_validating_admission_policy_refuses_with_its_message(kubectl: Kubectl, policy: str) -> None:
    def refused() -> bool:
        attempt = kubectl.try_("create", "configmap", "refused", "--from-literal=no=1", "--dry-run=server")
        return "it says no" in attempt.stderr

    assert eventually(refused)
    kubectl("create", "configmap", "allowed", "--from-literal=yes=1", "--dry-run=server")
