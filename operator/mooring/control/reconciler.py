"""One look at one resource: plan from what is seen, carry the plan out, say how it went."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from mooring.api.config import OperatorConfig
from mooring.control.cache import ObjectCache
from mooring.control.errors import ApiError, LeaseLostError, NameTakenError, NotYetError, RefusedError
from mooring.control.events import EventTeller
from mooring.control.metrics import Metrics
from mooring.control.queue import Outcome
from mooring.control.writer import Writer
from mooring.reconcile.plan import Event, Key, Object, Plan, Planner

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 120.0
"""One reconcile is a few requests; the liveness probe counts on it to end."""
CONFLICT_SECONDS = 60.0
LEFTOVER_SECONDS = 2.0


def utc_now() -> datetime:
    """Return the time that plans are given."""
    return datetime.now(UTC)


class Reconciler:
    """Works on keys; everything that plans know comes from the cache, the configuration and the clock."""

    def __init__(
        self,
        planners: Iterable[Planner],
        cache: ObjectCache,
        config: OperatorConfig,
        writer: Writer,
        teller: EventTeller,
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._planners = {planner.kind: planner for planner in planners}
        self._cache = cache
        self._config = config
        self._writer = writer
        self._teller = teller
        self._metrics = metrics
        self._clock = clock

    async def reconcile(self, key: Key) -> Outcome:
        """Look at a resource once. Every foreseen failure is an outcome; what is raised is a bug."""
        with self._metrics.seconds.labels(key.kind).time():
            result, outcome = await self._look(key)
        self._metrics.reconciles.labels(key.kind, result).inc()
        return outcome

    async def _look(self, key: Key) -> tuple[str, Outcome]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return "done", await self._carry_out(key)
        except NameTakenError as error:
            return "conflict", await self._say_taken(key, error.taken)
        except NotYetError as error:
            logger.info("waiting", extra={"key": key, "why": str(error)})
            return "waiting", Outcome(again_in=LEFTOVER_SECONDS)
        except RefusedError as error:
            await self._say_refused(key, error)
            return "refused", Outcome(retry=True)
        except LeaseLostError:
            return "unled", Outcome()  # the election ends the process; the next leader looks at everything
        except (ApiError, TimeoutError) as error:
            logger.warning("will try again", extra={"key": key, "why": str(error) or "took too long"})
            self._metrics.errors.labels(key.kind, type(error).__name__).inc()
            return "unavailable", Outcome(retry=True)
        except Exception:
            self._metrics.reconciles.labels(key.kind, "bug").inc()
            raise

    async def _carry_out(self, key: Key) -> Outcome:
        planner, live = self._planners.get(key.kind), self._cache.get(key.kind, key.namespace, key.name)
        plan = planner.plan(key, self._cache, self._config, self._clock()) if planner else None
        if plan is None or live is None:
            return Outcome()
        for write in plan.writes:
            await self._writer.write(write, key)
        await self._conclude(key, live, plan)
        return Outcome(again_in=plan.requeue_after)

    async def _conclude(self, key: Key, live: Object, plan: Plan) -> None:
        if plan.status is not None:
            await self._writer.status(key, live, plan.status)
        for event in plan.events:
            await self._teller.tell(key, live, event)

    async def _say_taken(self, key: Key, taken: str) -> Outcome:
        """Put into the status that a stranger has a name we need; nothing of the stranger's is touched."""
        live = self._cache.get(key.kind, key.namespace, key.name)
        status = self._planners[key.kind].conflict(key, self._cache, taken, self._clock())
        if live is None or status is None:
            return Outcome(again_in=CONFLICT_SECONDS)
        try:
            await self._writer.status(key, live, status)
        except ApiError as error:
            logger.warning("will try again", extra={"key": key, "why": str(error)})
            return Outcome(retry=True)
        message = f"{taken} exists and was not made by Mooring: delete or rename it, or rename this {key.kind}"
        await self._teller.tell(key, live, Event("Warning", "NameConflict", message))
        return Outcome(again_in=CONFLICT_SECONDS)

    async def _say_refused(self, key: Key, error: RefusedError) -> None:
        self._metrics.errors.labels(key.kind, "RefusedError").inc()
        logger.error("the API server refuses", extra={"key": key, "why": str(error), "status": error.status})
        live = self._cache.get(key.kind, key.namespace, key.name)
        if live is not None and "NamespaceTerminating" not in str(error) and "being terminated" not in str(error):
            await self._teller.tell(key, live, Event("Warning", "WriteRefused", str(error)))
