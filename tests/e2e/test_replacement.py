"""Versions replace each other under the eyes of clients that never retry. Not one of their requests fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mooring.api.wire import ADMIN_PORT
from tests.e2e import loading
from tests.e2e.place import Place
from tests.e2e.test_serving import arm_of, pods_of
from tests.support.kube import eventually

NAME = "swap"
WRONG = "sha256:" + "0" * 64


@pytest.fixture(scope="module", autouse=True)
def under_load(place: Place, income_v1: str) -> Iterator[None]:
    """income-v1 serves, copies of it are recorded, and clients ask from the first test of this file to its last."""
    for number, changes in ((101, {}), (102, {"digest": WRONG}), (103, {"secretName": "nowhere"})):
        place.kube.create(copy_of(place, income_v1, number, changes))
    rules = {"strategy": "Replace", "scaleDownDelaySeconds": 20, "progressDeadlineSeconds": 60}
    place.kube.apply(place.serving(NAME, "income", version=income_v1, rollout=rules))
    place.wait("ModelDeployment", NAME, "Ready")
    loading.start(place, NAME)
    yield
    place.kube.delete("ModelDeployment", NAME)


def test_a_new_version_takes_over_when_it_is_ready(place: Place) -> None:
    before = pods_of(place, NAME)
    pin(place, "income-v101")
    wait_stable(place, "income-v101")
    assert pods_of(place, NAME).isdisjoint(before)
    eventually("it is asked", lambda: asked(place, arm_of(place, NAME)) > 0, 30)


def test_pinning_the_version_that_still_drains_restarts_nothing(place: Place, income_v1: str) -> None:
    running = {pod["metadata"]["uid"] for pod in place.kube.list("Pod", f"mooring.dev/version={income_v1}")}
    pin(place, income_v1)
    wait_stable(place, income_v1, seconds=10)
    assert pods_of(place, NAME) <= running


def test_the_replaced_version_goes_after_its_delay(place: Place, income_v1: str) -> None:
    eventually("one is left", lambda: arms(place) == [income_v1], 60)
    eventually(
        "status says so", lambda: "draining" not in (s := place.status("ModelDeployment", NAME)) or not s["draining"]
    )


@pytest.mark.parametrize(
    ("version", "reason", "deadline"),
    [("income-v102", "DigestMismatch", 15), ("income-v103", "StoreUnavailable", 40)],
)
def test_a_version_that_cannot_load_leaves_the_old_one_serving_and_says_why(
    place: Place, income_v1: str, version: str, reason: str, deadline: int
) -> None:
    arm = arm_of(place, NAME)
    rollout = {"progressDeadlineSeconds": deadline}  # merged: the strategy stays
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": version, "rollout": rollout}})
    eventually("it is withdrawn", lambda: withdrawn(place, version), 90)
    assert reason in withdrawn(place, version)
    stalled = place.wait("ModelDeployment", NAME, "Stalled")
    assert stalled["reason"] == "VersionWithdrawn"
    assert f"{version}/" in stalled["message"], "it says how to try again"
    assert (arm_of(place, NAME), place.status("ModelDeployment", NAME)["stable"]["version"]) == (arm, income_v1)


def test_a_version_that_does_not_exist_is_answered(place: Place, income_v1: str) -> None:
    pin(place, "income-v999")
    stalled = place.wait("ModelDeployment", NAME, "Stalled")
    assert (stalled["reason"], "income-v103" in stalled["message"]) == ("VersionNotFound", True)
    pin(place, income_v1)
    place.wait("ModelDeployment", NAME, "Ready")


def test_an_edited_template_rolls_out_like_a_version(place: Place, income_v1: str) -> None:
    before = pods_of(place, NAME)
    place.kube.merge("ModelDeployment", NAME, {"spec": {"server": {"builtin": {"maxBatchRows": 16}}}})
    eventually("new pods serve", lambda: pods_of(place, NAME).isdisjoint(before), 60)
    eventually("one is left", lambda: len(arms(place)) == 1, 60)


def test_no_request_failed_in_all_of_this(place: Place, income_v1: str) -> None:
    report = loading.stop(place)
    assert report["failed"] == 0, report
    assert set(report["versions"]) == {income_v1, "income-v101"}
    assert report["requests"] > 500


def test_a_deleted_deployment_leaves_nothing_behind(place: Place) -> None:
    place.kube.delete("ModelDeployment", NAME)
    kinds = ("Deployment", "Service", "ControllerRevision", "Pod")
    selector = f"mooring.dev/owner={NAME}"
    eventually("all children are gone", lambda: not any(place.kube.list(kind, selector) for kind in kinds), 90)
    eventually("its version is free", lambda: not _names(place.status("ModelVersion", "income-v101")), 30)
    place.kube.apply(place.serving(NAME, "income", version="income-v101"))


def copy_of(place: Place, version: str, number: int, changes: dict[str, Any]) -> dict[str, Any]:
    """Return another record of the same artifact, changed."""
    found = place.kube.get("ModelVersion", version)
    assert found is not None
    spec = found["spec"] | {"number": number, "artifact": found["spec"]["artifact"] | changes}
    return {"kind": "ModelVersion", "metadata": {"name": f"income-v{number}"}, "spec": spec}


def pin(place: Place, version: str) -> None:
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": version}})


def wait_stable(place: Place, version: str, seconds: float = 90) -> None:
    stable = lambda: place.status("ModelDeployment", NAME)["stable"]["version"] == version  # noqa: E731
    eventually(f"{version} serves", stable, seconds)


def asked(place: Place, arm: str) -> float:
    """Return how many requests the pods of an arm have answered, by their own metrics."""
    total = 0.0
    for pod in place.kube.list("Pod", f"mooring.dev/arm={arm}"):
        path = f"/api/v1/namespaces/{place.namespace}/pods/{pod['metadata']['name']}:{ADMIN_PORT}/proxy/metrics"
        lines = place.kubectl("get", "--raw", path).splitlines()
        total += sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("mooring_requests_total"))
    return total


def arms(place: Place) -> list[str]:
    """Return the versions that run."""
    found = place.kube.list("Deployment", f"mooring.dev/owner={NAME}")
    return sorted(item["metadata"]["labels"]["mooring.dev/version"] for item in found)


def withdrawn(place: Place, version: str) -> str:
    """Return why a version was withdrawn, empty where it was not."""
    entries = place.status("ModelDeployment", NAME).get("withdrawn", [])
    return next((entry["reason"] for entry in entries if entry["version"] == version), "")


def _names(status: dict[str, Any]) -> list[str]:
    return [user["name"] for user in status.get("deployments", []) if user["name"] == NAME]
