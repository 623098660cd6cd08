"""A rollout of the operator's through a real Gateway: it drives an HTTPRoute and nothing else, and no request fails."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.e2e.asking import person
from tests.e2e.conftest import income_v1, operator, operator_config, place, rights
from tests.e2e.place import Place
from tests.e2e.test_replacement import copy_of
from tests.gateway.conftest import HOST, SECONDS, VERSIONS, address_of
from tests.support.kube import Kube, eventually

__all__ = ["income_v1", "operator", "operator_config", "place", "rights"]

NAME, NEXT = "routed", "income-v301"
STEPS = [{"name": "third", "weight": 33, "maxSeconds": 3600}]


class Callers:
    """Ask through the Gateway over kept connections until told to stop; nothing is asked again."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stop = threading.Event()
        self.answers: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        connection = HTTPConnection(self._address, 80, timeout=10)
        body = json.dumps(person())
        while not self._stop.wait(0.01):
            try:
                connection.request("POST", "/v2/models/income/infer", body, {"host": HOST})
                answer = connection.getresponse()
                said = answer.read()
                found = json.loads(said)["model_version"] if answer.status == 200 else f"{answer.status} {said[:80]!r}"
            except OSError as error:
                found = repr(error)
                connection.close()
            self.answers[found] += 1

    def stop(self) -> Counter[str]:
        self._stop.set()
        for thread in self._threads:
            thread.join(15)
        return self.answers


@pytest.fixture(scope="module")
def routed(controller: Kube, place: Place, income_v1: str) -> Iterator[Callers]:
    """income-v1 serves behind a Gateway, and callers ask."""
    kube = Kube(controller.kubeconfig, place.namespace, VERSIONS)
    listener = {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}}
    spec = {"gatewayClassName": "envoy", "listeners": [listener]}
    kube.apply({"kind": "Gateway", "metadata": {"name": "public"}, "spec": spec})
    place.kube.create(copy_of(place, income_v1, 301, {}))
    rollout = {"strategy": "Canary", "steps": STEPS, "scaleDownDelaySeconds": 5, "watchSecondsAfterPromotion": 0}
    gateway = {"name": "public", "sectionName": "http", "hostname": HOST}
    place.kube.apply(place.serving(NAME, "income", version=income_v1, rollout=rollout, traffic={"gateway": gateway}))
    place.wait("ModelDeployment", NAME, "Ready")
    address = eventually("the Gateway has an address", lambda: address_of(kube), SECONDS)
    eventually("the Gateway leads to the model", lambda: _status(address) == 200, SECONDS)
    callers = Callers(address)
    yield callers
    callers.stop()
    place.kube.delete("ModelDeployment", NAME)


def test_its_share_is_what_was_asked_for_and_it_is_promoted_without_a_failed_request(
    routed: Callers, place: Place, income_v1: str
) -> None:
    place.kube.merge("ModelDeployment", NAME, {"spec": {"version": NEXT}})

    eventually("it is judged", lambda: _rollout(place) == ("Analysing", "third"), 90)
    before = Counter(routed.answers)
    eventually("enough is counted", lambda: sum((routed.answers - before).values()) > 900, 120)
    counted = routed.answers - before
    assert 100 * counted[NEXT] / sum(counted.values()) == pytest.approx(33, abs=6)
    traffic = place.status("ModelDeployment", NAME)["traffic"]
    assert (traffic["provider"], traffic["applied"]) == ("Gateway", 33)
    value = {"metadata": {"annotations": {"mooring.dev/promote": f"{NEXT}/third"}}}
    place.kube.merge("ModelDeployment", NAME, value)
    stable = lambda: place.status("ModelDeployment", NAME)["stable"]["version"] == NEXT  # noqa: E731
    eventually("it serves", stable, 60)
    eventually("the old one is gone", lambda: not place.status("ModelDeployment", NAME).get("draining"), 60)
    assert set(routed.stop()) == {income_v1, NEXT}


def _rollout(place: Place) -> tuple[str, str | None]:
    progress = place.status("ModelDeployment", NAME).get("rollout") or {}
    return progress.get("phase", ""), progress.get("step")


def _status(address: str) -> int:
    connection = HTTPConnection(address, 80, timeout=10)
    try:
        connection.request("GET", "/v2/health/ready", headers={"host": HOST})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
