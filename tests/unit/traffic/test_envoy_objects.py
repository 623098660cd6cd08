"""What is made in the cluster for an Envoy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from mooring.reconcile.plan import Apply, Object
from mooring.reconcile.traffic.envoy import Envoy, kept_pod, nudges
from mooring.reconcile.traffic.provider import stale
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.objects import deployment
from tests.unit.traffic.proxy import ENVOY

BOTH = Split("income-v1-aaaaaaaa", "income-v2-bbbbbbbb", 30)


def made(replicas: int = 2, split: Split = BOTH, **parts: Any) -> dict[str, Object]:
    applies = Envoy("envoy:1", **parts).objects(deployment(replicas), split)
    return {apply.manifest["kind"]: apply.manifest for apply in applies}


def container(objects: dict[str, Object]) -> dict[str, Any]:
    return dict(objects["Deployment"]["spec"]["template"]["spec"]["containers"][0])


def test_envoy_itself_takes_what_its_pods_are_started_with(tmp_path: Path) -> None:
    objects = made()
    for name, content in objects["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(content)
    config = container(objects)["args"][1].replace("/etc/mooring", str(tmp_path))
    said = subprocess.run([ENVOY, "--mode", "validate", "--config-yaml", config], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "deprecated" not in said.stderr.lower()


def test_two_envoys_and_a_budget_where_the_model_has_two_pods() -> None:
    assert made(5)["Deployment"]["spec"]["replicas"] == 2
    assert "PodDisruptionBudget" in made(5)
    assert made(1)["Deployment"]["spec"]["replicas"] == made(0)["Deployment"]["spec"]["replicas"] == 1
    assert "PodDisruptionBudget" not in made(1)


def test_a_changed_split_changes_the_files_and_restarts_nobody() -> None:
    before, after = made(), made(split=Split(BOTH.stable, BOTH.canary, 31))
    assert before["ConfigMap"]["data"] != after["ConfigMap"]["data"]
    assert before["Deployment"] == after["Deployment"]


def test_pods_are_restricted_and_the_administration_stays_inside() -> None:
    objects = made()
    spec = objects["Deployment"]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert container(objects)["securityContext"]["readOnlyRootFilesystem"] is True
    config = json.loads(container(objects)["args"][1])
    assert config["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    ports = [port["port"] for rule in objects["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"]]
    assert config["admin"]["address"]["socket_address"]["port_value"] not in ports


def test_pods_answer_where_their_server_listens() -> None:
    files = made(ports={BOTH.stable: 9000})["ConfigMap"]["data"]
    clusters = json.loads(files["clusters.json"])["resources"]
    endpoints = {item["name"]: item["load_assignment"]["endpoints"][0]["lb_endpoints"][0] for item in clusters}
    ports = {name: item["endpoint"]["address"]["socket_address"]["port_value"] for name, item in endpoints.items()}
    assert ports[BOTH.stable] == 9000
    assert ports["income-v2-bbbbbbbb"] == ports["income-v2-bbbbbbbb-shadow"] == 8080


class Kept:
    def __init__(self, name: str, created: str, pod: Object) -> None:
        self.name, self.created, self.pod = name, created, pod


def test_a_new_operator_restarts_no_envoy() -> None:
    revision = made()["ControllerRevision"]
    old = Kept(revision["metadata"]["name"], "2026-01-01T00:00:00Z", revision["data"]["template"])
    others = [Kept("income-v1-aaaaaaaa", "2026-02-01T00:00:00Z", {}), old]
    kept = kept_pod("income", others)
    assert kept == old.pod
    assert Envoy("envoy:2", kept).objects(deployment(), BOTH) == Envoy("envoy:1").objects(deployment(), BOTH)
    assert kept_pod("income", others[:1]) is None


def live(apply: Apply, uid: str) -> Object:
    return {**apply.manifest, "metadata": {**apply.manifest["metadata"], "uid": uid}}


def test_what_another_provider_or_an_older_template_left_is_removed_and_nothing_else() -> None:
    before = Envoy("envoy:1").objects(deployment(), BOTH)
    there = [live(apply, f"u{number}") for number, apply in enumerate(before)]
    there.append({"kind": "Deployment", "metadata": {"name": "income-v1-aaaaaaaa", "namespace": "default", "uid": "x"}})
    assert stale(there, before) == ()
    renewed = stale(there, Envoy("envoy:2").objects(deployment(), BOTH))
    assert [(item.kind, item.uid) for item in renewed] == [("ControllerRevision", "u1")]
    assert {item.kind for item in stale(there, ())} == {apply.manifest["kind"] for apply in before}


def pod(name: str, split: str | None) -> Object:
    annotations = {"mooring.dev/split": split} if split else {}
    return {"metadata": {"name": name, "namespace": "default", "uid": name, "annotations": annotations}}


def words(pods: list[Object], *late: str) -> dict[str, str]:
    patches = nudges(pods, "new", late)
    return {patch.name: patch.body["metadata"]["annotations"]["mooring.dev/split"] for patch in patches}


def test_pods_are_nudged_once_and_again_where_they_missed_it() -> None:
    assert words([pod("a", None), pod("b", "old"), pod("c", "new"), pod("d", "new/again")]) == {"a": "new", "b": "new"}
    assert words([pod("c", "new"), pod("d", "new/again")], "c", "d") == {"c": "new/again", "d": "new"}
    going = pod("a", None)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"  # type: ignore[index]
    assert words([going]) == {}


def test_the_script_that_ends_an_envoy_is_one(tmp_path: Path) -> None:
    script = container(made())["lifecycle"]["preStop"]["exec"]["command"]
    checked = subprocess.run(["bash", "-n", "-c", script[2]], capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
