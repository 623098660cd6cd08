"""Versions take over by steps through real proxies, under the eyes of clients that never retry. No request fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import loading
from tests.e2e.place import Place
from tests.e2e.test_replacement import copy_of
from tests.support.kube import eventually

NAME = "steps"
MODEL = "income"
NEXT = "income-v111"
STEPS = [{"name": "some", "weight": 20, "maxSeconds": 3600}, {"name": "sign-off", "pause": "Manual"}]


@pytest.fixture(scope="module", autouse=True)
def under_load(place: Place, income_v1: str) -> Iterator[None]:
    """income-v1 serves through proxies, and clients ask from the first test of this file to its last."""
    place.kube.create(copy_of(place, income_v1, 111, {}))
    rollout = {"strategy": "Canary", "steps": STEPS, "scaleDownDelaySeconds": 5, "watchSecondsAfterPromotion": 600}
    place.kube.apply(place.serving(NAME, MODEL, version=income_v1, rollout=rollout))
    place.wait("ModelDeployment", NAME, "Ready")
    leads = lambda: (place.kube.get("Service", NAME) or {})["spec"]["selector"] == {"mooring.dev/arm": f"{NAME}-envoy"}  # noqa: E731
    eventually("proxies lead", leads, 60)
    loading.start(place, NAME)
    yield
    place.kube.delete("ModelDeployment", NAME)


def test_a_canary_answers_its_share_and_goes_on_when_a_person_says_so(place: Place, income_v1: str) -> None:
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": NEXT}})
    at(place, "Analysing", "some")
    assert place.status("ModelDeployment", NAME)["traffic"]["applied"] == 20
    assert place.rollout("status", NAME).startswith(f"{NAME}: Analysing at step some, 20%\n")
    place.rollout("promote", NAME)
    at(place, "Paused", "sign-off")
    place.rollout("promote", NAME)
    stable(place, NEXT)


def test_a_rollback_restarts_nothing(place: Place, income_v1: str) -> None:
    before = pods(place)
    place.rollout("rollback", NAME)
    stable(place, income_v1)
    assert pods(place) <= before
    condition = place.condition("ModelDeployment", NAME, "RolledBack")
    assert (condition["status"], condition["reason"]) == ("True", "RolledBack")


def test_an_aborted_canary_goes_and_stays_away(place: Place, income_v1: str) -> None:
    place.rollout("retry", NAME)
    at(place, "Analysing", "some")
    place.rollout("abort", NAME)
    last = place.rollout("status --watch", NAME, code=1).rpartition("\n\n")[2]
    assert f"{NEXT} was withdrawn" in last
    ended = [line.split()[4] for line in place.rollout("history", NAME).splitlines()[1:4]]
    assert ended == ["Aborted", "RolledBack", "Promoted"]
    eventually("its pods go", lambda: versions(place) == {income_v1}, 60)


def test_no_request_failed_in_all_of_this(place: Place, income_v1: str) -> None:
    report = loading.stop(place)
    assert report["failed"] == 0, report
    assert set(report["versions"]) == {income_v1, NEXT}


def phase(place: Place) -> tuple[str, str | None]:
    progress: dict[str, Any] = place.status("ModelDeployment", NAME).get("rollout", {})
    return progress.get("phase", ""), progress.get("step")


def at(place: Place, wanted: str, step: str) -> None:
    eventually(f"{wanted} at {step}", lambda: phase(place) == (wanted, step), 90)


def stable(place: Place, version: str) -> None:
    serves = lambda: place.status("ModelDeployment", NAME)["stable"]["version"] == version  # noqa: E731
    eventually(f"{version} serves", serves, 60)


def pods(place: Place) -> set[str]:
    """Return the uids of the pods of both versions."""
    found = place.kube.list("Pod", f"mooring.dev/owner={NAME},mooring.dev/version")
    return {pod["metadata"]["uid"] for pod in found if "deletionTimestamp" not in pod["metadata"]}


def versions(place: Place) -> set[str]:
    found = place.kube.list("Deployment", f"mooring.dev/owner={NAME},mooring.dev/version")
    return {item["metadata"]["labels"]["mooring.dev/version"] for item in found}
