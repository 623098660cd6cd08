"""The operator's own configuration: one ConfigMap, validated here."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from mooring.api.base import Model
from mooring.api.trainingjob import Output


class OperatorConfig(Model):
    """What the operator's ConfigMap (key `config.yaml`) may say. A mistake stops the operator with a clear log line."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    runtime_image: Annotated[str, Field(min_length=1, max_length=512)]
    """The image of training pods, and of pods that serve a version without a compiled form."""
    serving_image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The smaller image of pods that serve a compiled form, and of what fetches files for a `server.container`.
    Absent: `runtimeImage` does it all."""
    envoy_image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The image of pods that divide traffic: Envoy 1.40 or newer as `envoy`, and bash. Absent: none does."""
    namespaces: Annotated[list[str], Field(max_length=100)] = Field(default_factory=list)
    """Namespaces to watch. Empty: all of them (needs the ClusterRole)."""
    default_output: Output | None = None
    """Where artifacts go when a TrainingJob does not say; the Secret is looked up in the TrainingJob's namespace."""
    resync_seconds: Annotated[int, Field(ge=10, le=86400)] = 600
    """Every resource is looked at again this often, in case an event was lost."""
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    storm_policies: Annotated[int, Field(ge=2, le=1000)] = 3
    """DriftPolicies whose evidence fires together are held when they are of so many deployments: a fault upstream."""
