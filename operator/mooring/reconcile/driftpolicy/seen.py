"""What a plan for a DriftPolicy is made from. It can be saved as JSON and planned again elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.rolloutstatus import Arm
from mooring.api.trainingjob import TrainingJob
from mooring.reconcile.driftpolicy.classifying import Classification, classifications_of
from mooring.reconcile.driftpolicy.listing import Look, looks_of
from mooring.reconcile.driftpolicy.others import Other, look_around
from mooring.reconcile.driftpolicy.segments import of_watched
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.plan import Cache, Key, Object


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
    """Those of the same deployment or TrainingJob; while a request is open also those that fire with it, anywhere."""
    drift: DriftSeen | None = None
    """None: the observer has brought nothing since the process began."""
    storm_policies: int = 3
    looks: tuple[Look, ...] = ()
    """Jobs that list the data."""
    classified: tuple[Classification, ...] = ()
    """Jobs that ask whether captured rows differ from the training data's."""
    runtime_image: str = ""
    """Of all those Jobs."""

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
        if self.drift is None or self.drift.version != self.serves:
            return None
        return of_watched(self.drift, self.policy.spec)

    def version(self, name: str | None) -> ModelVersion | None:
        """Return a record by name."""
        return next((item for item in self.versions if item.metadata.name == name), None)

    def to_json(self) -> bytes:
        """Return what `from_json` reads."""
        return _ADAPTER.dump_json(self, by_alias=True)

    @classmethod
    def from_json(cls, saved: bytes | str) -> Seen:
        """Return what was saved; raises pydantic.ValidationError."""
        return _ADAPTER.validate_json(saved)


_ADAPTER = TypeAdapter(Seen)


def moment(milliseconds: int) -> datetime:
    """Return a moment given in milliseconds since 1970, in whole seconds as status keeps it."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


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
        others=look_around(key, policy, cache),
        drift=cache.drift(key),
        storm_policies=config.storm_policies,
        looks=looks_of(key, cache),
        classified=classifications_of(key, cache),
        runtime_image=config.runtime_image,
    )


def _versions(deployment: ModelDeployment | None, records: Iterable[Object]) -> tuple[ModelVersion, ...]:
    model = deployment.spec.model if deployment is not None else None
    found = [ModelVersion.model_validate(item) for item in records if item["spec"].get("model") == model]
    return tuple(sorted(found, key=lambda version: version.spec.number))
