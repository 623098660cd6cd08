from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.apiserver import Answer, Server
from tests.rules.objects import changed, sample

Create = Callable[[str, dict[str, Any]], Answer]

OWN = "version must be one of this model's own: MODEL-vNUMBER with the name in `model`"
VERSION = "write the name of a ModelVersion: MODEL-vNUMBER, for example income-v3"

CONTAINER = {
    "image": "mlserver:1",
    "env": [{"name": "A", "value": "$(MOORING_MODEL_DIR)"}, {"name": "B", "secretName": "hub", "key": "token"}],
}
ONE_SERVER = "write one of builtin and container, and remove the other"
VARIABLE = "write `value`, or `secretName` and `key`"

GOOD = {
    "nobody served for now": {"spec.replicas": 0},
    "a version of its model": {"spec.version": "income-v12"},
    "a server with our defaults": {"spec.server": {"builtin": {}}},
    "a container with nothing but its image": {"spec.server": {"container": {"image": "mlserver:1"}}},
    "variables with a value and out of a Secret": {"spec.server": {"container": CONTAINER}},
    "keys and gRPC": {"spec.server": {"builtin": {"keysSecretName": "income-keys", "grpcPort": 9000}}},
    "captured rows": {"spec.capture": {"uri": "s3://captured", "secretName": "object-store", "perMille": 10}},
    "captured rows by our own server": {
        "spec.capture": {"uri": "s3://captured"},
        "spec.server": {"builtin": {}},
        "spec.feedback": {"enabled": True},
    },
    "every taint is tolerated": {"spec.tolerations": [{"operator": "Exists"}]},
    "a model that ends like a version": {"spec.model": "income-v2", "spec.version": "income-v2-v1"},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_these_are_accepted(create: Create, changes: dict[str, Any]) -> None:
    assert create("modeldeployment-minimal", changes).message == ""


CAPTURE = {"uri": "s3://captured", "secretName": "object-store"}


def with_variable(**fields: str) -> dict[str, Any]:
    return {"spec.server": {"container": {"image": "x", "env": [{"name": "A", **fields}]}}}


BAD = {
    "two servers": ({"spec.server": {"builtin": {}, "container": {"image": "x"}}}, ONE_SERVER),
    "gRPC where the probes are": (
        {"spec.server": {"builtin": {"grpcPort": 8081}}},
        "grpcPort cannot be 8080 or 8081, where HTTP and the probes are: write 9000, for example",
    ),
    "a container without an image": ({"spec.server": {"container": {}}}, "spec.server.container.image: Required value"),
    "a path without a slash": (
        {"spec.server": {"container": {"image": "x", "readyPath": "ping"}}},
        "write a path that begins with /, for example /ping",
    ),
    "a variable without a value": (with_variable(), VARIABLE),
    "a variable with two": (with_variable(value="1", secretName="s", key="k"), VARIABLE),
    "a Secret without its key": (with_variable(secretName="s"), VARIABLE),
    "a variable of ours": (
        {"spec.server": {"container": {"image": "x", "env": [{"name": "MOORING_PORT", "value": "1"}]}}},
        "variables that begin with MOORING_ are set for you: choose another name",
    ),
    "a value that exists": (
        {"spec.tolerations": [{"key": "models", "operator": "Exists", "value": "yes"}]},
        "with operator Exists there is no value: leave it out",
    ),
    "a taint without a key": ({"spec.tolerations": [{"value": "yes"}]}, "without a key, write operator: Exists"),
    "a while on a node that takes nobody": (
        {"spec.tolerations": [{"key": "models", "operator": "Exists", "tolerationSeconds": 5}]},
        "tolerationSeconds needs effect: NoExecute",
    ),
    "a name with a dot": ({"metadata.name": "in.come"}, "metadata.name: use at most 42 lowercase letters"),
    "negative replicas": ({"spec.replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
    "replicas in words": ({"spec.replicas": "two"}, 'spec.replicas in body must be of type integer: "string"'),
    "a version of another model": ({"spec.version": "churn-v3"}, OWN),
    "a version of a model that begins alike": ({"spec.version": "income-2-v3"}, OWN),
    "a version of a model that ends like a version": ({"spec.version": "income-v2-v1"}, OWN),
    "a number alone": ({"spec.version": "3"}, VERSION),
    "version zero": ({"spec.version": "income-v0"}, VERSION),
    "lots of cpu": ({"spec.resources": {"requests": {"cpu": "lots"}}}, "write a quantity"),
    "an unknown strategy": ({"spec.rollout": {"strategy": "BlueGreen"}}, 'supported values: "Canary", "Replace"'),
    "rows of a server of the user's own": (
        {"spec.capture": CAPTURE, "spec.server": {"container": {"image": "x"}}},
        "only Mooring's own server captures rows: remove capture, or server.container",
    ),
    "rows that no truth can reach": (
        {"spec.capture": CAPTURE, "spec.feedback": {"enabled": False}},
        "captured rows are joined with truths: remove capture, or feedback.enabled: false",
    ),
    "more than all rows": ({"spec.capture": CAPTURE | {"perMille": 1001}}, "less than or equal to 1000"),
    "none of the rows": ({"spec.capture": CAPTURE | {"perMille": 0}}, "greater than or equal to 1"),
    "rows to a disk": ({"spec.capture": CAPTURE | {"uri": "/var/rows"}}, "write s3://BUCKET/PATH"),
    "rows to nowhere": ({"spec.capture": {"perMille": 10}}, "spec.capture.uri: Required value"),
    "a body of a terabyte": ({"spec.server": {"builtin": {"maxBodyBytes": 2**40}}}, "less than or equal to 268435456"),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_these_are_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("modeldeployment-minimal", changes).message


FIRST, HALF = {"name": "first", "weight": 5}, {"name": "half", "weight": 50}
SHADOW, SIGN_OFF = {"name": "shadow", "shadowPerCent": 100}, {"name": "sign-off", "pause": "Manual"}

GOOD_ROLLOUTS: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "each kind of step": {"steps": [SHADOW, FIRST, {"name": "soak", "maxSeconds": 60}, HALF, SIGN_OFF]},
    "how sure the judge must be": {"analysis": {"errors": {"tolerance": "2"}, "maxFalseAbort": "0.01"}},
    "all at once": {"strategy": "Replace", "scaleDownDelaySeconds": 0},
}


@pytest.mark.parametrize("rollout", GOOD_ROLLOUTS.values(), ids=GOOD_ROLLOUTS)
def test_these_rollouts_are_accepted(create: Create, rollout: dict[str, Any]) -> None:
    assert create("modeldeployment-minimal", {"spec.rollout": rollout}).message == ""


KIND = "a step is one of: weight, shadowPerCent, pause: Manual, or maxSeconds alone (it waits that long)"
RISE = "weights must rise from step to step, and shadow steps come before all weights"
OF_A_CANARY = "steps, analysis, onInconclusive, watchSecondsAfterPromotion and holdbackPerCent are of a canary"
BAD_ROLLOUTS: dict[str, tuple[dict[str, Any], str]] = {
    "a step of two kinds": ({"steps": [FIRST | {"pause": "Manual"}]}, KIND),
    "a step of no kind": ({"steps": [{"name": "first"}]}, KIND),
    "a step without a name": ({"steps": [{"weight": 5}]}, "spec.rollout.steps[0].name: Required value"),
    "no steps at all": ({"steps": []}, "steps is empty: leave it out for weights 5, 25 and 50"),
    "too many steps": (
        {"steps": [{"name": f"s{at}", "weight": at} for at in range(1, 22)]},
        "must have at most 20 items",
    ),
    "everything as a step": ({"steps": [{"name": "all", "weight": 100}]}, "weight 100 is the promotion"),
    "a name twice": ({"steps": [FIRST, HALF | {"name": "first"}]}, "steps need different names"),
    "weights that fall": ({"steps": [HALF, FIRST]}, RISE),
    "a weight twice": ({"steps": [FIRST, FIRST | {"name": "again"}]}, RISE),
    "a shadow after a weight": ({"steps": [FIRST, SHADOW]}, RISE),
    "a person with a deadline": ({"steps": [SIGN_OFF | {"maxSeconds": 5}]}, "pause: Manual waits for a person"),
    "requests of a pause": ({"steps": [SIGN_OFF | {"minRequests": 5}]}, "minRequests needs something to count"),
    "steps of a replacement": ({"strategy": "Replace", "steps": [FIRST]}, OF_A_CANARY),
    "a watch of a replacement": ({"strategy": "Replace", "watchSecondsAfterPromotion": 60}, OF_A_CANARY),
    "a share held back for no time": (
        {"holdbackPerCent": 5, "watchSecondsAfterPromotion": 0},
        "holdbackPerCent lasts as long as watchSecondsAfterPromotion",
    ),
    "half of the users held back": ({"holdbackPerCent": 50}, "should be less than or equal to 5"),
    "an odds ratio below one": ({"analysis": {"errors": {"tolerance": "0.9"}}}, "tolerance is an odds ratio above 1"),
    "no chance of an error": ({"analysis": {"maxFalseAbort": "0"}}, "maxFalseAbort must be above 0.0 and below 0.5"),
}


@pytest.mark.parametrize(("rollout", "sentence"), BAD_ROLLOUTS.values(), ids=BAD_ROLLOUTS)
def test_these_rollouts_are_refused_with_a_sentence(create: Create, rollout: dict[str, Any], sentence: str) -> None:
    assert sentence in create("modeldeployment-minimal", {"spec.rollout": rollout}).message


BAD_TRAFFIC: dict[str, tuple[dict[str, Any], str]] = {
    "a shadow by numbers of pods": (
        {"spec.traffic": {"provider": "Replicas"}, "spec.rollout": {"steps": [SHADOW]}},
        "providers Replicas and Gateway cannot shadow",
    ),
    "a shadow by a Gateway": (
        {"spec.traffic": {"gateway": {"name": "public"}}, "spec.rollout": {"steps": [SHADOW]}},
        "providers Replicas and Gateway cannot shadow",
    ),
    "callers kept by a Gateway": (
        {"spec.traffic": {"gateway": {"name": "public"}, "stickyHeader": "x-user-id"}},
        "stickyHeader needs a proxy of ours",
    ),
    "a Gateway without a name": ({"spec.traffic": {"provider": "Gateway"}}, "provider Gateway needs `gateway`"),
    "a Gateway that is not used": (
        {"spec.traffic": {"provider": "Envoy", "gateway": {"name": "public"}}},
        "`gateway` is for provider Gateway",
    ),
    "a host in capitals": (
        {"spec.traffic": {"gateway": {"name": "public", "hostname": "Income.example.com"}}},
        "write a host name in lowercase",
    ),
    "callers kept by numbers of pods": (
        {"spec.traffic": {"provider": "Replicas", "stickyHeader": "x-user-id"}},
        "stickyHeader needs a proxy of ours",
    ),
    "a header in capitals": ({"spec.traffic": {"stickyHeader": "X-User"}}, "write the name of a header in lowercase"),
    "an autoscaler upside down": (
        {"spec.autoscaling": {"minReplicas": 3, "maxReplicas": 2}},
        "minReplicas must not be above maxReplicas",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD_TRAFFIC.values(), ids=BAD_TRAFFIC)
def test_this_traffic_is_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
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


def test_one_server_is_exchanged_for_the_other_by_applying_it(server: Server, namespace: str) -> None:
    """A default inside of either would stay behind, and two would be too many."""
    obj = changed(sample("modeldeployment-minimal", namespace), {"metadata.name": "exchanged"})
    for asked in ({"builtin": {"maxBatchRows": 5}}, {"container": {"image": "x"}}, {"builtin": {}}):
        applied = server.for_real().apply(changed(obj, {"spec.server": asked}))
        assert (applied.message, applied.body["spec"]["server"]) == ("", asked)
