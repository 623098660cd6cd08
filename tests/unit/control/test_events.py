"""Events are told once, and never hold anything up."""

from __future__ import annotations

from typing import Any

from mooring.control.errors import UnavailableError
from mooring.control.events import QUIET_SECONDS, EventTeller
from mooring.control.metrics import Metrics
from mooring.reconcile.plan import Event, Key
from tests.unit.control.objects import seen

KEY = Key("TrainingJob", "space", "income")
STARTED = Event("Normal", "Started", "run 1 has started")


class Server:
    def __init__(self) -> None:
        self.told: list[Any] = []
        self.away = False

    async def create(self, manifest: Any) -> Any:
        if self.away:
            raise UnavailableError(503, "ServiceUnavailable", "away")
        self.told.append(manifest)
        return manifest


class Scene:
    def __init__(self) -> None:
        self.server, self.now = Server(), 0.0
        self.income = seen("income")
        teller_server: Any = self.server
        self.teller = EventTeller(teller_server, Metrics(), "test", clock=lambda: self.now)

    async def tell(self, event: Event) -> None:
        await self.teller.tell(KEY, self.income, event)


async def test_the_same_is_told_again_only_after_a_while() -> None:
    scene = Scene()
    await scene.tell(STARTED)
    await scene.tell(STARTED)
    assert len(scene.server.told) == 1
    scene.now = QUIET_SECONDS + 1
    await scene.tell(STARTED)
    assert len(scene.server.told) == 2


async def test_another_message_is_another_event() -> None:
    scene = Scene()
    await scene.tell(STARTED)
    await scene.tell(Event("Normal", "Started", "run 2 has started"))
    assert len(scene.server.told) == 2


async def test_an_event_that_cannot_be_written_fails_nothing() -> None:
    scene = Scene()
    scene.server.away = True
    await scene.tell(STARTED)


async def test_a_long_message_is_cut_to_what_the_api_takes() -> None:
    scene = Scene()
    await scene.tell(Event("Warning", "Failed", "x" * 5000))
    assert len(scene.server.told[0]["note"]) <= 1024
