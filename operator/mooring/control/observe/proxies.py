"""What leads users to versions: read from proxies, from a Gateway's answer, or from where the Service leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mooring.api.modeldeployment import ModelDeployment
from mooring.control.client import Client
from mooring.control.errors import ApiError
from mooring.control.observe.pods import PodReader, arm_of
from mooring.control.traffic import read_all
from mooring.reconcile.observed import TrafficSeen
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import read_pod
from mooring.reconcile.traffic.counts import ArmCounts, Reading, agree
from mooring.reconcile.traffic.envoy import envoy_name, version_of
from mooring.reconcile.traffic.gateway import standing

PATIENCE = timedelta(seconds=3)
"""A proxy that has not taken over what was asked for by then is told once more."""
_WHOLE = 100


@dataclass(frozen=True)
class Look:
    """One look at what leads users."""

    traffic: TrafficSeen
    proxies: Mapping[str, Reading] = field(default_factory=dict)
    """What each proxy said, by pod and the life of its container."""
    silent: bool = False
    """A proxy that leads users did not answer."""


class TrafficReader:
    """Looks at what a ModelDeployment's provider has in force."""

    def __init__(self, cache: Cache, client: Client, reader: PodReader) -> None:
        self._cache = cache
        self._client = client
        self._reader = reader

    async def look(self, key: Key, deployment: ModelDeployment) -> Look:
        """Return what is in force, and what proxies counted since they started."""
        provider = deployment.status.traffic.provider if deployment.status.traffic is not None else None
        match provider:
            case "Envoy":
                return await self._envoys(key, deployment)
            case "Gateway":
                return Look(await self._route(key))
        return Look(self._endpoints(key, deployment))

    async def _envoys(self, key: Key, deployment: ModelDeployment) -> Look:
        at = datetime.now(UTC)
        name = envoy_name(deployment.metadata.name)
        pods = self._cache.children("Pod", key)
        proxies = {pod["metadata"]["name"]: pod for pod in pods if arm_of(pod) == name and read_pod(pod).ready}
        addresses = {pod: str((proxy.get("status") or {}).get("podIP")) for pod, proxy in proxies.items()}
        answers = await read_all(self._reader.session, addresses)
        files = self._cache.get("ConfigMap", key.namespace, name)
        wanted = (version_of(files) if files is not None else None) or ""
        agreement = agree(answers, wanted, _ready_arms(pods, deployment))
        told = deployment.status.traffic
        overdue = told is not None and at - told.since > PATIENCE
        force = agreement.in_force
        traffic = TrafficSeen(
            at=at,
            applied=force.shares if force is not None else None,
            shadow=force.shadow if force is not None else {},
            found=force.arms if force is not None else frozenset(),
            late=frozenset(agreement.late) if overdue else frozenset(),
            trouble=agreement.trouble,
        )
        readings = {_life(proxies[pod]): answer for pod, answer in answers.items() if answer is not None}
        return Look(traffic, readings, silent=len(readings) < len(answers))

    async def _route(self, key: Key) -> TrafficSeen:
        at = datetime.now(UTC)
        try:
            route = await self._client.find("HTTPRoute", key.namespace, key.name)
        except ApiError as error:
            return TrafficSeen(at=at, applied=None, trouble=f"the HTTPRoute cannot be read: {error}")
        stands, said = standing(route)
        if stands != "Accepted" or route is None:
            return TrafficSeen(at=at, applied=None, trouble=said)
        backends = route["spec"]["rules"][0]["backendRefs"]
        total = sum(int(item.get("weight", 1)) for item in backends)
        shares = (
            {item["name"]: round(_WHOLE * int(item.get("weight", 1)) / total) for item in backends} if total else {}
        )
        return TrafficSeen(at=at, applied=shares)

    def _endpoints(self, key: Key, deployment: ModelDeployment) -> TrafficSeen:
        """Return each arm's share of the pods that the users' Service leads to."""
        at = datetime.now(UTC)
        pods = {pod["metadata"]["name"]: arm_of(pod) for pod in self._cache.children("Pod", key)}
        slices = self._cache.children("EndpointSlice", key)
        routed = [name for item in slices if _serves(item, deployment) for name in _targets(item)]
        arms = [pods[name] for name in routed if name in pods]
        if not arms:
            return TrafficSeen(at=at, applied=None, trouble="no pod is ready behind the Service")
        shares = {arm: round(_WHOLE * arms.count(arm) / len(arms)) for arm in set(arms)}
        return TrafficSeen(at=at, applied=shares, approximate=len(shares) > 1)


def grown(before: Look | None, now: Look) -> Mapping[str, ArmCounts] | None:
    """Return what all proxies counted between two looks, or None where one of them is not known."""
    if before is None or now.silent:
        return None
    total: dict[str, ArmCounts] = {}
    for life, reading in now.proxies.items():
        earlier = before.proxies.get(life, Reading(0, None))
        more = reading.since(earlier)
        if more is None:
            return None
        for arm, counts in more.items():
            total[arm] = total.get(arm, ArmCounts()) + counts
    return total


def _life(pod: Object) -> str:
    """Return a name for a pod and the life of its container: counts begin again with it."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return f"{pod['metadata']['uid']}/{statuses[0].get('restartCount', 0)}"


def _ready_arms(pods: Iterable[Object], deployment: ModelDeployment) -> set[str]:
    told = deployment.status.traffic
    asked = {item.arm for item in told.split} if told is not None else set()
    return {arm_of(pod) for pod in pods if read_pod(pod).ready} & asked


def _serves(item: Object, deployment: ModelDeployment) -> bool:
    labels = item["metadata"].get("labels") or {}
    return bool(labels.get("kubernetes.io/service-name") == deployment.metadata.name)


def _targets(item: Object) -> list[str]:
    ready = (each for each in item.get("endpoints") or () if (each.get("conditions") or {}).get("ready") is not False)
    return [each["targetRef"]["name"] for each in ready if each.get("targetRef")]
