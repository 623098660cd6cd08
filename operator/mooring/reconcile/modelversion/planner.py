"""The plan for a ModelVersion: nothing is made, status says who serves it (and so whether it may be deleted)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mooring.api.config import OperatorConfig
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion, ModelVersionStatus, UsedBy
from mooring.reconcile.conditions import Wanted, set_conditions, summary
from mooring.reconcile.plan import Cache, Key, Object, Plan


class ModelVersionPlanner:
    """Plans ModelVersions."""

    kind = "ModelVersion"

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        """Return what should be done about a ModelVersion: its status, nothing else."""
        found = cache.get(key.kind, key.namespace, key.name)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return None
        version = ModelVersion.model_validate(found)
        users = used_by(version, cache.all("ModelDeployment", key.namespace))
        return Plan(status=compose(version, users, now).to_json())

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        """Return None: a ModelVersion has no children whose names could be taken."""
        return None


def used_by(version: ModelVersion, deployments: Iterable[Object]) -> list[UsedBy]:
    """Return who serves a version, by name."""
    name, users = version.metadata.name, []
    for item in deployments:
        if item["spec"].get("model") != version.spec.model:
            continue
        deployment = ModelDeployment.model_validate(item)
        stable, canary = deployment.status.stable, deployment.status.canary
        if stable is not None and stable.version == name:
            users.append(UsedBy(name=deployment.metadata.name, role="Stable", since=stable.started_at))
        elif canary is not None and canary.version == name:
            users.append(UsedBy(name=deployment.metadata.name, role="Canary", since=canary.started_at))
    return sorted(users, key=lambda user: user.name)[:64]


def compose(version: ModelVersion, users: list[UsedBy], now: datetime) -> ModelVersionStatus:
    """Return the whole status of a ModelVersion."""
    gate, metrics = version.spec.gate, version.spec.metrics
    names = ", ".join(user.name for user in users)
    wanted = [
        *summary(ready=("True", gate.verdict, f"recorded; {gate.message}"), busy=False, stalled=False),
        Wanted("InUse", "True", "Served", f"served by {names}")
        if users
        else Wanted("InUse", "False", "NotServed", "no ModelDeployment serves it"),
    ]
    generation = version.metadata.generation
    return version.status.model_copy(
        update={
            "observed_generation": generation,
            "conditions": set_conditions(version.status.conditions, wanted, generation=generation, now=now),
            "deployments": users,
            "metric": f"{metrics[0].name} {metrics[0].value}" if metrics else None,
            "role": users[0].role if users else None,
        }
    )
