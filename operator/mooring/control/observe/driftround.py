"""One round of reading the ledgers of a deployment's pods into the watch of a DriftPolicy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.api.modeldeployment import ModelDeployment
from mooring.control.observe.pods import Address, PodReader, UnreadableError, address_of, arm_of
from mooring.ledger.interval import INTERVAL_SECONDS, Reading
from mooring.ledger.layout import Layout
from mooring.reconcile.drift.basis import basis_of
from mooring.reconcile.drift.close import Turned, turn
from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.tape import Recorded
from mooring.reconcile.drift.told import OddError, awaited, lost, told
from mooring.reconcile.drift.watch import OTHERS, WATCHED, Watched, bounded
from mooring.reconcile.plan import LABEL_ARM, LABEL_PART, Cache, Key, Object
from mooring.reconcile.pods import read_pod

logger = logging.getLogger(__name__)

_PIECE_SECONDS = 300
"""Of intervals that are tested at once."""
_AT_ONCE = 4
"""Pods that are heard at once: after two hours of silence one may have tens of megabytes to tell."""


@dataclass(frozen=True)
class Scene:
    """What a policy watches now."""

    version: str = ""
    """The ModelVersion that serves."""
    pods: Mapping[str, Object] | None = None
    """Those that may have something to tell, by name."""
    trouble: str | None = None
    """Why nothing can be watched, as a sentence."""


@dataclass(frozen=True)
class Round:
    """The watch after a round."""

    watched: Watched
    troubles: tuple[str, ...] = ()
    last_words: bool = False
    """A pod told its last: nobody can be asked for that again."""


def scene_of(cache: Cache, namespace: str, spec: DriftPolicySpec) -> Scene:
    """Return what a policy watches now."""
    live = cache.get("ModelDeployment", namespace, spec.deployment)
    if live is None:
        return Scene(trouble=f"ModelDeployment {spec.deployment} does not exist: nothing is watched until it does")
    deployment = ModelDeployment.model_validate(live)
    if deployment.spec.server is not None and deployment.spec.server.container is not None:
        return Scene(
            trouble=f"ModelDeployment {spec.deployment} is served by a container of your own, which keeps no ledger: "
            "nothing is watched; triggers Schedule, MaxAge and NewData still work"
        )
    if deployment.status.stable is None:
        return Scene(trouble=f"ModelDeployment {spec.deployment} serves no version yet: watching begins with the first")
    return Scene(deployment.status.stable.version, _serving(pods_of(cache, namespace, spec.deployment)))


def pressing(pods: Iterable[Object], watched: Watched, met: Collection[str]) -> frozenset[str]:
    """Return those of a deployment's pods that cannot wait for the next round. Cheap: it is asked every second.

    Those that are about to end and have not told their last; and those that users were just led to and that are not
    among the `met`: only who was read waits for a reader at its end.
    """
    found = set()
    for pod in pods:
        metadata = pod["metadata"]
        name = metadata["name"]
        if "deletionTimestamp" in metadata:
            if name in watched.slots.stands:
                found.add(name)
        elif name not in met and _is_arm(pod) and _should_answer(pod):
            found.add(name)
    return frozenset(found)


def pods_of(cache: Cache, namespace: str, deployment: str) -> Iterable[Object]:
    """Return all pods of a deployment, of whatever kind."""
    return cache.children("Pod", Key("ModelDeployment", namespace, deployment))


def _serving(pods: Iterable[Object]) -> dict[str, Object]:
    """Return the pods of all versions that may have something to tell, by name."""
    found = (pod for pod in pods if _is_arm(pod) and read_pod(pod).phase not in ("Failed", "Succeeded"))
    return {pod["metadata"]["name"]: pod for pod in found}


def _is_arm(pod: Object) -> bool:
    """Tell whether a pod serves a version: others belong to the deployment as a whole."""
    labels = pod["metadata"].get("labels") or {}
    return LABEL_ARM in labels and LABEL_PART not in labels


async def read_round(
    watched: Watched,
    pods: Mapping[str, Object],
    deployment: str,
    reader: PodReader,
    *,
    who: str,
    now: float,
    only: Collection[str] | None = None,
) -> Round:
    """Return the watch with what pods (or `only` these) have sealed since they were read last.

    A pod that does not answer is waited for; one that is no more is not, and what it had not told is missing. Before
    anybody has told what is counted where, nothing is taken: pods keep it.
    """
    watched = bounded(watched, now)
    chosen = pods if only is None else {name: pods[name] for name in only}
    addresses = {name: address for name, pod in chosen.items() if (address := address_of(pod)) is not None}
    hearing = _Hearing(watched, pods, deployment, now)
    for names in batched(addresses, _AT_ONCE):
        answers = await asyncio.gather(*(_ask(reader, hearing.watched, addresses[name], who) for name in names))
        for name, answer in zip(names, answers, strict=True):
            await hearing.hear(name, answer, addresses[name], reader)
            await asyncio.sleep(0)  # others have work too, and one may have two hours to tell
    return hearing.concluded()


class _Hearing:
    """One round, as pods answer one after the other."""

    def __init__(self, watched: Watched, pods: Mapping[str, Object], deployment: str, now: float) -> None:
        self.watched = watched
        self._pods = pods
        self._deployment = deployment
        self._now = now
        self._troubles: list[str] = []
        self._liars: set[str] = set()
        self._last_words = False

    async def hear(self, name: str, answer: Reading | UnreadableError, address: Address, reader: PodReader) -> None:
        """Take in what a pod answered."""
        if isinstance(answer, UnreadableError):
            if _should_answer(self._pods[name]):
                self._troubles.append(f"pod {name} cannot be read, what it counts is missing until it can ({answer})")
        elif answer.stream.version != (expected := self._version(name)):
            self._liars.add(name)
            said = f"pod {name} should serve {expected}, and answers for {answer.stream.version}: left out"
            self._troubles.append(said)
        elif self.watched.basis is not None or await self._learn(answer, address, reader):
            self._take(name, answer)

    def concluded(self) -> Round:
        """Return what the round came to, with the pods that should have answered waited for."""
        if self.watched.basis is None:
            none = (f"no pod of {self.watched.version} tells what it counts yet",)
            return Round(self.watched, tuple(self._troubles) or none)
        waited = [name for name, pod in self._pods.items() if name not in self._liars and _should_answer(pod)]
        watched = awaited(self.watched, [(name, self._group(name)) for name in waited])
        gone = [name for name in watched.slots.stands if name not in self._pods]
        for name in gone:
            logger.warning(
                "a pod ended before its last word was read: what it had not told is unknown", extra={"pod": name}
            )
        last_words = self._last_words or bool(gone)
        return Round(lost(watched, gone, self._now), tuple(self._troubles), last_words)

    async def _learn(self, answer: Reading, address: Address, reader: PodReader) -> bool:
        """Find out what counts are held against, by a pod of the version; return whether it is known."""
        version = self.watched.version
        if answer.stream.version != version:
            return False
        try:
            basis = basis_of(version, Layout.from_json(answer.layout), await reader.profile(address))
        except (ValueError, UnreadableError) as error:
            self._troubles.append(f"the reference of {version} cannot be read, counting waits for it ({error})")
            return False
        self.watched = replace(self.watched, basis=basis)
        return True

    def _take(self, name: str, answer: Reading) -> None:
        try:
            heard = told(self.watched, name, self._group(name), answer, self._now)
        except OddError as error:
            self._troubles.append(str(error))
            return
        self.watched = heard.watched
        self._troubles += heard.odd
        self._last_words |= answer.final

    def _version(self, name: str) -> str:
        """Return the version that a pod should serve: arms are named DEPLOYMENT-vNUMBER-TEMPLATE."""
        number = arm_of(self._pods[name]).removeprefix(f"{self._deployment}-v").partition("-")[0]
        return f"{self.watched.version.rpartition('-v')[0]}-v{number}"

    def _group(self, name: str) -> str:
        return WATCHED if self._version(name) == self.watched.version else OTHERS


async def turned(watched: Watched, fitted: Fitted, now: float, patience: float) -> Turned:
    """Return the watch with everything tested that is complete.

    Who comes back after two hours has much to test, and others have work too: so it is done in pieces.
    """
    windows: tuple[Recorded, ...] = ()
    told = False
    at: float = watched.slots.through * INTERVAL_SECONDS
    while True:
        at = now if at >= now else min(now, at + _PIECE_SECONDS)
        found = turn(watched, fitted, at, patience)
        watched, windows, told = found.watched, windows + found.windows, told or found.told
        if at == now:
            return Turned(watched, windows, told)
        await asyncio.sleep(0)


async def _ask(reader: PodReader, watched: Watched, address: Address, who: str) -> Reading | UnreadableError:
    try:
        return await reader.ask(watched.folded, address, who)
    except UnreadableError as error:
        return error


def _should_answer(pod: Object) -> bool:
    seen = read_pod(pod)
    return seen.ready and not seen.deleting


def batched(names: Iterable[str], count: int) -> Iterator[tuple[str, ...]]:
    """Return names in pieces of so many (`itertools.batched` of Python 3.12)."""
    left = iter(names)
    while piece := tuple(islice(left, count)):
        yield piece
