"""What is to be judged of a ModelDeployment now, by its spec and status."""

from __future__ import annotations

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.rolloutstatus import Arm, Previous
from mooring.reconcile.judging.watch import SHADOWED, Subject
from mooring.reconcile.modeldeployment.evidence import judge_settings
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.steps import steps_of

PROVIDERS = ("Envoy", "Gateway", "Replicas")
"""Those that divide requests between two versions."""


def subject_of(deployment: ModelDeployment) -> Subject | None:
    """Return what is to be judged, or None where nothing is: one version, or no division of requests."""
    status = deployment.status
    if status.stable is None or status.traffic is None or status.traffic.provider not in PROVIDERS:
        return None
    if status.canary is not None:
        return _subject(deployment, status.stable, status.canary, status.canary.started_at.isoformat())
    if status.previous is not None:
        return _subject(deployment, status.previous, status.stable, None)
    return None


def asked_share(deployment: ModelDeployment, subject: Subject) -> int:
    """Return what the shares are to be, as a number of its own for each: the canary's, or that of its shadow."""
    traffic = deployment.status.traffic
    if traffic is None:
        return 0
    share = next((item.weight for item in traffic.split if item.arm == subject.canary), 0)
    return share * 10 if share else SHADOWED + traffic.shadow


def _subject(deployment: ModelDeployment, stable: Arm | Previous, canary: Arm, key: str | None) -> Subject:
    analysis, progress = deployment.spec.rollout.analysis, deployment.status.rollout
    traffic = deployment.status.traffic
    latency = analysis.latency if analysis is not None else None
    return Subject(
        key=key,
        stable=_arm(deployment, stable),
        canary=_arm(deployment, canary),
        stable_number=_number(stable.version),
        canary_number=_number(canary.version),
        step=progress.since.isoformat() if progress is not None and progress.since is not None else "",
        min_requests=_min_requests(deployment),
        shadow=bool(traffic is not None and traffic.shadow),
        settings=judge_settings(deployment.spec),
        slow_microseconds=latency.threshold_milliseconds * 1000 if latency is not None else None,
    )


def _min_requests(deployment: ModelDeployment) -> int:
    steps, progress = steps_of(deployment.spec), deployment.status.rollout
    index = progress.step_index if progress is not None else None
    return (steps[index].min_requests or 0) if index is not None and index < len(steps) else 0


def _arm(deployment: ModelDeployment, arm: Arm | Previous) -> str:
    return Identity(arm.version, arm.template).child_name(deployment.metadata.name)


def _number(version: str) -> int:
    return int(version.rpartition("-v")[2])
