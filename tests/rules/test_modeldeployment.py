from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.apiserver import Answer, Server
from tests.rules.objects import changed, sample

Create = Callable[[str, dict[str, Any]], Answer]

OWN = "version must be one of this model's own: MODEL-vNUMBER with the name in `model`"
VERSION = "write the name of a ModelVersion: MODEL-vNUMBER, for example income-v3"

GOOD = {
    "nobody served for now": {"spec.replicas": 0},
    "a version of its model": {"spec.version": "income-v12"},
    "a server with our defaults": {"spec.server": {"builtin": {}}},
    "a model that ends like a version": {"spec.model": "income-v2", "spec.version": "income-v2-v1"},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_these_are_accepted(create: Create, changes: dict[str, Any]) -> None:
    assert create("modeldeployment-minimal", changes).message == ""


BAD = {
    "a name with a dot": ({"metadata.name": "in.come"}, "metadata.name: use at most 42 lowercase letters"),
    "negative replicas": ({"spec.replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
    "replicas in words": ({"spec.replicas": "two"}, 'spec.replicas in body must be of type integer: "string"'),
    "a version of another model": ({"spec.version": "churn-v3"}, OWN),
    "a version of a model that begins alike": ({"spec.version": "income-2-v3"}, OWN),
    "a version of a model that ends like a version": ({"spec.version": "income-v2-v1"}, OWN),
    "a number alone": ({"spec.version": "3"}, VERSION),
    "version zero": ({"spec.version": "income-v0"}, VERSION),
    "lots of cpu": ({"spec.resources": {"requests": {"cpu": "lots"}}}, "write a quantity"),
    "an unknown strategy": ({"spec.rollout": {"strategy": "BlueGreen"}}, 'supported values: "Replace"'),
    "a body of a terabyte": ({"spec.server": {"builtin": {"maxBodyBytes": 2**40}}}, "less than or equal to 268435456"),
    "a container of one's own": ({"spec.server": {"container": {}}}, 'unknown field "spec.server.container"'),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_these_are_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("modeldeployment-minimal", changes).message


@pytest.fixture(scope="module")
def deployment(server: Server, namespace: str) -> dict[str, Any]:
    """A ModelDeployment that is really there."""
    obj = changed(sample("modeldeployment-minimal", namespace), {"metadata.name": "really"})
    assert server.for_real().create(obj).message == ""
    return obj


def test_the_model_is_immutable(server: Server, deployment: dict[str, Any]) -> None:
    sentence = "model is immutable: create another ModelDeployment for another model"
    assert sentence in server.merge(deployment, {"spec": {"model": "churn"}}).message


def test_it_is_scaled_like_a_deployment(server: Server, deployment: dict[str, Any]) -> None:
    scaled = server.merge(deployment, {"spec": {"replicas": 7}}, "/scale")
    assert scaled.body["spec"] == {"replicas": 7}
    assert "greater than or equal to 0" in server.merge(deployment, {"spec": {"replicas": -1}}, "/scale").message


def test_an_autoscaler_finds_its_pods(server: Server, deployment: dict[str, Any]) -> None:
    status = {key: deployment[key] for key in ("apiVersion", "kind", "metadata")}
    status["status"] = {"replicas": 2, "selector": "app=income"}
    assert server.for_real().apply(status, "/status").message == ""
    scale = server.merge(deployment, {"spec": {"replicas": 3}}, "/scale").body
    assert scale["status"] == {"replicas": 2, "selector": "app=income"}
