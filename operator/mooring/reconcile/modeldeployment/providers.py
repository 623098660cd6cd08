"""Who leads users to versions, and what exists for that."""

from __future__ import annotations

from typing import Literal

from mooring.api.config import OperatorConfig
from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.reconcile.modeldeployment.steps import steps_of

Provider = Literal["Service", "Gateway", "Envoy", "Replicas"]


def provider_of(spec: ModelDeploymentSpec, config: OperatorConfig) -> Provider:
    """Return the provider: the one that is asked for, else the best that there is for this spec.

    Strategy Replace leads everybody to one version at a time, and needs but the Service.
    """
    if spec.traffic.provider != "Auto":
        return spec.traffic.provider
    if spec.traffic.gateway is not None:
        return "Gateway"
    if spec.rollout.strategy == "Replace":
        return "Service"
    return "Replicas" if config.envoy_image is None else "Envoy"


def lacking(spec: ModelDeploymentSpec, config: OperatorConfig) -> str | None:
    """Return why a rollout cannot go as it is asked for, as a sentence that says what to do."""
    provider = provider_of(spec, config)
    if provider == "Envoy" and config.envoy_image is None:
        return "traffic.provider Envoy needs envoyImage in the operator's configuration: set it, or use provider Auto"
    if provider != "Envoy" and any(step.shadow_per_cent is not None for step in steps_of(spec)):
        return "a step with shadowPerCent needs Envoy: set envoyImage in the operator's configuration, or leave it out"
    return None
