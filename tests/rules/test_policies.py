"""Who may ask for what: the policies, on requests of users with different rights (`conftest._ROLES`)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.rules.apiserver import Server, until
from tests.rules.objects import OPERATOR, changed, namespace_object, sample

PODS = "this makes pods, and you may not create pods in this namespace: ask for the role `edit` here"
SECRETS = "this would use Secrets for you, and you may not read all of them: "
GATE = "you may not say that a version passed: write gate.verdict Unknown"


@pytest.mark.parametrize("name", ["trainingjob-minimal", "modeldeployment-minimal"])
def test_who_may_not_make_pods_gets_none_made(server: Server, namespace: str, name: str) -> None:
    assert PODS in server.as_user("author").create(sample(name, namespace)).message
    assert server.as_user("maker").create(sample(name, namespace)).message == ""


@pytest.mark.parametrize("path", ["spec.data.secretName", "spec.output.secretName"])
def test_a_secret_is_used_only_for_who_may_read_it(server: Server, namespace: str, path: str) -> None:
    asked = changed(sample("trainingjob-minimal", namespace), {path: "open"})
    assert f"{SECRETS}open. Name one of your own" in server.as_user("maker").create(asked).message
    assert server.as_user("reader").create(asked).message == ""
    assert f"{SECRETS}shut." in server.as_user("reader").create(changed(asked, {path: "shut"})).message


def test_who_works_in_a_namespace_may_do_it_all(server: Server, namespace: str) -> None:
    assert server.as_user("editor").create(sample("trainingjob-full", namespace)).message == ""


def test_a_version_needs_the_right_to_its_secret_but_no_pods(server: Server, namespace: str) -> None:
    version = sample("modelversion", namespace)
    assert server.as_user("author").create(version).message == ""
    locked = changed(version, {"spec.artifact.secretName": "open"})
    assert SECRETS in server.as_user("author").create(locked).message
    assert server.as_user("reader").create(locked).message == ""


@pytest.fixture(scope="module")
def recipe(server: Server, namespace: str) -> dict[str, Any]:
    """A TrainingJob with a Secret, made by somebody who may."""
    obj = changed(sample("trainingjob-minimal", namespace), {"metadata.name": "shared", "spec.data.secretName": "open"})
    assert server.for_real().create(obj).message == ""
    return obj


def test_what_is_there_is_not_asked_again(server: Server, recipe: dict[str, Any]) -> None:
    maker = server.as_user("maker")
    assert maker.merge(recipe, {"metadata": {"annotations": {"team": "pay"}}}).message == ""
    assert maker.merge(recipe, {"spec": {"run": {"seed": 2}}}).message == ""
    assert server.as_user("author").merge(recipe, {"metadata": {"annotations": {"team": "pay"}}}).message == ""


def test_a_change_of_the_recipe_needs_the_right_to_make_pods(server: Server, recipe: dict[str, Any]) -> None:
    assert PODS in server.as_user("author").merge(recipe, {"spec": {"run": {"seed": 2}}}).message


def test_a_changed_reference_is_asked_for(server: Server, recipe: dict[str, Any]) -> None:
    maker = server.as_user("maker")
    assert f"{SECRETS}shut." in maker.merge(recipe, {"spec": {"data": {"secretName": "shut"}}}).message
    assert f"{SECRETS}open." in maker.merge(recipe, {"spec": {"output": {"secretName": "open"}}}).message
    assert maker.merge(recipe, {"spec": {"data": {"secretName": None}}}).message == ""


def test_the_same_secret_for_another_address_is_asked_for(server: Server, recipe: dict[str, Any]) -> None:
    elsewhere = {"spec": {"data": {"uri": "s3://somebody-elses/rows/"}}}
    assert f"{SECRETS}open." in server.as_user("maker").merge(recipe, elsewhere).message
    assert server.as_user("reader").merge(recipe, elsewhere).message == ""


ENV = [{"name": "TOKEN", "secretName": "open", "key": "token"}]
NAMED = {
    "keys of callers": {"spec.server": {"builtin": {"keysSecretName": "open"}}},
    "an image's environment": {"spec.server": {"container": {"image": "x", "env": ENV}}},
    "where captured rows go": {"spec.capture": {"uri": "s3://captured", "secretName": "open"}},
    "what opens a registry": {"spec.imagePullSecrets": [{"name": "open"}]},
}


@pytest.mark.parametrize("changes", NAMED.values(), ids=NAMED)
def test_a_deployment_uses_a_secret_only_for_who_may_read_it(
    server: Server, namespace: str, changes: dict[str, Any]
) -> None:
    asked = changed(sample("modeldeployment-minimal", namespace), changes)
    assert f"{SECRETS}open. Name one of your own" in server.as_user("maker").create(asked).message
    assert server.as_user("reader").create(asked).message == ""
    assert server.as_user("editor").create(asked).message == ""


def test_many_secrets_are_asked_for_each(server: Server, namespace: str) -> None:
    def asks(*names: str) -> dict[str, Any]:
        changes = NAMED["where captured rows go"] | NAMED["keys of callers"]
        pulls = {"spec.imagePullSecrets": [{"name": name} for name in names]}
        return changed(sample("modeldeployment-minimal", namespace), changes | pulls)

    reader = server.as_user("reader")
    assert reader.create(asks("open")).message == ""
    for place in range(1, 5):
        names = [f"other-{n}" for n in range(place)]
        assert f"{SECRETS}open, {', '.join(names)}, open. Name" in reader.create(asks(*names)).message
    many = [f"other-{n}" for n in range(8)]
    assert server.as_user("editor").create(asks(*many)).message == ""


@pytest.fixture(scope="module")
def contained(server: Server, namespace: str) -> dict[str, Any]:
    """A ModelDeployment whose image is given a Secret, under an account, made by somebody who may."""
    changes = NAMED["an image's environment"] | {"metadata.name": "contained", "spec.serviceAccountName": "robot"}
    obj = changed(sample("modeldeployment-minimal", namespace), changes)
    assert server.for_real().create(obj).message == ""
    return obj


@pytest.mark.parametrize("change", [{"image": "printer"}, {"args": ["env"]}, {"port": 9000}])
def test_another_image_is_given_a_secret_only_by_who_may_read_it(
    server: Server, contained: dict[str, Any], change: dict[str, Any]
) -> None:
    said = server.as_user("reader").merge(contained, {"spec": {"server": {"container": change}}}).message
    assert "ServiceAccount robot" in said
    maker = server.as_user("maker")
    assert f"{SECRETS}open." in maker.merge(contained, {"spec": {"server": {"container": change}}}).message
    assert server.as_user("editor").merge(contained, {"spec": {"server": {"container": change}}}).message == ""
    assert maker.merge(contained, {"spec": {"replicas": 3}}).message == ""


def test_pods_run_as_an_account_only_for_who_may_use_it(server: Server, namespace: str) -> None:
    asked = changed(sample("modeldeployment-minimal", namespace), {"spec.serviceAccountName": "robot"})
    refusal = "this would run pods as ServiceAccount robot, and you may neither use nor impersonate it"
    assert refusal in server.as_user("maker").create(asked).message
    assert server.as_user("keeper").create(asked).message == ""
    assert server.as_user("editor").create(asked).message == ""


def test_saying_that_a_version_passed_needs_a_permission(server: Server, namespace: str) -> None:
    passed = changed(sample("modelversion", namespace), {"spec.gate.verdict": "Passed"})
    assert GATE in server.as_user("author").create(passed).message
    brought = sample("modelversion-brought", namespace)
    del brought["spec"]["artifact"]["secretName"]
    assert server.as_user("author").create(brought).message == ""
    assert GATE in server.as_user("author").create(changed(brought, {"spec.gate.verdict": "Passed"})).message
    assert GATE in server.as_user("editor").create(passed).message
    assert server.as_user("judge").create(passed).message == ""
    rejected = changed(passed, {"spec.gate.verdict": "Rejected"})
    assert server.as_user("author").create(rejected).message == ""


def test_the_operator_records_what_it_trained(server: Server, namespace: str) -> None:
    recorded = changed(
        sample("modelversion", namespace), {"spec.gate.verdict": "Passed", "spec.artifact.secretName": "shut"}
    )
    assert server.as_user(OPERATOR).apply(recorded).message == ""


def test_a_version_in_use_is_not_deleted(server: Server, namespace: str) -> None:
    version = changed(sample("modelversion", namespace), {"metadata.name": "used-v3", "spec.model": "used"})
    assert server.for_real().create(version).message == ""
    assert server.delete(version).message == ""
    serve(server, version)
    refusal = "this version is served by ModelDeployment shop. Serve another version there (or delete it) first"
    assert refusal in server.delete(version).message
    assert refusal in server.as_user("editor").delete(version).message


def serve(server: Server, version: dict[str, Any]) -> None:
    """Say in the version's status that it serves, as the operator does."""
    status = {key: version[key] for key in ("apiVersion", "kind", "metadata")}
    status["status"] = {"deployments": [{"name": "shop", "role": "Stable"}]}
    assert server.as_user(OPERATOR).for_real().apply(status, "/status").message == ""


def test_a_version_in_use_does_not_hold_up_its_namespace(server: Server) -> None:
    passing = namespace_object(f"rules-{uuid.uuid4().hex[:8]}")
    version = sample("modelversion", passing["metadata"]["name"])
    for obj in (passing, version):
        assert server.for_real().create(obj).message == ""
    serve(server, version)
    assert server.for_real().delete(passing).accepted
    until("the namespace is gone", lambda: server.get(passing).status == 404, seconds=30)


@pytest.fixture(scope="module")
def deployment(server: Server, namespace: str) -> dict[str, Any]:
    """A ModelDeployment, made by somebody who may, and told to retry something."""
    annotations = {"mooring.dev/retry": "income-v2/once"}
    changes = {"metadata.name": "asked", "metadata.annotations": annotations}
    obj = changed(sample("modeldeployment-minimal", namespace), changes)
    assert server.for_real().create(obj).message == ""
    return obj


@pytest.mark.parametrize("verb", ["promote", "abort", "retry", "rollback"])
def test_what_is_asked_of_a_rollout_needs_the_verb(server: Server, deployment: dict[str, Any], verb: str) -> None:
    change = {"metadata": {"annotations": {f"mooring.dev/{verb}": "income-v3/first"}}}
    refusal = f"you may not set mooring.dev/{verb} here: ask for the permission to {verb} modeldeployments"
    assert refusal in server.as_user("changer").merge(deployment, change).message
    assert server.as_user("editor").merge(deployment, change).message == ""
    born = changed(deployment, {"metadata.name": "born", "metadata.annotations": change["metadata"]["annotations"]})
    assert refusal in server.as_user("changer").create(born).message


def test_what_was_asked_before_is_not_asked_again(server: Server, deployment: dict[str, Any]) -> None:
    changer = server.as_user("changer")
    assert changer.merge(deployment, {"metadata": {"annotations": {"team": "pay"}}}).message == ""
    assert changer.merge(deployment, {"spec": {"suspend": True}}).message == ""
    assert changer.merge(deployment, {"metadata": {"annotations": {"mooring.dev/retry": None}}}).message == ""


@pytest.fixture(scope="module")
def policy(server: Server, namespace: str) -> dict[str, Any]:
    """A DriftPolicy, made by somebody who may."""
    obj = changed(sample("driftpolicy-full", namespace), {"metadata.name": "asking"})
    assert server.for_real().create(obj).message == ""
    return obj


def test_a_request_is_approved_by_who_has_the_verb(server: Server, policy: dict[str, Any]) -> None:
    change = {"metadata": {"annotations": {"mooring.dev/approve": "dp/asking/1"}}}
    refusal = "you may not set mooring.dev/approve here: ask for the permission to approve driftpolicies"
    changer = server.as_user("changer")
    assert refusal in changer.merge(policy, change).message
    assert server.as_user("editor").merge(policy, change).message == ""
    assert changer.merge(policy, {"spec": {"suspend": True}}).message == ""
    born = changed(policy, {"metadata.name": "born", "metadata.annotations": change["metadata"]["annotations"]})
    assert refusal in changer.create(born).message
