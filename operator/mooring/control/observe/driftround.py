"""One round of reading the ledgers of a deployment's pods into the watch of a DriftPolicy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.api.modeldeployment import ModelDeployment
from mooring.control.observe.pods import Address, PodReader, UnreadableError, address_of, arm_of
from mooring.ledger.interval import Reading
from mooring.ledger.layout import Layout
from mooring.reconcile.drift.reference import Fitted, digest_of
from mooring.reconcile.drift.told import OddError, awaited, lost, told
from mooring.reconcile.drift.watch import OTHERS, WATCHED, Basis, Watched, bounded
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import read_pod

logger = logging.getLogger(__name__)


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
            "nothing is watched; triggers Schedule and MaxAge still work"
        )
    if deployment.status.stable is None:
        return Scene(trouble=f"ModelDeployment {spec.deployment} serves no version yet: watching begins with the first")
    return Scene(deployment.status.stable.version, _pods(cache, Key("ModelDeployment", namespace, spec.deployment)))


def _pods(cache: Cache, owner: Key) -> dict[str, Object]:
    found = (pod for pod in cache.children("Pod", owner) if arm_of(pod).startswith(f"{owner.name}-v"))
    return {pod["metadata"]["name"]: pod for pod in found if read_pod(pod).phase not in ("Failed", "Succeeded")}


def dying(pods: Mapping[str, Object], watched: Watched) -> frozenset[str]:
    """Return the pods that are about to end and have not told their last."""
    return frozenset(name for name in watched.slots.stands if name in pods and read_pod(pods[name]).deleting)


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
    asked = {name: address for name, pod in chosen.items() if (address := address_of(pod)) is not None}
    answers = await asyncio.gather(*(_ask(reader, watched, address, who) for address in asked.values()))
    readings: dict[str, Reading] = {}
    troubles: list[str] = []
    liars: set[str] = set()
    for name, answer in zip(asked, answers, strict=True):
        expected = _version(watched, arm_of(pods[name]), deployment)
        if isinstance(answer, UnreadableError):
            if _should_answer(pods[name]):
                troubles.append(f"pod {name} cannot be read, what it counts is missing until it can ({answer})")
        elif answer.stream.version != expected:
            liars.add(name)
            troubles.append(f"pod {name} should serve {expected}, and answers for {answer.stream.version}: left out")
        else:
            readings[name] = answer
    if watched.basis is None:
        basis = await _basis(watched, readings, asked, reader)
        if not isinstance(basis, Basis):
            return Round(watched, (*troubles, *basis))
        watched = replace(watched, basis=basis)
    waited = [name for name, pod in pods.items() if name not in liars and _should_answer(pod)]
    watched = awaited(watched, [(name, _group(watched, arm_of(pods[name]), deployment)) for name in waited])
    for name, reading in readings.items():
        try:
            heard = told(watched, name, _group(watched, arm_of(pods[name]), deployment), reading, now)
        except OddError as error:
            troubles.append(str(error))
            continue
        watched = heard.watched
        troubles += heard.odd
    gone = [name for name in watched.slots.stands if name not in pods]
    finals = any(reading.final for reading in readings.values())
    return Round(lost(watched, gone, now), tuple(troubles), finals or bool(gone))


async def _ask(reader: PodReader, watched: Watched, address: Address, who: str) -> Reading | UnreadableError:
    try:
        return await reader.ask(watched.folded, address, who)
    except UnreadableError as error:
        return error


async def _basis(
    watched: Watched, readings: Mapping[str, Reading], asked: Mapping[str, Address], reader: PodReader
) -> Basis | tuple[str, ...]:
    """Return what a version's counts are held against, or why nobody tells it."""
    own = [name for name, reading in readings.items() if reading.stream.version == watched.version]
    troubles = []
    for name in own:
        try:
            layout = Layout.from_json(readings[name].layout)
            profile = await reader.profile(asked[name])
        except (ValueError, UnreadableError) as error:
            troubles.append(f"the reference of {watched.version} cannot be read, counting waits for it ({error})")
            continue
        if profile is None:
            return Basis(layout, None, lacking=f"{watched.version} came without a profile")
        try:
            _ = Fitted(layout, watched.asked, profile).watch
        except ValueError as error:
            return Basis(layout, None, lacking=f"the profile of {watched.version} does not fit its ledgers ({error})")
        return Basis(layout, profile, digest_of(profile))
    return tuple(troubles) or (f"no pod of {watched.version} tells what it counts yet",)


def _version(watched: Watched, arm: str, deployment: str) -> str:
    """Return the version that an arm's pods serve: arms are named DEPLOYMENT-vNUMBER-TEMPLATE."""
    number = arm.removeprefix(f"{deployment}-v").partition("-")[0]
    return f"{watched.version.rpartition('-v')[0]}-v{number}"


def _group(watched: Watched, arm: str, deployment: str) -> str:
    return WATCHED if _version(watched, arm, deployment) == watched.version else OTHERS


def _should_answer(pod: Object) -> bool:
    seen = read_pod(pod)
    return seen.ready and not seen.deleting
