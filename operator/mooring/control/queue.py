"""The work queue: keys in, one worker per key at a time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mooring.control.schedule import Schedule
from mooring.reconcile.plan import Key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How work on a key went: `retry` asks for backoff, `again_in` for another look after so many seconds."""

    retry: bool = False
    again_in: float | None = None


Work = Callable[[Key], Awaitable[Outcome]]


class WorkQueue:
    """Runs `work` for every key that is added; failures of `work` itself are retried like any other."""

    def __init__(self, work: Work, *, workers: int) -> None:
        self._work = work
        self._schedule = Schedule(jitter=random.uniform)  # jitter, not cryptography
        self._wake = asyncio.Event()
        self._stopping = False
        self._workers = workers
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def depth(self) -> int:
        """How many keys wait for a worker."""
        return self._schedule.depth

    def add(self, key: Key) -> None:
        """Ask for a key to be worked on."""
        self._schedule.add(key)
        self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for a key to be worked on later; of several times the earliest wins."""
        self._schedule.add_at(key, _now() + seconds)
        self._wake.set()

    def start(self) -> None:
        """Start the workers."""
        self._tasks = [asyncio.create_task(self._worker(), name=f"worker {n}") for n in range(self._workers)]

    async def stop(self, patience: float) -> None:
        """Let every worker finish the key it has, up to `patience` seconds; then cancel."""
        self._stopping = True
        self._wake.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stuck(self, seconds: float) -> bool:
        """Return whether a worker has ended, or has been at one key for longer than `seconds`."""
        since = self._schedule.busy_since
        ended = any(task.done() for task in self._tasks) and not self._stopping
        return ended or (since is not None and _now() - since > seconds)

    async def _worker(self) -> None:
        while not self._stopping:
            key = self._schedule.take(_now())
            if key is None:
                await self._rest()
            else:
                await self._serve(key)

    async def _rest(self) -> None:
        """Wait until a key is added or becomes due."""
        self._wake.clear()
        due = self._schedule.next_due()
        try:
            async with asyncio.timeout_at(due):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _serve(self, key: Key) -> None:
        try:
            outcome = await self._work(key)
        except Exception:
            logger.exception("work on a key failed in a way nobody foresaw", extra={"key": key})
            outcome = Outcome(retry=True)
        if outcome.retry:
            self._schedule.failed(key, _now())
        else:
            self._schedule.done(key)
        if outcome.again_in is not None:
            self._schedule.add_at(key, _now() + outcome.again_in)
        self._wake.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
