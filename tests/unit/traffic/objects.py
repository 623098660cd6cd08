"""A ModelDeployment for tests of rendering."""

from __future__ import annotations

from typing import Any

from mooring.api.modeldeployment import ModelDeployment


def deployment(replicas: int = 2, **spec: Any) -> ModelDeployment:
    metadata = {"name": "income", "namespace": "default", "uid": "u-1"}
    return ModelDeployment.model_validate(
        {"metadata": metadata, "spec": {"model": "income", "replicas": replicas} | spec}
    )
