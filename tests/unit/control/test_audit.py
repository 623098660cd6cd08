"""An audit finds what watches should have reported and did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mooring.control import fill
from mooring.control.cache import ObjectCache
from mooring.control.client import Listing
from mooring.control.feed import Feed
from mooring.control.metrics import Metrics
from mooring.reconcile.plan import Key
from tests.unit.control.objects import seen

A = Key("TrainingJob", "space", "a")


class Server:
    """Has these objects at this revision."""

    def __init__(self, revision: int, objects: Sequence[Any]) -> None:
        self.revision, self.objects = revision, {obj["metadata"]["name"]: obj for obj in objects}

    async def list_metadata(self, kind: str, namespace: str | None) -> Listing:
        return Listing(self.revision, tuple(self.objects.values()))

    async def find(self, kind: str, namespace: str, name: str) -> Any:
        return self.objects.get(name)


async def audit(server: Any, *held: Any) -> tuple[ObjectCache, list[Key]]:
    woken: list[Key] = []
    cache = ObjectCache()
    feed = Feed(cache, woken.append)
    for obj in held:
        feed.seen("TrainingJob", obj)
    feed.open()
    woken.clear()
    await fill.audit(server, feed, Metrics(), ("TrainingJob",), ())
    return cache, woken


async def test_what_agrees_is_left_alone() -> None:
    same = seen("a", 5, "u")
    cache, woken = await audit(Server(9, [same]), same)
    assert woken == []
    assert cache.count("TrainingJob") == 1


async def test_what_vanished_is_forgotten_and_looked_at() -> None:
    cache, woken = await audit(Server(9, []), seen("a", 5, "u"))
    assert woken == [A]
    assert cache.get("TrainingJob", "space", "a") is None


async def test_what_is_younger_than_the_list_stays() -> None:
    cache, woken = await audit(Server(9, []), seen("a", 10, "u"))
    assert woken == []
    assert cache.get("TrainingJob", "space", "a") is not None


async def test_what_was_missed_is_fetched() -> None:
    cache, woken = await audit(Server(9, [seen("a", 7, "u")]), seen("a", 5, "u"))
    assert woken == [A]
    held = cache.get("TrainingJob", "space", "a")
    assert held is not None
    assert held["metadata"]["resourceVersion"] == "7"
