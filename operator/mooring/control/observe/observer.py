"""Watches rollouts from outside the API: who is led where, what was counted, and what the judge makes of it.

Everything that it learns is brought to the cache and so to the next plan. What the judge knows is kept in a ConfigMap
of the ModelDeployment, together with what was taken of which pod: whoever leads next goes on exactly there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mooring.api.modeldeployment import ModelDeployment
from mooring.control.cache import ObjectCache
from mooring.control.client import Client
from mooring.control.errors import ApiError, LeaseLostError, NameTakenError, NotYetError
from mooring.control.observe.ledgers import read_round, serving_pods
from mooring.control.observe.pods import PodReader
from mooring.control.observe.proxies import Look, TrafficReader, grown
from mooring.control.writer import Writer
from mooring.ledger.interval import INTERVAL_SECONDS
from mooring.reconcile.judging.ahead import foretell
from mooring.reconcile.judging.kept import discard, keep, kept
from mooring.reconcile.judging.subject import PROVIDERS, asked_share, subject_of
from mooring.reconcile.judging.watch import (
    SHADOWED,
    Subject,
    Watch,
    begin,
    counted_by_proxies,
    decision,
    goes_on,
    judge,
    observed,
)
from mooring.reconcile.judging.weights import Weights
from mooring.reconcile.modeldeployment.sight import UNOBSERVED
from mooring.reconcile.observed import Foretold, Judgement, Observed, TrafficSeen
from mooring.reconcile.plan import Key, Object

logger = logging.getLogger(__name__)

KIND = "ModelDeployment"
TICK_SECONDS = 0.5
"""How soon a change of weights is seen to be in force."""
SEALED_SECONDS = 0.7
"""After the end of an interval pods have sealed it."""
SETTLED_SECONDS = 30
"""After a change was asked for, proxies are looked at with every tick."""
KEEP_SECONDS = 10.0
"""The judge's state is written at most so often: what was not written is read and judged again."""


@dataclass
class Known:
    """What is known of one ModelDeployment between two looks."""

    look: Look | None = None
    counted: Look | None = None
    """At the end of the last interval."""
    slot: int = 0
    watch: Watch | None = None
    written: float = 0.0
    judgement: Judgement | None = None
    forecast: Foretold | None = None
    seen: Observed = field(default_factory=Observed)


class Observer:
    """Looks at every ModelDeployment that is changing its version."""

    def __init__(
        self,
        cache: ObjectCache,
        client: Client,
        writer: Writer,
        wake: Callable[[Key], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._wake = wake
        self._clock = clock
        self._reader = PodReader()
        self._traffic = TrafficReader(cache, client, self._reader)
        self._known: dict[Key, Known] = {}
        self._looking: set[Key] = set()

    async def run(self) -> None:
        """Look for ever."""
        try:
            async with asyncio.TaskGroup() as looks:
                while True:
                    for key in self._due():
                        self._looking.add(key)
                        looks.create_task(self._guarded(key), name=f"look at {key.name}")
                    await asyncio.sleep(TICK_SECONDS)
        finally:
            await self._reader.close()

    def _due(self) -> list[Key]:
        """Return those to look at; one that is still being looked at is left alone, and keeps nobody waiting."""
        busy = [_key(item) for item in self._cache.every(KIND) if _is_busy(item)]
        return [key for key in {*busy, *self._known} if key not in self._looking]

    async def _guarded(self, key: Key) -> None:
        """Look at one; what goes wrong there must not blind the others."""
        live = self._cache.get(KIND, key.namespace, key.name)
        try:
            if live is not None and _is_busy(live):
                await self._look(key, live)
            else:
                await self._forget(key)
        except LeaseLostError:
            return
        except (ApiError, NameTakenError, NotYetError) as error:
            logger.warning("what the judge knows could not be written", extra={"key": key, "why": str(error)})
        except Exception:
            logger.exception("a look failed in a way nobody foresaw", extra={"key": key})
        finally:
            self._looking.discard(key)

    async def _forget(self, key: Key) -> None:
        """Leave one that came to rest: what was known of its rollout is of no use to the next one."""
        self._known.pop(key, None)
        self._cache.bring(key, None)
        if (spare := discard(self._cache, key)) is not None:
            await self._writer.write(spare, key)

    async def _look(self, key: Key, live: Object) -> None:
        deployment, known, now = (
            ModelDeployment.model_validate(live),
            self._known.setdefault(key, Known()),
            self._clock(),
        )
        slot = int(now - SEALED_SECONDS) // INTERVAL_SECONDS
        ended = slot != known.slot
        if not (ended or _is_changing(deployment, known, now)):
            return
        known.look = await self._traffic.look(key, deployment)
        subject = subject_of(deployment)
        if subject is not None:
            self._weigh(key, known, deployment, subject, now)
        if subject is not None and ended:
            await self._count(key, known, deployment, subject, now)
        known.slot = slot
        self._bring(key, known, always=ended)

    def _weigh(self, key: Key, known: Known, deployment: ModelDeployment, subject: Subject, now: float) -> None:
        """Note since when which shares are in force."""
        if known.watch is None or not goes_on(known.watch, subject):
            known.watch = self._begun(key, deployment, subject, now)
            known.judgement = known.forecast = None
        if known.look is not None:
            weights = _weights(known.watch.weights, known.look.traffic, deployment, subject)
            known.watch = replace(known.watch, weights=weights)

    def _begun(self, key: Key, deployment: ModelDeployment, subject: Subject, now: float) -> Watch:
        before = kept(self._cache, key)
        return before if before is not None and goes_on(before, subject) else begin(subject, now)

    async def _count(self, key: Key, known: Known, deployment: ModelDeployment, subject: Subject, now: float) -> None:
        """Read what was sealed, and judge it."""
        if known.watch is None or known.look is None:
            return
        counted = counted_by_proxies(known.watch, now, grown(known.counted, known.look))
        known.counted = known.look
        pods = serving_pods(self._cache, key, subject)
        read = await read_round(counted, subject, pods, self._reader, now)
        known.watch = judge(read, subject, self._clock())
        verdict = decision(known.watch, subject)
        before, since = known.judgement, deployment.status.rollout.since if deployment.status.rollout else None
        known.judgement = Judgement(subject.stable, subject.canary, since, verdict)
        known.forecast = foretell(known.forecast, known.watch, verdict, deployment, datetime.fromtimestamp(now, UTC))
        turned = before is None or before.decision.verdict != verdict.verdict
        if turned or now - known.written >= KEEP_SECONDS:
            known.written = now
            await self._writer.write(keep(deployment.metadata, known.watch), key)

    def _bring(self, key: Key, known: Known, *, always: bool) -> None:
        traffic = known.look.traffic if known.look is not None else None
        share = observed(known.watch) if known.watch is not None else None
        if traffic is not None and share is not None and known.watch is not None:
            stable, canary = known.watch.arms
            traffic = replace(traffic, observed={stable: 100 - share, canary: share})
        seen = Observed(traffic, known.judgement, known.forecast)
        before, known.seen = known.seen, seen
        self._cache.bring(key, seen)
        if always or not _same(before, seen):
            self._wake(key)


def _weights(before: Weights, traffic: TrafficSeen, deployment: ModelDeployment, subject: Subject) -> Weights:
    """Return the shares over time after a look: in force is what was asked for before the look, and is confirmed."""
    told = deployment.status.traffic
    if told is None or traffic.applied is None:
        return before
    share = asked_share(deployment, subject)
    if traffic.approximate:
        share = traffic.applied.get(subject.canary, 0) * 10
    weights = before.unless(share, _moment(told.since))
    if traffic.at < told.since + UNOBSERVED or not (traffic.approximate or _is_asked(traffic, share, subject.canary)):
        return weights
    return weights.confirmed(share, _moment(traffic.at))


def _is_asked(traffic: TrafficSeen, share: int, canary: str) -> bool:
    applied = (traffic.applied or {}).get(canary, 0)
    return share == (applied * 10 if applied else SHADOWED + traffic.shadow.get(canary, 0))


def _same(before: Observed, now: Observed) -> bool:
    """Tell whether nothing but the time of looking differs."""
    one, other = before.traffic, now.traffic
    if one is None or other is None:
        return one is other
    return replace(one, at=other.at) == other


def _is_busy(live: Object) -> bool:
    """Tell whether anybody is led anywhere new, cheaply: most deployments are at rest."""
    status = live.get("status") or {}
    provider = (status.get("traffic") or {}).get("provider")
    return provider in PROVIDERS and any(status.get(name) for name in ("canary", "previous", "draining"))


def _is_changing(deployment: ModelDeployment, known: Known, now: float) -> bool:
    traffic = deployment.status.traffic
    if traffic is None or known.look is None or known.look.traffic.applied is None:
        return True
    return now - traffic.since.timestamp() < SETTLED_SECONDS


def _key(live: Object) -> Key:
    return Key(KIND, live["metadata"]["namespace"], live["metadata"]["name"])


def _moment(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
