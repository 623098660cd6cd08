"""Tells people about transitions, through events.k8s.io.

Events are a courtesy: they are lost rather than allowed to hold up or fail a reconcile.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from mooring.control.client import Client
from mooring.control.errors import ApiError
from mooring.control.metrics import Metrics
from mooring.reconcile.plan import API_VERSIONS, Event, Key, Object

logger = logging.getLogger(__name__)

QUIET_SECONDS = 300.0
MAX_NOTE = 1000
"""The API refuses notes of more than 1 kB."""

_Said = tuple[str, str, str]


class EventTeller:
    """Says the same thing about the same object at most once in a few minutes."""

    def __init__(
        self, client: Client, metrics: Metrics, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._metrics = metrics
        self._instance = instance
        self._clock = clock
        self._said: OrderedDict[_Said, float] = OrderedDict()

    async def tell(self, key: Key, regarding: Object, event: Event) -> None:
        """Tell people, unless this was said a moment ago. Never fails."""
        if not self._is_news((str(regarding["metadata"].get("uid", "")), event.reason, event.message)):
            return
        logger.info(event.message, extra={"key": key, "reason": event.reason})
        try:
            await self._client.create(self._manifest(key, regarding, event))
        except ApiError as error:
            self._metrics.events.labels(event.reason, "lost").inc()
            logger.warning("an event was lost", extra={"key": key, "reason": event.reason, "why": str(error)})
        else:
            self._metrics.events.labels(event.reason, "told").inc()

    def _is_news(self, said: _Said) -> bool:
        now = self._clock()
        while self._said and next(iter(self._said.values())) <= now - QUIET_SECONDS:
            self._said.popitem(last=False)
        if said in self._said:
            return False
        self._said[said] = now
        return True

    def _manifest(self, key: Key, regarding: Object, event: Event) -> Object:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{key.name}.{uuid.uuid4().hex[:16]}", "namespace": key.namespace},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": "mooring.dev/operator",
            "reportingInstance": self._instance[:128],
            "action": "Reconcile",
            "type": event.type,
            "reason": event.reason,
            "note": event.message[:MAX_NOTE],
            "regarding": {
                "apiVersion": API_VERSIONS[key.kind],
                "kind": key.kind,
                "namespace": key.namespace,
                "name": key.name,
                "uid": regarding["metadata"].get("uid", ""),
            },
        }
