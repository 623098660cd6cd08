"""Crash-safe: killed after any single write, the operator finishes the work without doubling it.

Runs the same parts as the process does, in this process and without watches, so that the death can be placed exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mooring.api.config import OperatorConfig
from mooring.control import login
from mooring.control.cache import ObjectCache
from mooring.control.client import Client
from mooring.control.events import EventTeller
from mooring.control.feed import Feed
from mooring.control.kinds import WATCHED, path
from mooring.control.metrics import Metrics
from mooring.control.reconciler import Reconciler
from mooring.control.writer import Writer
from mooring.reconcile.plan import API_VERSIONS, Key
from tests.operator.berths import berth
from tests.support.berth import VERSIONS, BerthPlanner
from tests.support.kube import Kube

WRITES = 7
"""Of a berth from nothing: four children, a patch, and a status before and after; Events do not count."""


class Killed(BaseException):
    """The process is gone."""


class MortalClient(Client):
    """Dies right after its nth write, whose answer nobody hears."""

    lives = 1_000_000
    writes = 0

    async def send(self, method: str, where: str, body: Mapping[str, Any] | None = None, **how: Any) -> Any:
        answer = await super().send(method, where, body, **how)
        if method != "GET" and not where.endswith("/events"):
            self.writes += 1
            if self.writes == self.lives:
                raise Killed
        return answer


async def live(kube: Kube, name: str, lives: int = 1_000_000) -> int:
    """Live a process's life until it has nothing to do, or dies; return how many writes it made."""
    client = MortalClient(await login.load(kube.kubeconfig))
    client.lives = lives
    try:
        await _settle(client, Key("TrainingJob", kube.namespace, name))
    except Killed:
        pass
    finally:
        await client.close()
    return client.writes


async def _settle(client: MortalClient, key: Key) -> None:
    cache, metrics = ObjectCache(), Metrics()
    feed = Feed(cache, lambda key: None)
    config = OperatorConfig(runtime_image="none")
    teller = EventTeller(client, metrics, "test")
    reconciler = Reconciler((BerthPlanner(),), cache, config, Writer(client, feed, metrics), teller, metrics)
    for _ in range(20):
        for kind in WATCHED:
            for obj in (await client.send("GET", path(kind, key.namespace)))["items"] or ():
                feed.seen(kind, obj)
        before = client.writes
        await reconciler.reconcile(key)
        if client.writes == before:
            return
    raise AssertionError("it never settles")


def state(kube: Kube, name: str) -> dict[tuple[str, str], object]:
    """Return what was made, without what differs between two of the same: uids, times, addresses."""
    children = {key: _told(obj) for key, obj in kube.children().items() if key[1].startswith(name)}
    conditions = (kube.get("TrainingJob", name) or {})["status"]["conditions"]
    return {(kind, child[len(name) :]): obj for (kind, child), obj in children.items()} | {
        ("TrainingJob", ""): [(item["type"], item["status"], item["reason"]) for item in conditions]
    }


def _told(obj: dict[str, Any]) -> object:
    containers = obj.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    annotations = obj["metadata"].get("annotations", {})
    return containers, obj.get("data"), annotations.get("berth/patched"), obj.get("spec", {}).get("replicas")


@pytest.fixture(autouse=True)
def _berths_are_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, version in VERSIONS.items():
        monkeypatch.setitem(API_VERSIONS, kind, version)


@pytest.mark.parametrize("nth", range(1, WRITES + 1))
async def test_killed_after_any_write_it_finishes_without_doubling(kube: Kube, nth: int) -> None:
    for name in ("whole", "killed"):
        kube.create(berth(name))
    assert await live(kube, "whole") == WRITES
    died_after = await live(kube, "killed", lives=nth)
    finished_with = await live(kube, "killed")
    assert died_after == nth
    assert died_after + finished_with <= WRITES  # it may find the first status out of date already
    assert state(kube, "killed") == state(kube, "whole")
