"""The operator's parts, put together, and the order in which they start and stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, NoReturn

from mooring.api.config import OperatorConfig
from mooring.control import fill, login, reload, watches
from mooring.control.cache import ObjectCache
from mooring.control.client import Client
from mooring.control.errors import LeaseLostError
from mooring.control.events import EventTeller
from mooring.control.feed import Feed
from mooring.control.kinds import WATCHED
from mooring.control.lease import Durations, Election
from mooring.control.lease_api import LeaseObject, own_identity
from mooring.control.metrics import Metrics
from mooring.control.observe.drift import DriftObserver
from mooring.control.observe.observer import Observer
from mooring.control.probes import ProbeServer
from mooring.control.queue import WorkQueue
from mooring.control.reconciler import TIMEOUT_SECONDS, Reconciler
from mooring.control.resync import Resync
from mooring.control.settings import Settings
from mooring.control.writer import Writer
from mooring.reconcile.plan import Planner

logger = logging.getLogger(__name__)

Task = asyncio.Task[Any]

UNLED = 3
"""Exit status of a process that lost its lease."""

FINISH_SECONDS = 3.0
"""How long workers may finish what they have in hand when the process is asked to end."""


class Operator:
    """One process: it stands by until it leads, then fills the cache, then works until it is told to stop."""

    def __init__(self, settings: Settings, config: OperatorConfig, planners: Iterable[Planner], client: Client) -> None:
        self._settings = settings
        self._config = config
        self._client = client
        self._stop, self._served, self._end_watches = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._full = asyncio.Event()
        self._leading = not settings.lease
        identity = own_identity()
        self._metrics = Metrics()
        cache = ObjectCache()
        self._feed = Feed(cache, lambda key: self._queue.add(key))
        writer = Writer(client, self._feed, self._metrics)
        teller = EventTeller(client, self._metrics, identity)
        reconciler = Reconciler(planners, cache, config, writer, teller, self._metrics)
        self._queue = WorkQueue(reconciler.reconcile, workers=config.workers)
        self._observer = Observer(cache, client, writer, self._queue.add)
        self._drift = DriftObserver(cache, writer, self._queue.add, self._metrics.drift)
        self._resync = Resync(client, self._feed, self._metrics, config.namespaces, self._queue.add_after)
        lease = LeaseObject(client, settings.lease_namespace, settings.lease_name)
        self._election = Election(lease, identity, Durations.of(settings.lease_seconds))
        self._probes = ProbeServer(self._metrics, alive=self._ailments, ready=self._unreadiness)
        self._publish(cache)

    async def run(self) -> int:
        """Run until told to stop; return the exit status. A lost lease does not return: the process ends at once."""
        self._catch_signals()
        port = await self._probes.start(self._settings.host, self._settings.port)
        logger.info("probes and metrics are served", extra={"port": port})
        follow = self._task(self._follow_configuration, "configuration")
        try:
            if await self._lead():
                return await self._work()
            await self._election.release()  # it may have come in the moment that we were told to stop
            return 0
        finally:
            await _cancel(follow)
            await self._probes.stop()
            await self._client.close()

    async def _follow_configuration(self) -> None:
        if (path := self._settings.config) is not None:
            await reload.follow(path, self._config, self._metrics, self._stop.set)

    async def _lead(self) -> bool:
        """Wait for the lease; return False when told to stop before it came."""
        if self._settings.lease:
            election = self._task(self._election.acquire, "election")
            for task in await self._first_to_end(election):
                task.result()
            await _cancel(election)
            self._client.may_write = lambda: self._election.holds
            self._leading = self._election.holds
        return self._leading and not self._stop.is_set()

    async def _work(self) -> int:
        """Lead until told to stop or until a part fails, then hand over."""
        serve, watch = self._task(self._serve, "resync"), self._task(self._watch, "watches")
        observe = self._task(self._observe, "observer")
        lease = [self._task(self._election.keep, "lease")] if self._settings.lease else []
        failed = await self._first_to_end(serve, watch, observe, *lease)
        for task in failed:
            logger.error("a part of the operator ended", extra={"part": task.get_name()}, exc_info=task.exception())
            if isinstance(task.exception(), LeaseLostError):
                _end_at_once()
        await _cancel(observe)
        await self._hand_over(serve, watch, lease)
        return 1 if failed else 0

    async def _serve(self) -> None:
        """Fill the cache, start work once everything that exists has been seen, and audit from then on."""
        began = asyncio.get_running_loop().time()
        await fill.wait_until_served(self._client, self._config.namespaces)
        self._served.set()
        await fill.wait_until_full(self._client, self._feed.cache, self._config.namespaces)
        await self._resync.poll()
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        objects = sum(self._feed.cache.count(kind) for kind in WATCHED)
        logger.info("the cache is full", extra={"seconds": seconds, "objects": objects})
        self._queue.start()
        self._feed.open()
        self._full.set()
        await self._resync.run(self._config.resync_seconds)

    async def _observe(self) -> None:
        await self._full.wait()
        async with asyncio.TaskGroup() as observers:
            observers.create_task(self._observer.run(), name="rollouts")
            observers.create_task(self._drift.run(), name="drift")

    async def _watch(self) -> None:
        await self._served.wait()  # kopf asks only once which kinds there are
        handlers = watches.registry(
            self._feed, self._resync.relisted, lambda: login.for_kopf(self._client.configuration)
        )
        await watches.run(handlers, self._config.namespaces, self._end_watches, self._catch_signals)

    async def _hand_over(self, serve: Task, watch: Task, lease: list[Task]) -> None:
        """Stop writing, give the lease away, and only then end what takes time."""
        await self._queue.stop(FINISH_SECONDS)
        await _cancel(serve, *lease)
        await self._election.release()
        await self._probes.stop()
        self._end_watches.set()
        if self._served.is_set():
            await asyncio.wait([watch], timeout=FINISH_SECONDS)
        await _cancel(watch)

    async def _first_to_end(self, *tasks: Task) -> list[Task]:
        """Wait until a task ends or we are told to stop; return the tasks that ended."""
        stop = self._task(self._stop.wait, "stop")
        done, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
        await _cancel(stop)
        return [task for task in tasks if task in done]

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

    def _task(self, part: Callable[[], Coroutine[Any, Any, Any]], name: str) -> Task:
        return asyncio.create_task(part(), name=name)

    def _ailments(self) -> Iterator[str]:
        """Say why the process should be restarted."""
        if self._queue.stuck(2 * TIMEOUT_SECONDS):
            yield "a worker does not make progress"
        if self._feed.is_open and not self._stop.is_set():
            yield from (f"the watch on {kind} has ended" for kind in watches.ended(self._config.namespaces))

    def _unreadiness(self) -> Iterator[str]:
        """Say why the process is not ready. A standby is: it stands by."""
        if self._leading and not self._feed.is_open:
            yield "the cache is not full"

    def _publish(self, cache: ObjectCache) -> None:
        self._metrics.watch("queue_depth", "Keys that wait for a worker", lambda: self._queue.depth)
        self._metrics.watch("leader", "1 while this process may write", lambda: float(self._may_write()))
        self._metrics.watch_kinds("cache_objects", "Objects in the cache", WATCHED, cache.count)

    def _may_write(self) -> bool:
        return self._election.holds or not self._settings.lease


def _end_at_once() -> NoReturn:
    """End without finishing anything: whatever runs now may run against the next leader."""
    logging.shutdown()
    os._exit(UNLED)


async def _cancel(*tasks: Task) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
