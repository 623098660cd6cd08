"""What a user's own server cannot do, said where it is seen."""

from __future__ import annotations

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.reconcile.conditions import Wanted

_MESSAGE = (
    "server.container keeps no ledger: errors of a canary are counted by the router alone; latency, disagreement, "
    "feedback, quality and drift are not known, and it is ready when its readyPath says so; server.builtin knows all"
)


def limits(spec: ModelDeploymentSpec) -> list[Wanted]:
    """Return the condition that says what does not work, and nothing where everything does."""
    if spec.server is None or spec.server.container is None:
        return []
    return [Wanted("Observed", "False", "NoLedger", _MESSAGE)]
