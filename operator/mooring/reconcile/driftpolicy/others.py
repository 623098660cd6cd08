"""Other policies, as far as they matter to one: its neighbours, and those that fire at about the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mooring.api.base import Condition
from mooring.api.driftpolicy import DriftPolicy, TriggerType
from mooring.api.driftstatus import RequestState
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import parse_time

ALARMING: tuple[TriggerType, ...] = ("Harm", "InputDrift")
"""Triggers that a fault which others share may pull."""
GATHER_SECONDS = 3600
"""The longest that a request waits to see whether others fire too."""
DRIFT_GATHERS = 3
"""Drift that began within so many times of gathering has one origin: windows are not closed at the same moment."""
_MOST = 100
"""Others that fire: so many are a storm by any configuration that makes sense, and a look stays small."""


@dataclass(frozen=True)
class Other:
    """Another DriftPolicy."""

    namespace: str
    name: str
    created: datetime | None
    deployment: str
    training_job: str | None
    suspended: bool = False
    gather_seconds: int = GATHER_SECONDS
    trigger: str | None = None
    """Of its request; None: it has none."""
    state: RequestState | None = None
    at: datetime | None = None
    """When it saw its evidence."""
    drifted: datetime | None = None
    """Since when its inputs or predictions drift."""


def drifted_since(policy: DriftPolicy) -> datetime | None:
    """Return since when a policy tells of drift."""
    return next((item.last_transition_time for item in policy.status.conditions if _tells_drift(item)), None)


def _tells_drift(item: Condition) -> bool:
    return item.type == "Drifted" and item.status == "True"


def gather_time(policy: DriftPolicy) -> timedelta:
    """Return how long a request of a policy waits to see whether others fire too."""
    return timedelta(seconds=min(policy.spec.window.min_seconds, GATHER_SECONDS))


def look_around(key: Key, policy: DriftPolicy, cache: Cache) -> tuple[Other, ...]:
    """Return the others; all namespaces are looked at only while there is a request that a storm could hold."""
    names = set(cache.policies_of("ModelDeployment", key.namespace, policy.spec.deployment))
    if policy.spec.retrain is not None:
        names.update(cache.policies_of("TrainingJob", key.namespace, policy.spec.retrain.training_job))
    near = [cache.get("DriftPolicy", key.namespace, name) for name in names - {key.name}]
    found = {_place(item): item for item in near if item is not None}
    firing = sorted(((_place(item), item) for item in _firing(policy, cache)), key=lambda pair: pair[0])
    found |= dict([pair for pair in firing if pair[0] != (key.namespace, key.name)][:_MOST])
    return tuple(_other(item) for _, item in sorted(found.items(), key=lambda pair: pair[0]))


def _firing(policy: DriftPolicy, cache: Cache) -> Iterator[Object]:
    """Yield policies whose evidence, or drift, came when this one's did; read as they are: there may be thousands."""
    own, since = policy.status.request, drifted_since(policy)
    if own is None or own.trigger not in ALARMING:
        return
    for item in cache.every("DriftPolicy"):
        if _fired_near(item, own.at) or (since is not None and _drifts_too(item, since)):
            yield item


def _fired_near(item: Object, moment: datetime) -> bool:
    request = (item.get("status") or {}).get("request")
    at = parse_time(request["at"]) if request and request["trigger"] in ALARMING else None
    return at is not None and abs(at - moment) <= timedelta(seconds=GATHER_SECONDS)


def _drifts_too(item: Object, since: datetime) -> bool:
    found = (one for one in (item.get("status") or {}).get("conditions", ()) if one["type"] == "Drifted")
    told = next((parse_time(one["lastTransitionTime"]) for one in found if one["status"] == "True"), None)
    return told is not None and abs(told - since) <= DRIFT_GATHERS * timedelta(seconds=GATHER_SECONDS)


def _place(item: Object) -> tuple[str, str]:
    return str(item["metadata"]["namespace"]), str(item["metadata"]["name"])


def _other(item: Object) -> Other:
    policy = DriftPolicy.model_validate(item)
    request, retrain = policy.status.request, policy.spec.retrain
    return Other(
        namespace=policy.metadata.namespace,
        name=policy.metadata.name,
        created=policy.metadata.creation_timestamp,
        deployment=policy.spec.deployment,
        training_job=retrain.training_job if retrain is not None else None,
        suspended=policy.spec.suspend,
        gather_seconds=round(gather_time(policy).total_seconds()),
        trigger=request.trigger if request is not None else None,
        state=request.state if request is not None else None,
        at=request.at if request is not None else None,
        drifted=drifted_since(policy),
    )
