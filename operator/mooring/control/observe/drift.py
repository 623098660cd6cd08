"""Watches what serves for every DriftPolicy: reads the ledgers of its pods, tests them, brings evidence to plans.

What is known is kept in a ConfigMap of the policy, together with what was taken of which pod: whoever leads next goes
on exactly there, and reads again from the pods what was not written. Alarms, windows and settled truths are written
before any plan hears of them, so that no plan acts on what a restart would forget.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from zlib import crc32

from mooring.api.driftpolicy import DriftPolicy, DriftPolicySpec
from mooring.control.cache import ObjectCache
from mooring.control.driftmetrics import DriftMetrics
from mooring.control.errors import ApiError, LeaseLostError, NameTakenError, NotYetError
from mooring.control.observe.driftround import Scene, pods_of, pressing, read_round, scene_of, turned
from mooring.control.observe.driftstore import DriftStore
from mooring.control.observe.pods import PodReader
from mooring.control.writer import Writer
from mooring.ledger.interval import INTERVAL_SECONDS
from mooring.ledger.slots import PATIENCE_SECONDS
from mooring.reconcile.drift.close import Turned
from mooring.reconcile.drift.kept import KIND, kept
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.watch import Watched, go_on
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.plan import Key, Object

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""How soon a pod that is about to end is asked for its last word: it waits for that twelve seconds."""
SEALED_SECONDS = 0.7
"""After the end of an interval pods have sealed it."""
SLOWEST_SECONDS, FASTEST_SECONDS = 60, 5
ROUNDS_A_WINDOW = 60
PATIENT_ROUNDS = 5
"""For so long a slot waits for a pod that does not answer: pods remember, and a window is much longer."""


@dataclass
class Known:
    """What is known for one policy between two looks."""

    since: float
    """When this process began to look."""
    store: DriftStore
    watched: Watched
    fitted: Fitted | None = None
    met: set[str] = field(default_factory=set)
    """Pods that this process has asked."""
    troubles: tuple[str, ...] = ()
    """Of the last whole round."""


class DriftObserver:
    """Looks for every DriftPolicy that is not suspended."""

    def __init__(
        self,
        cache: ObjectCache,
        writer: Writer,
        wake: Callable[[Key], None],
        metrics: DriftMetrics,
        clock: Callable[[], float] = time.time,
        reader: PodReader | None = None,
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._wake = wake
        self._metrics = metrics
        self._clock = clock
        self._reader = reader or PodReader()
        self._known: dict[Key, Known] = {}
        self._next: dict[Key, float] = {}
        """When each is to be looked for again."""
        self._looking: set[Key] = set()

    async def run(self) -> None:
        """Look for ever."""
        try:
            async with asyncio.TaskGroup() as looks:
                while True:
                    for key in self._due():
                        self._looking.add(key)
                        looks.create_task(self._guarded(key), name=f"look for {key.name}")
                    await asyncio.sleep(TICK_SECONDS)
        finally:
            await self._reader.close()

    async def look_once(self, key: Key) -> None:
        """Look for one policy now."""
        live = self._cache.get(KIND, key.namespace, key.name)
        policy = DriftPolicy.model_validate(live) if live is not None else None
        if policy is None or policy.spec.suspend:
            await self._leave(key, policy)
        else:
            await self._look(key, policy)

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.close()

    def _due(self) -> list[Key]:
        """Return those to look for; one that is still being looked for is left alone, and keeps nobody waiting."""
        now = self._clock()
        active = {_key(item) for item in self._cache.every(KIND) if not item["spec"].get("suspend")}
        keys = {*active, *self._next} - self._looking
        return [key for key in keys if key not in active or self._is_due(key, now)]

    def _is_due(self, key: Key, now: float) -> bool:
        planned = self._next.get(key, 0.0)
        if now >= planned or planned > now + 2 * SLOWEST_SECONDS:  # or the clock went back
            self._next[key] = min(planned, now)
            return True
        live, known = self._cache.get(KIND, key.namespace, key.name), self._known.get(key)
        if live is None or known is None:
            return False
        pods = pods_of(self._cache, key.namespace, live["spec"]["deployment"])
        return bool(pressing(pods, known.watched, known.met))

    async def _guarded(self, key: Key) -> None:
        """Look for one; what goes wrong there must not blind the others."""
        try:
            await self.look_once(key)
        except LeaseLostError:
            return
        except (ApiError, NameTakenError, NotYetError) as error:
            self._metrics.errors.inc()
            self._next[key] = self._clock() + FASTEST_SECONDS
            before = self._cache.drift(key) or DriftSeen(int(self._clock() * 1000), "")
            trouble = f"what is known of drift cannot be written, and is not acted on until it can ({error})"
            self._bring(key, replace(before, trouble=trouble))
            logger.warning("what is known of drift could not be written", extra={"key": key, "why": str(error)})
        except Exception:
            self._metrics.errors.inc()
            logger.exception("a look for drift failed in a way nobody foresaw", extra={"key": key})
        finally:
            self._looking.discard(key)

    async def _leave(self, key: Key, policy: DriftPolicy | None) -> None:
        """Stop looking for a policy that is gone or suspended; of one that is not gone, what is known is kept."""
        known = self._known.pop(key, None)
        self._next.pop(key, None)
        self._bring(key, None)
        if policy is not None and known is not None:
            await known.store.write(known.watched)

    async def _look(self, key: Key, policy: DriftPolicy) -> None:
        now = self._clock()
        scene = scene_of(self._cache, key.namespace, policy.spec)
        whole = now >= self._next.get(key, 0.0)
        if whole:
            self._next[key] = _next(key, now, every(policy.spec))
        if scene.pods is None:
            return self._bring(key, self._blind(key, policy, scene, now))
        known = self._known_of(key, policy, scene, now)
        only = None if whole else pressing(scene.pods.values(), known.watched, known.met)
        found = await read_round(
            known.watched, scene.pods, policy.spec.deployment, self._reader, who=f"drift/{key.name}", now=now, only=only
        )
        known.met = known.met & set(scene.pods) | set(scene.pods if only is None else only)
        if whole:
            known.troubles = found.troubles
        tested = await self._tested(known, found.watched, policy, now)
        known.watched = tested.watched
        known.store.add(tested, last_words=found.last_words)
        troubles = [*known.troubles, *await known.store.settle(known.watched, now)]
        self._bring(key, seen_of(known.watched, now, troubles))

    def _known_of(self, key: Key, policy: DriftPolicy, scene: Scene, now: float) -> Known:
        """Return what is known of the version that serves: what this process knows, or what was kept."""
        asked = Asked.of(policy.spec)
        known = self._known.get(key)
        if known is None or known.store.owner.uid != policy.metadata.uid:
            store = DriftStore(self._cache, self._writer, key, policy.metadata)
            known = Known(now, store, go_on(store.read(), scene.version, asked, now))
            self._known[key] = known
        watched = go_on(known.watched, scene.version, asked, now)
        # Alarms that were decided on have their numbers, whatever became of the state.
        known.watched = replace(watched, alarmed=max(watched.alarmed, policy.status.alarm or 0))
        return known

    async def _tested(self, known: Known, watched: Watched, policy: DriftPolicy, now: float) -> Turned:
        """Return the watch with everything tested that is complete. Who comes back has a while to hear all pods."""
        fitted = watched.fitted
        if fitted is None:
            return Turned(watched)
        if fitted != known.fitted:
            known.fitted = fitted  # its tests are made once
        patience = max(PATIENCE_SECONDS, PATIENT_ROUNDS * every(policy.spec))
        return await turned(watched, known.fitted, now, patience if now - known.since > patience else inf)

    def _blind(self, key: Key, policy: DriftPolicy, scene: Scene, now: float) -> DriftSeen:
        """Return what is known though nothing can be read."""
        known = self._known.get(key)
        watched = known.watched if known is not None else kept(self._cache, policy.metadata)
        if watched is None:
            return DriftSeen(int(now * 1000), "", trouble=scene.trouble)
        return seen_of(watched, now, [scene.trouble or ""])

    def _auc(self, key: Key, seen: DriftSeen | None) -> float | None:
        """Return how well rows of the version that is watched were told apart, which the policy's status remembers."""
        live = self._cache.get(KIND, key.namespace, key.name)
        known = DriftPolicy.model_validate(live).status.classifier if live is not None else None
        if known is None or known.auc is None or seen is None or known.version != seen.version:
            return None
        return float(known.auc)

    def _bring(self, key: Key, seen: DriftSeen | None) -> None:
        before = self._cache.drift(key)
        self._cache.bring_drift(key, seen)
        self._metrics.show(key, seen, self._auc(key, seen))
        if seen is not None and (before is None or replace(before, at=seen.at) != seen):
            self._wake(key)


def every(spec: DriftPolicySpec) -> int:
    """Return how many seconds lie between two rounds: many to a window."""
    seconds = min(SLOWEST_SECONDS, max(INTERVAL_SECONDS, spec.window.min_seconds // ROUNDS_A_WINDOW))
    return seconds // INTERVAL_SECONDS * INTERVAL_SECONDS


def _next(key: Key, now: float, seconds: int) -> float:
    """Return when the next round begins: each policy in a turn of its own, soon after pods have sealed."""
    turns = seconds // INTERVAL_SECONDS
    turn_of = crc32(f"{key.namespace}/{key.name}".encode()) % turns
    slot = int(now - SEALED_SECONDS) // INTERVAL_SECONDS
    return float((slot + 1 + (turn_of - slot - 1) % turns) * INTERVAL_SECONDS) + SEALED_SECONDS


def _key(live: Object) -> Key:
    return Key(KIND, live["metadata"]["namespace"], live["metadata"]["name"])
