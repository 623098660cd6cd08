"""Be the only operator of the cluster for a while: a deployed one is scaled away, and comes back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.kube import Kube, eventually

NAMESPACE, NAME = "mooring-system", "mooring-operator"


@contextmanager
def alone(kubeconfig: str) -> Iterator[None]:
    """End the deployed operator, if there is one, until the block is left. Its work waits and is taken up again."""
    kube = Kube(kubeconfig, NAMESPACE)
    deployment = kube.get("Deployment", NAME)
    replicas = deployment["spec"]["replicas"] if deployment else 0
    if not replicas:
        yield
        return
    kube.merge("Deployment", NAME, {"spec": {"replicas": 0}})
    try:
        eventually(
            "the deployed operator has ended", lambda: not kube.list("Pod", f"app.kubernetes.io/name={NAME}"), 40
        )
        yield
    finally:
        kube.merge("Deployment", NAME, {"spec": {"replicas": replicas}})
