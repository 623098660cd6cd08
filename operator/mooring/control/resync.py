"""Look at everything again now and then, in case an event was lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection

from mooring.control import fill
from mooring.control.cache import identity
from mooring.control.client import Client
from mooring.control.errors import ApiError
from mooring.control.feed import Feed
from mooring.control.kinds import WATCHED
from mooring.control.metrics import Metrics
from mooring.reconcile.plan import RESOURCES, Key

logger = logging.getLogger(__name__)

RELIST_AUDIT_SECONDS = 5.0
"""A watch that had to list anew is audited this much later, when the whole list has arrived."""


class Resync:
    """Audits the cache and enqueues every resource, spread over time."""

    def __init__(
        self,
        client: Client,
        feed: Feed,
        metrics: Metrics,
        namespaces: Collection[str],
        enqueue_after: Callable[[Key, float], None],
    ) -> None:
        self._client = client
        self._feed = feed
        self._metrics = metrics
        self._namespaces = namespaces
        self._enqueue_after = enqueue_after
        self._relisted: set[str] = set()
        self._wake = asyncio.Event()

    def relisted(self, kind: str) -> None:
        """Take note that a kind was listed anew: what vanished before is known only by comparing."""
        if self._feed.is_open and kind not in self._relisted:
            self._relisted.add(kind)
            self._wake.set()

    async def run(self, every_seconds: float) -> None:
        """Resync for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time() + every_seconds * random.uniform(0.9, 1.1)  # noqa: S311  # spreads load
        while True:
            try:
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
                await asyncio.sleep(RELIST_AUDIT_SECONDS)
                self._wake.clear()
                kinds, self._relisted = self._relisted, set()
                await self._audit(kinds)
            except TimeoutError:
                due = loop.time() + every_seconds * random.uniform(0.9, 1.1)  # noqa: S311  # spreads load
                await self._audit(WATCHED)
                await self.poll()
                self._enqueue_all(spread=every_seconds / 10)

    async def poll(self) -> None:
        """Look for what is not watched."""
        try:
            await fill.poll(self._client, self._feed, self._namespaces)
        except ApiError as error:
            logger.warning("kinds that are not watched could not be listed", extra={"why": str(error)})

    async def _audit(self, kinds: Collection[str]) -> None:
        try:
            await fill.audit(self._client, self._feed, self._metrics, kinds, self._namespaces)
        except ApiError as error:
            logger.warning("the cache could not be audited", extra={"why": str(error)})

    def _enqueue_all(self, spread: float) -> None:
        for kind in RESOURCES:
            for obj in self._feed.cache.every(kind):
                delay = random.uniform(0, spread)  # noqa: S311  # spreads load
                self._enqueue_after(Key(*identity(kind, obj)), delay)
