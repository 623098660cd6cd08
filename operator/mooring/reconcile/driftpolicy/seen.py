"""What a plan for a DriftPolicy is made from. It can be saved as JSON and planned again elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import RequestState
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.rolloutstatus import Arm
from mooring.api.trainingjob import TrainingJob
from mooring.reconcile.driftpolicy.listing import Look, looks_of
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.plan import Cache, Key, Object

GATHER_SECONDS = 3600
"""The longest that a request waits to see whether others fire too."""


@dataclass(frozen=True)
class Other:
    """Another DriftPolicy, as far as it matters to this one."""

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


@dataclass(frozen=True)
class Seen:
    """Everything that a plan for a DriftPolicy may look at."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")

    policy: DriftPolicy
    deployment: ModelDeployment | None = None
    job: TrainingJob | None = None
    versions: tuple[ModelVersion, ...] = ()
    """Of the model that the deployment serves, by number."""
    others: tuple[Other, ...] = ()
    """Those of the same deployment or TrainingJob; while a request is open also those with one, in all namespaces."""
    drift: DriftSeen | None = None
    """None: the observer has brought nothing since the process began."""
    storm_policies: int = 3
    looks: tuple[Look, ...] = ()
    """Jobs that list the data."""
    runtime_image: str = ""
    """Of those Jobs."""

    @property
    def stable(self) -> Arm | None:
        """What serves."""
        return self.deployment.status.stable if self.deployment is not None else None

    @property
    def serves(self) -> str | None:
        """The name of the version that serves."""
        return self.stable.version if self.stable is not None else None

    @property
    def evidence(self) -> DriftSeen | None:
        """What is known of the version that serves; None where the observer has not come to it."""
        return self.drift if self.drift is not None and self.drift.version == self.serves else None

    def version(self, name: str | None) -> ModelVersion | None:
        """Return a record by name."""
        return next((item for item in self.versions if item.metadata.name == name), None)

    def to_json(self) -> bytes:
        """Return what `from_json` reads."""
        return _ADAPTER.dump_json(self, by_alias=True, exclude_none=True)

    @classmethod
    def from_json(cls, saved: bytes | str) -> Seen:
        """Return what was saved; raises pydantic.ValidationError."""
        return _ADAPTER.validate_json(saved)


_ADAPTER = TypeAdapter(Seen)


def moment(milliseconds: int) -> datetime:
    """Return a moment given in milliseconds since 1970, in whole seconds as status keeps it."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


def gather_time(policy: DriftPolicy) -> timedelta:
    """Return how long a request of a policy waits to see whether others fire too."""
    return timedelta(seconds=min(policy.spec.window.min_seconds, GATHER_SECONDS))


def look(key: Key, cache: Cache, config: OperatorConfig) -> Seen | None:
    """Return what is seen of a DriftPolicy, or None where it is gone or going."""
    found = cache.get(key.kind, key.namespace, key.name)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return None
    policy = DriftPolicy.model_validate(found)
    serving = cache.get("ModelDeployment", key.namespace, policy.spec.deployment)
    deployment = ModelDeployment.model_validate(serving) if serving is not None else None
    retrain = policy.spec.retrain
    recipe = cache.get("TrainingJob", key.namespace, retrain.training_job) if retrain is not None else None
    return Seen(
        policy=policy,
        deployment=deployment,
        job=TrainingJob.model_validate(recipe) if recipe is not None else None,
        versions=_versions(deployment, cache.all("ModelVersion", key.namespace)),
        others=tuple(_others(key, policy, cache)),
        drift=cache.drift(key),
        storm_policies=config.storm_policies,
        looks=looks_of(key, cache),
        runtime_image=config.runtime_image,
    )


def _versions(deployment: ModelDeployment | None, records: Iterable[Object]) -> tuple[ModelVersion, ...]:
    model = deployment.spec.model if deployment is not None else None
    found = [ModelVersion.model_validate(item) for item in records if item["spec"].get("model") == model]
    return tuple(sorted(found, key=lambda version: version.spec.number))


def _others(key: Key, policy: DriftPolicy, cache: Cache) -> Iterator[Other]:
    """Yield neighbours; all namespaces are looked at only where there is a request that a storm could hold."""
    wide = policy.status.request is not None
    for item in cache.every("DriftPolicy") if wide else cache.all("DriftPolicy", key.namespace):
        metadata, spec = item["metadata"], item["spec"]
        if (metadata["namespace"], metadata["name"]) == (key.namespace, key.name):
            continue
        near = metadata["namespace"] == key.namespace and (
            spec["deployment"] == policy.spec.deployment or _recipe(spec) == _own_recipe(policy)
        )
        if near or (item.get("status") or {}).get("request"):
            yield _other(DriftPolicy.model_validate(item))


def _recipe(spec: Object) -> str:
    return str((spec.get("retrain") or {}).get("trainingJob", ""))


def _own_recipe(policy: DriftPolicy) -> str | None:
    return policy.spec.retrain.training_job if policy.spec.retrain is not None else None


def _other(policy: DriftPolicy) -> Other:
    metadata, request = policy.metadata, policy.status.request
    return Other(
        namespace=metadata.namespace,
        name=metadata.name,
        created=metadata.creation_timestamp,
        deployment=policy.spec.deployment,
        training_job=_own_recipe(policy),
        suspended=policy.spec.suspend,
        gather_seconds=round(gather_time(policy).total_seconds()),
        trigger=request.trigger if request is not None else None,
        state=request.state if request is not None else None,
        at=request.at if request is not None else None,
    )
