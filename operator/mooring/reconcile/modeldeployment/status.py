"""What a ModelDeployment says of itself."""

from __future__ import annotations

from datetime import datetime

from mooring.api.modeldeployment import ModelDeploymentStatus, Phase
from mooring.reconcile.conditions import Truth, Wanted, set_conditions, summary
from mooring.reconcile.modeldeployment.choose import retry_of
from mooring.reconcile.modeldeployment.limits import limits
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.seen import LABEL_ARM, Seen
from mooring.reconcile.modeldeployment.trouble import trouble


def compose(seen: Seen, rollout: Rollout, now: datetime) -> ModelDeploymentStatus:
    """Return the whole status after this plan."""
    metadata, before = seen.deployment.metadata, seen.deployment.status
    stable, retry = rollout.stable, retry_of(seen)
    arm = identity_of(stable).child_name(metadata.name) if stable else None
    conditions = set_conditions(before.conditions, _conditions(seen, rollout), generation=metadata.generation, now=now)
    return ModelDeploymentStatus(
        observed_generation=metadata.generation,
        conditions=conditions,
        phase=_phase(rollout),
        replicas=stable.replicas if stable else 0,
        selector=f"{LABEL_ARM}={arm}" if arm else None,
        stable=stable,
        candidate=rollout.candidate,
        draining=list(rollout.draining),
        withdrawn=list(rollout.withdrawn),
        last_retry=retry[1] if retry else before.last_retry,
        history=list(rollout.history),
        url=f"http://{metadata.name}.{metadata.namespace}.svc" if stable or rollout.candidate else None,
    )


def _phase(rollout: Rollout) -> Phase:
    if rollout.candidate is not None:
        return "Replacing" if rollout.stable else "Starting"
    return "Stable" if rollout.stable else "Waiting"


def _conditions(seen: Seen, rollout: Rollout) -> list[Wanted]:
    busy = rollout.candidate is not None and rollout.late is None
    stalled = rollout.choice.refused or rollout.late is not None
    told = summary(ready=_ready(seen, rollout), busy=busy, stalled=stalled)
    return [*told, _progressing(seen, rollout), *limits(seen.deployment.spec)]


def _ready(seen: Seen, rollout: Rollout) -> tuple[Truth, str, str]:
    stable, choice = rollout.stable, rollout.choice
    serving = f"{stable.version} serves, {stable.ready} of {stable.replicas} replicas ready" if stable else ""
    if choice.refused:
        return "False", choice.reason, f"{choice.message}{'; ' + serving if serving else ''}"
    if rollout.late is not None:
        return "False", "ProgressDeadlineExceeded", f"not ready in time: {rollout.late}"
    if stable is None and rollout.candidate is not None:
        why = trouble(seen, identity_of(rollout.candidate))
        return "False", "Starting", f"{rollout.candidate.version} is starting{': ' + why if why else ''}"
    if stable is None:
        return "False", choice.reason, choice.message
    if seen.deployment.spec.replicas > 0 and stable.ready == 0:
        why = trouble(seen, identity_of(stable))
        return "False", "NoReplicaReady", f"{serving}{': ' + why if why else ''}"
    return "True", "Serving", serving


def _progressing(seen: Seen, rollout: Rollout) -> Wanted:
    candidate = rollout.candidate
    if candidate is None:
        return _resting(rollout)
    why = trouble(seen, identity_of(candidate))
    ready = f"{candidate.ready} of {seen.deployment.spec.replicas} replicas ready"
    message = f"{candidate.version} is starting, {ready}{': ' + why if why else ''}"
    if rollout.late is not None:
        return Wanted("Progressing", "False", "ProgressDeadlineExceeded", message)
    return Wanted("Progressing", "True", "Starting", message)


def _resting(rollout: Rollout) -> Wanted:
    last = rollout.history[0] if rollout.history else None
    if last is not None and last.outcome == "Withdrawn":
        return Wanted("Progressing", "False", "Withdrawn", f"{last.to} was withdrawn: {last.reason}")
    return Wanted("Progressing", "False", "Idle", "no version is being replaced")
