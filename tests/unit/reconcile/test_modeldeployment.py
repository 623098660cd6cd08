"""A ModelDeployment: what it serves, how one version replaces another, what happens when it cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mooring.api.wire import ServeOrder
from mooring.reconcile.plan import Mint
from tests.unit.reconcile.scenes import add_brought, add_version, bring_up, condition, deployment, route, start_pods
from tests.unit.reconcile.world import World


@pytest.fixture
def world() -> World:
    """A world in which income-v1 serves."""
    world = World()
    add_version(world, 1)
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    start_pods(world)
    settle(world)
    return world


def settle(world: World) -> None:
    """Settle, with endpoints that follow the Service, and time for that."""
    for _ in range(3):
        world.settle("ModelDeployment", "income")
        route(world)
        world.pass_time(1)
    world.settle("ModelDeployment", "income")


def status(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.objects[("ModelDeployment", "default", "income")]["status"]
    return found


def led_to(world: World) -> str:
    service = world.objects[("Service", "default", "income")]
    found: str = world.objects[("Deployment", "default", service["spec"]["selector"]["mooring.dev/arm"])]["metadata"][
        "labels"
    ]["mooring.dev/version"]
    return found


def arms(world: World) -> list[str]:
    return [item["metadata"]["labels"]["mooring.dev/version"] for item in world.all("Deployment", "default")]


def test_the_first_version_serves_as_soon_as_it_is_ready(world: World) -> None:
    assert (status(world)["rollout"]["phase"], status(world)["stable"]["version"]) == ("Stable", "income-v1")
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"
    assert led_to(world) == "income-v1"


def test_without_a_version_it_waits_and_says_for_what() -> None:
    world = World()
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    ready = condition(world, "ModelDeployment", "income", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "NoVersion")
    assert condition(world, "ModelDeployment", "income", "Stalled")["status"] == "False"


@pytest.mark.parametrize("verdict", ["Rejected", "Unknown"])
def test_only_passed_versions_are_followed(world: World, verdict: str) -> None:
    add_version(world, 2, verdict)
    settle(world)
    assert arms(world) == ["income-v1"]


def test_users_are_led_to_a_new_version_when_all_of_it_is_ready(world: World) -> None:
    add_version(world, 2)
    settle(world)
    assert arms(world) == ["income-v1", "income-v2"]
    assert led_to(world) == "income-v1"
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"
    start_pods(world)
    settle(world)
    assert led_to(world) == "income-v2"
    assert status(world)["history"][0]["outcome"] == "Promoted"


def test_the_old_version_goes_after_the_delay_and_when_nobody_is_led_to_it(world: World) -> None:
    add_version(world, 2)
    settle(world)
    bring_up(world, next(n for n in (d["metadata"]["name"] for d in world.all("Deployment", "default")) if "v2" in n))
    for _ in range(3):
        world.settle("ModelDeployment", "income")
        world.pass_time(31)
    assert arms(world) == ["income-v1", "income-v2"], "the Service is still seen to lead to the old pods"
    settle(world)
    assert (led_to(world), arms(world)) == ("income-v2", ["income-v1", "income-v2"])
    world.pass_time(31)
    settle(world)
    assert arms(world) == ["income-v2"]
    assert "draining" not in status(world) or status(world)["draining"] == []


def test_pinning_the_old_version_restarts_nothing_that_still_runs(world: World) -> None:
    add_version(world, 2)
    settle(world)
    start_pods(world)
    settle(world)
    before = {item["metadata"]["name"]: item["metadata"]["uid"] for item in world.all("Deployment", "default")}
    world.put("ModelDeployment", "income", spec=deployment(version="income-v1"))
    settle(world)
    assert led_to(world) == "income-v1"
    after = {item["metadata"]["name"]: item["metadata"]["uid"] for item in world.all("Deployment", "default")}
    assert after == before
    assert [item["version"] for item in status(world)["draining"]] == ["income-v2"]


def test_a_version_that_never_gets_ready_leaves_the_old_one_serving(world: World) -> None:
    add_version(world, 2)
    settle(world)
    name = next(n for n in (d["metadata"]["name"] for d in world.all("Deployment", "default")) if "v2" in n)
    bring_up(world, name, ready=False, message="DigestMismatch: the files were changed")
    settle(world)
    assert "DigestMismatch" in condition(world, "ModelDeployment", "income", "Progressing")["message"]
    world.pass_time(601)
    settle(world)
    assert arms(world) == ["income-v1"]
    assert "DigestMismatch" in status(world)["withdrawn"][0]["reason"]
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"
    world.pass_time(10_000)
    settle(world)
    assert arms(world) == ["income-v1"], "a withdrawn version is not followed again"


def test_a_withdrawn_version_is_tried_again_when_a_person_asks(world: World) -> None:
    add_version(world, 2)
    settle(world)
    world.pass_time(601)
    settle(world)
    world.put("ModelDeployment", "income", metadata={"annotations": {"mooring.dev/retry": "income-v2/once"}})
    settle(world)
    assert arms(world) == ["income-v1", "income-v2"]
    world.pass_time(601)
    settle(world)
    assert arms(world) == ["income-v1"], "a retry is handled once"


def test_the_first_version_of_all_goes_on_trying_after_its_deadline() -> None:
    world = World()
    add_version(world, 1)
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    world.pass_time(601)
    settle(world)
    assert arms(world) == ["income-v1"]
    assert condition(world, "ModelDeployment", "income", "Stalled")["reason"] == "ProgressDeadlineExceeded"
    start_pods(world)
    settle(world)
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "income-v9"}, "VersionNotFound"),
        ({"version": "income-v2"}, "VersionRejected"),
    ],
)
def test_a_pin_that_cannot_be_is_answered_and_nothing_serving_is_touched(
    world: World, change: dict[str, Any], reason: str
) -> None:
    add_version(world, 2, "Rejected")
    world.put("ModelDeployment", "income", spec=deployment(**change))
    settle(world)
    assert condition(world, "ModelDeployment", "income", "Stalled")["reason"] == reason
    assert (led_to(world), arms(world)) == ("income-v1", ["income-v1"])


def test_a_rejected_version_is_served_when_that_is_accepted(world: World) -> None:
    add_version(world, 2, "Rejected")
    world.put("ModelDeployment", "income", spec=deployment(version="income-v2", acceptRejected=True))
    settle(world)
    start_pods(world)
    settle(world)
    assert led_to(world) == "income-v2"


def test_an_edited_template_rolls_out_like_a_new_version(world: World) -> None:
    resources = {"limits": {"memory": "1Gi"}}
    world.put("ModelDeployment", "income", spec=deployment(resources=resources))
    settle(world)
    assert arms(world) == ["income-v1", "income-v1"]
    start_pods(world)
    settle(world)
    service = world.objects[("Service", "default", "income")]["spec"]["selector"]["mooring.dev/arm"]
    container = world.objects[("Deployment", "default", service)]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"memory": "1Gi"}


def test_what_was_pinned_once_is_kept_under_an_edited_template_when_nothing_may_follow_it() -> None:
    world = World()
    add_version(world, 1, "Unknown")
    world.put("ModelDeployment", "income", spec=deployment(version="income-v1"))
    settle(world)
    start_pods(world)
    settle(world)
    world.put("ModelDeployment", "income", spec=deployment(resources={"limits": {"memory": "1Gi"}}))
    settle(world)
    assert arms(world) == ["income-v1", "income-v1"]
    assert condition(world, "ModelDeployment", "income", "Ready")["status"] == "True"


def test_scaling_restarts_nothing(world: World) -> None:
    world.put("ModelDeployment", "income", spec=deployment(replicas=5))
    settle(world)
    (child,) = world.all("Deployment", "default")
    assert child["spec"]["replicas"] == 5
    assert len(status(world)["history"]) == 1


@pytest.mark.parametrize(
    ("compiled", "configured", "image"),
    [
        (["Onnx"], "mooring-serving:1", "mooring-serving:1"),
        ([], "mooring-serving:1", "mooring-runtime:1"),
        (["Onnx"], None, "mooring-runtime:1"),
    ],
)
def test_a_version_with_a_compiled_form_is_served_by_the_small_image(
    compiled: list[str], configured: str | None, image: str
) -> None:
    world = World()
    world.config = world.config.model_copy(update={"serving_image": configured})
    add_version(world, 1, also_as=compiled)
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    (child,) = world.all("Deployment", "default")
    assert child["spec"]["template"]["spec"]["containers"][0]["image"] == image


@pytest.mark.parametrize(
    ("form", "image"),
    [("XGBoost", "small:1"), ("LightGBM", "small:1"), ("Onnx", "small:1"), ("MLflow", "mooring-runtime:1")],
)
def test_a_model_of_ones_own_is_served_by_name_and_by_its_signature(form: str, image: str) -> None:
    world = World()
    world.config = world.config.model_copy(update={"serving_image": "small:1", "runtime_image": "mooring-runtime:1"})
    world.put("ModelDeployment", "income", spec=deployment(version=add_brought(world, 1, form)))
    settle(world)
    (child,) = world.all("Deployment", "default")
    (container,) = child["spec"]["template"]["spec"]["containers"]
    order = ServeOrder.model_validate_json(container["env"][0]["value"])
    assert container["image"] == image
    assert order.signature is not None
    assert [tensor.nullable for tensor in order.signature.inputs] == [True]
    assert world.objects[("ModelVersion", "default", "income-v1")]["spec"].keys().isdisjoint({"gate", "data"})


def test_a_model_of_ones_own_is_never_followed() -> None:
    world = World()
    add_brought(world, 2)
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    assert not list(world.all("Deployment", "default"))
    assert condition(world, "ModelDeployment", "income", "Ready")["reason"] == "NoVersion"


def test_an_upgrade_of_the_operator_writes_nothing(world: World) -> None:
    world.config = world.config.model_copy(update={"runtime_image": "mooring-runtime:2"})
    world.writes.clear()
    settle(world)
    assert world.writes == []


def test_a_deleted_child_comes_back_as_it_was_rendered(world: World) -> None:
    world.config = world.config.model_copy(update={"runtime_image": "mooring-runtime:2"})
    (child,) = world.all("Deployment", "default")
    world.drop("Deployment", child["metadata"]["name"])
    settle(world)
    (back,) = world.all("Deployment", "default")
    assert back["spec"]["template"] == child["spec"]["template"]


def test_all_pods_sign_prediction_ids_with_one_key_that_no_plan_knows(world: World) -> None:
    secret = world.objects[("Secret", "default", "income-ids")]
    assert "data" not in secret
    assert "stringData" not in secret
    assert secret["metadata"]["ownerReferences"][0]["name"] == "income"
    (child,) = world.all("Deployment", "default")
    env = child["spec"]["template"]["spec"]["containers"][0]["env"]
    (key,) = [item["valueFrom"]["secretKeyRef"] for item in env if item["name"] == "MOORING_ID_KEY"]
    assert key["name"] == "income-ids"
    plan = world.plan("ModelDeployment", "income")
    assert plan is not None
    assert not any(isinstance(write, Mint) for write in plan.writes), "asked for once, since it cannot be looked at"


def test_captured_rows_have_a_folder_of_their_own_and_credentials_that_no_order_holds(world: World) -> None:
    (before,) = world.all("Deployment", "default")
    assert "CAPTURE" not in json.dumps(before).upper()
    capture = {"uri": "s3://captured/rows/", "secretName": "rows", "perMille": 20}
    world.put("ModelDeployment", "income", spec=deployment(capture=capture))
    settle(world)
    (container,) = [
        child["spec"]["template"]["spec"]["containers"][0]
        for child in world.all("Deployment", "default")
        if child["metadata"]["name"] != before["metadata"]["name"]
    ]
    env = {item["name"]: item for item in container["env"]}
    order = ServeOrder.model_validate_json(env["MOORING_SERVE_ORDER"]["value"])
    assert order.capture is not None
    assert (order.capture.uri, order.capture.per_mille) == ("s3://captured/rows/default/income", 20)
    assert "secretName" not in order.capture.to_json()
    secret = env["MOORING_CAPTURE_AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]
    assert (secret["name"], secret["key"]) == ("rows", "AWS_SECRET_ACCESS_KEY")


def test_the_record_of_what_serves_may_vanish_without_harm(world: World) -> None:
    world.drop("ModelVersion", "income-v1")
    (child,) = world.all("Deployment", "default")
    world.drop("Deployment", child["metadata"]["name"])
    settle(world)
    assert arms(world) == ["income-v1"]


def test_a_newer_version_replaces_a_canary_that_has_not_served(world: World) -> None:
    add_version(world, 2)
    settle(world)
    add_version(world, 3)
    settle(world)
    assert arms(world) == ["income-v1", "income-v3"]


def test_a_suspended_deployment_goes_on_serving_and_replaces_nothing(world: World) -> None:
    world.put("ModelDeployment", "income", spec=deployment(suspend=True))
    add_version(world, 2)
    settle(world)
    assert arms(world) == ["income-v1"]
    world.put("ModelDeployment", "income", spec=deployment())
    settle(world)
    assert arms(world) == ["income-v1", "income-v2"]


def test_kept_templates_are_bounded(world: World) -> None:
    world.put("ModelDeployment", "income", spec=deployment(revisionHistoryLimit=1))
    for number in range(2, 7):
        add_version(world, number)
        settle(world)
        start_pods(world)
        settle(world)
        world.pass_time(60)
        settle(world)
        route(world)
    settle(world)
    assert len(list(world.all("ControllerRevision", "default"))) <= 2


def test_a_version_mirrors_who_serves_it(world: World) -> None:
    world.settle("ModelVersion", "income-v1")
    found = world.objects[("ModelVersion", "default", "income-v1")]["status"]
    assert [(user["name"], user["role"]) for user in found["deployments"]] == [("income", "Stable")]
    assert condition(world, "ModelVersion", "income-v1", "InUse")["status"] == "True"
    world.drop("ModelDeployment", "income")
    world.settle("ModelVersion", "income-v1")
    assert condition(world, "ModelVersion", "income-v1", "InUse")["status"] == "False"
