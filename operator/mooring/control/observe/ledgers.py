"""One round of reading the ledgers of a rollout's pods into its watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from mooring.control.observe.pods import Address, PodReader, UnreadableError, address_of, arm_of
from mooring.ledger.fold import fold, forget
from mooring.ledger.interval import Reading
from mooring.ledger.layout import Layout
from mooring.ledger.slots import Told, await_pod, lose, slot_of, take
from mooring.reconcile.judging.tally import Tally, tally
from mooring.reconcile.judging.watch import Subject, Watch
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import read_pod

logger = logging.getLogger(__name__)

_FORGOTTEN_SECONDS = 3600


async def read_round(
    watch: Watch, subject: Subject, pods: Mapping[str, Object], reader: PodReader, now: float
) -> Watch:
    """Return the watch with what the pods of both arms, by name, have sealed since the last round.

    A pod that does not answer is waited for; one that is no more is not, and what it had not told is missing.
    """
    for pod in pods.values():
        if read_pod(pod).ready:
            watch = replace(watch, slots=await_pod(watch.slots, pod["metadata"]["name"], arm_of(pod)))
    asked = [(pod, address) for pod in pods.values() if (address := address_of(pod)) is not None]
    answers = await asyncio.gather(*(_ask(reader, watch, address) for _, address in asked))
    for (pod, _), reading in zip(asked, answers, strict=True):
        if reading is not None:
            watch = _taken(watch, subject, pod["metadata"]["name"], arm_of(pod), reading, now)
    gone = [pod for pod in watch.slots.stands if pod not in pods]
    return replace(watch, slots=lose(watch.slots, gone, now), folded=forget(watch.folded, int(now), _FORGOTTEN_SECONDS))


def serving_pods(cache: Cache, key: Key, subject: Subject) -> dict[str, Object]:
    """Return the pods of both arms that may still have something to tell, by name."""
    arms = (subject.stable, subject.canary)
    found = (pod for pod in cache.children("Pod", key) if arm_of(pod) in arms)
    return {pod["metadata"]["name"]: pod for pod in found if read_pod(pod).phase not in ("Failed", "Succeeded")}


async def _ask(reader: PodReader, watch: Watch, address: Address) -> Reading | None:
    try:
        return await reader.ask(watch.folded, address)
    except UnreadableError as error:
        logger.info("a ledger could not be read", extra={"pod": address.pod, "why": str(error)})
        return None


def _taken(watch: Watch, subject: Subject, pod: str, arm: str, reading: Reading, now: float) -> Watch:
    """Return the watch with what is new in an answer; an answer that is not of the arm's version counts for nothing."""
    number = subject.canary_number if arm == subject.canary else subject.stable_number
    if reading.stream.version.rpartition("-v")[2] != str(number):
        logger.warning("a pod answers for another version", extra={"pod": pod, "version": reading.stream.version})
        return watch
    try:
        layout = Layout.from_json(reading.layout)
        folded, fresh = fold(watch.folded, reading, int(now))
        counts: dict[int, Tally] = {}
        for interval in fresh.intervals:
            slot, more = slot_of(interval.end), tally(interval, layout, subject.slow_microseconds)
            counts[slot] = counts[slot] + more if slot in counts else more
    except ValueError as error:
        logger.warning("a ledger makes no sense", extra={"pod": pod, "why": str(error)})
        return watch
    if not fresh.intervals and not reading.final:
        return replace(watch, folded=folded)
    last = max(counts, default=watch.slots.through)
    told = Told(arm, pod, reading.stream.incarnation, counts, last, final=reading.final, whole=not fresh.lost)
    return replace(watch, folded=folded, slots=take(watch.slots, told))
