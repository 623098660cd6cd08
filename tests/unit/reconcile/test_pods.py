"""The pods that are rendered: what is asked for of a server is in them, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reconcile.scenes import add_version, condition, deployment, start_pods
from tests.unit.reconcile.world import World

MLSERVER = {
    "image": "registry.example/mlserver@sha256:1",
    "args": ["start", "."],
    "port": 9090,
    "readyPath": "/ready",
    "env": [
        {"name": "MLSERVER_MODEL_URI", "value": "$(MOORING_MODEL_DIR)"},
        {"name": "TOKEN", "secretName": "hub", "key": "token"},
    ],
}


def served(**changes: Any) -> World:
    world = World()
    add_version(world, 1)
    world.put("ModelDeployment", "income", spec=deployment(**changes))
    world.settle("ModelDeployment", "income")
    return world


def pod(world: World) -> dict[str, Any]:
    (child,) = world.all("Deployment", "default")
    found: dict[str, Any] = child["spec"]["template"]["spec"]
    return found


def arm(world: World) -> str:
    (child,) = world.all("Deployment", "default")
    return str(child["metadata"]["name"])


def ports(world: World, service: str) -> list[tuple[str, int, str]]:
    found = world.objects[("Service", "default", service)]["spec"]["ports"]
    return [(port["name"], port["port"], port["targetPort"]) for port in found]


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def mounts(container: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {item["name"]: (item["mountPath"], item.get("readOnly", False)) for item in container["volumeMounts"]}


def test_keys_are_a_folder_of_files_so_that_a_changed_secret_reaches_the_pod() -> None:
    spec = pod(served(server={"builtin": {"keysSecretName": "income-keys"}}))
    (container,) = spec["containers"]
    (volume,) = [item for item in spec["volumes"] if item["name"] == "keys"]
    assert volume["secret"]["secretName"] == "income-keys"
    assert volume["secret"]["optional"] is True
    assert volume["secret"]["items"] == [{"key": "keys", "path": "keys"}]
    (mount,) = [item for item in container["volumeMounts"] if item["name"] == "keys"]
    assert "subPath" not in mount
    assert env(container)["MOORING_KEYS_FILE"] == f"{mount['mountPath']}/keys"
    assert "envFrom" not in container


def test_grpc_has_one_number_in_the_pod_and_in_both_services() -> None:
    world = served(server={"builtin": {"grpcPort": 9000}})
    (container,) = pod(world)["containers"]
    assert env(container)["MOORING_GRPC_PORT"] == "9000"
    assert ports(world, "income") == [("http", 80, "http"), ("grpc", 9000, "grpc")]
    assert ports(world, arm(world)) == [("http", 8080, "http"), ("grpc", 9000, "grpc")]


def test_without_such_wishes_there_is_neither() -> None:
    world = served(server={"builtin": {"maxBatchRows": 1024}})
    (container,) = pod(world)["containers"]
    assert not {"MOORING_GRPC_PORT", "MOORING_KEYS_FILE"} & env(container).keys()
    assert ports(world, "income") == [("http", 80, "http")]
    assert pod(world)["volumes"] == [{"name": "scratch", "emptyDir": {}}]


def test_the_service_has_the_ports_of_what_serves_and_not_of_what_is_asked_for_next() -> None:
    world = served(server={"builtin": {"grpcPort": 9000}})
    start_pods(world)
    world.settle("ModelDeployment", "income")
    world.put("ModelDeployment", "income", spec=deployment(server={"builtin": {"grpcPort": 9001}}))
    world.settle("ModelDeployment", "income")
    assert ports(world, "income") == [("http", 80, "http"), ("grpc", 9000, "grpc")]


def test_a_container_finds_verified_files_and_is_told_what_it_serves() -> None:
    spec = pod(served(server={"container": MLSERVER}))
    (fetch,), (container,) = spec["initContainers"], spec["containers"]
    assert (fetch["image"], container["image"]) == ("mooring-runtime:1", "registry.example/mlserver@sha256:1")
    assert mounts(fetch)["model"] == ("/mnt/models", False)
    assert mounts(container)["model"] == ("/mnt/models", True)
    assert env(container) == {
        "MOORING_MODEL_DIR": "/mnt/models",
        "MOORING_MODEL_NAME": "income",
        "MOORING_MODEL_VERSION": "income-v1",
        "MOORING_PORT": "9090",
        "HOME": "/tmp",  # noqa: S108
        "MLSERVER_MODEL_URI": "$(MOORING_MODEL_DIR)",
        "TOKEN": {"secretKeyRef": {"name": "hub", "key": "token"}},
    }
    assert (container["args"], "command" in container) == (["start", "."], False)
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http", "scheme": "HTTP"}


def test_the_containers_of_a_users_server_are_as_confined_as_ours() -> None:
    spec = pod(served(server={"container": MLSERVER}))
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert mounts(container)["scratch"] == ("/tmp", False)  # noqa: S108


def test_the_credentials_of_the_store_stay_with_who_fetches() -> None:
    world = World()
    add_version(world, 1)
    version = world.objects[("ModelVersion", "default", "income-v1")]
    version["spec"]["artifact"]["secretName"] = "object-store"
    world.put("ModelDeployment", "income", spec=deployment(server={"container": MLSERVER}))
    world.settle("ModelDeployment", "income")
    (fetch,), (container,) = pod(world)["initContainers"], pod(world)["containers"]
    assert "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY" in env(fetch)
    assert not any("AWS" in name for name in env(container))


def test_the_service_leads_to_a_container_whichever_its_port() -> None:
    world = served(server={"container": MLSERVER})
    assert ports(world, "income") == [("http", 80, "http")]
    assert ports(world, arm(world)) == [("http", 9090, "http")]


def test_a_container_has_its_defaults_from_the_plan() -> None:
    (container,) = pod(served(server={"container": {"image": "x"}}))["containers"]
    assert container["ports"][0]["containerPort"] == 8080
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"


def test_status_says_what_a_container_cannot_do() -> None:
    observed = condition(served(server={"container": MLSERVER}), "ModelDeployment", "income", "Observed")
    assert (observed["status"], observed["reason"]) == ("False", "NoLedger")
    assert "server.builtin" in observed["message"]
    with pytest.raises(StopIteration):
        condition(served(), "ModelDeployment", "income", "Observed")


def test_what_keeps_the_files_from_being_fetched_is_said_in_the_condition() -> None:
    world = served(server={"container": MLSERVER})
    ended = {"exitCode": 42, "message": "DigestMismatch: the files were changed"}
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}, "ready": False}
    status = {
        "initContainerStatuses": [waiting],
        "containerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False}],
    }
    world.put("Pod", "p", metadata={"labels": pod_labels(world)}, status=status)
    world.settle("ModelDeployment", "income")
    assert "DigestMismatch" in condition(world, "ModelDeployment", "income", "Progressing")["message"]


def test_once_the_files_are_there_the_server_speaks_for_itself() -> None:
    world = served(server={"container": MLSERVER})
    done = {"state": {"terminated": {"exitCode": 0}}, "ready": True}
    ended = {"state": {"terminated": {"exitCode": 1, "message": "no such model"}}, "ready": False}
    status = {"initContainerStatuses": [done], "containerStatuses": [ended]}
    world.put("Pod", "p", metadata={"labels": pod_labels(world)}, status=status)
    world.settle("ModelDeployment", "income")
    assert "no such model" in condition(world, "ModelDeployment", "income", "Progressing")["message"]


@pytest.mark.parametrize(("server", "said"), [({"container": MLSERVER}, True), ({}, False)])
def test_a_server_that_runs_and_does_not_get_ready_is_said_to_be_waited_for(server: Any, said: bool) -> None:
    world = served(server=server)
    status = {"containerStatuses": [{"state": {"running": {}}, "ready": False}]}
    world.put("Pod", "p", metadata={"labels": pod_labels(world)}, status=status)
    world.settle("ModelDeployment", "income")
    message = condition(world, "ModelDeployment", "income", "Progressing")["message"]
    assert ("GET /ready on port 9090 does not answer 200 yet" in message) is said


def pod_labels(world: World) -> dict[str, str]:
    (child,) = world.all("Deployment", "default")
    found: dict[str, str] = child["spec"]["template"]["metadata"]["labels"]
    return found


PLACED: dict[str, Any] = {
    "serviceAccountName": "reader",
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": [{"key": "disk", "value": "fast"}],
    "tolerations": [{"key": "models", "operator": "Exists", "effect": "NoSchedule"}],
    "topologySpread": "Zone",
}


def test_pods_run_where_and_as_whom_was_asked() -> None:
    world = served(**PLACED)
    spec = pod(world)
    assert spec["serviceAccountName"] == "reader"
    assert spec["automountServiceAccountToken"] is False
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert spec["tolerations"] == PLACED["tolerations"]
    (spread,) = spec["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert spread["labelSelector"] == {"matchLabels": {"mooring.dev/arm": arm(world)}}


@pytest.mark.parametrize("field", PLACED)
def test_each_of_these_is_a_change_of_the_template(field: str) -> None:
    assert arm(served(**{field: PLACED[field]})) != arm(served())


OLD = {
    "income-v1-75373d24": {},
    "income-v1-4acd7d61": {"server": {"builtin": {"maxBatchRows": 1024, "maxBodyBytes": 1048576}}},
    "income-v1-d76b400b": {"server": {"builtin": {"maxBatchRows": 16}}},
}


@pytest.mark.parametrize("name", OLD)
def test_what_serves_since_before_these_fields_were_known_is_not_restarted(name: str) -> None:
    assert arm(served(**OLD[name])) == name
