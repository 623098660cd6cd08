"""What tells one thing that serves from another: what the user asked of its pods, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.modelversion import ModelVersion
from mooring.reconcile.modeldeployment.identity import template_hash
from tests.unit.reconcile.scenes import add_version
from tests.unit.reconcile.world import World


@pytest.fixture
def version() -> ModelVersion:
    world = World()
    add_version(world, 1)
    return ModelVersion.model_validate(world.objects[("ModelVersion", "default", "income-v1")])


def of(version: ModelVersion, **asked: Any) -> str:
    return template_hash(ModelDeploymentSpec.model_validate({"model": "income", **asked}), version)


@pytest.mark.parametrize(
    "asked",
    [
        {"server": {"builtin": {"maxBatchRows": 16}}},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"feedback": {"enabled": False}},
        {"topologySpread": "Zone"},
        {"capture": {"uri": "s3://captured"}},
    ],
)
def test_what_is_asked_of_the_pods_makes_another(version: ModelVersion, asked: dict[str, Any]) -> None:
    assert of(version, **asked) != of(version)


@pytest.mark.parametrize(
    "asked",
    [
        {"replicas": 7},
        {"feedback": {}},
        {"feedback": {"enabled": True}},
        {"suspend": True},
        {"rollout": {"strategy": "Replace"}},
    ],
)
def test_what_is_said_of_anything_else_and_what_holds_anyway_do_not(
    version: ModelVersion, asked: dict[str, Any]
) -> None:
    assert of(version, **asked) == of(version)


CAPTURED = {"uri": "s3://captured", "secretName": "object-store", "perMille": 20}


@pytest.mark.parametrize("change", [{"uri": "s3://other"}, {"secretName": "other"}, {"perMille": 21}])
def test_capture_is_changed_as_an_image_is(version: ModelVersion, change: dict[str, Any]) -> None:
    assert of(version, capture=CAPTURED | change) != of(version, capture=CAPTURED)


def test_who_captures_nothing_keeps_the_names_of_before_there_was_capture(version: ModelVersion) -> None:
    assert of(version) == "75373d24"
