"""The conditions of a ModelDeployment: what people and kstatus read."""

from __future__ import annotations

from mooring.api.rolloutstatus import Arm
from mooring.reconcile.conditions import Truth, Wanted, summary
from mooring.reconcile.modeldeployment.limits import limits
from mooring.reconcile.modeldeployment.march import pods_wanted
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import steps_of
from mooring.reconcile.modeldeployment.trouble import trouble


def told(sight: Sight, rollout: Rollout) -> list[Wanted]:
    """Return every condition as it should be now."""
    busy = rollout.canary is not None and rollout.late is None
    stalled = rollout.choice.refused or rollout.late is not None
    general = summary(ready=_ready(sight, rollout), busy=busy, stalled=stalled)
    return [*general, _progressing(sight, rollout), _rolled_back(rollout), *limits(sight.spec)]


def _ready(sight: Sight, rollout: Rollout) -> tuple[Truth, str, str]:
    stable, choice = rollout.stable, rollout.choice
    serving = f"{stable.version} serves, {stable.ready} of {stable.replicas} replicas ready" if stable else ""
    if choice.refused:
        return "False", choice.reason, f"{choice.message}{'; ' + serving if serving else ''}"
    if rollout.late is not None:
        return "False", "ProgressDeadlineExceeded", f"not ready in time: {rollout.late}"
    if stable is None and rollout.canary is not None:
        why = trouble(sight.seen, identity_of(rollout.canary))
        return "False", "Starting", f"{rollout.canary.version} is starting{': ' + why if why else ''}"
    if stable is None:
        return "False", choice.reason, choice.message
    if sight.replicas > 0 and stable.ready == 0 and not _is_carried(rollout):
        why = trouble(sight.seen, identity_of(stable))
        return "False", "NoReplicaReady", f"{serving}{': ' + why if why else ''}"
    return "True", "Serving", serving


def _is_carried(rollout: Rollout) -> bool:
    """Tell whether everybody is led to the canary, which answers."""
    canary = rollout.canary
    return canary is not None and canary.ready > 0 and rollout.weights.get(identity_of(canary), 0) == 100


def _progressing(sight: Sight, rollout: Rollout) -> Wanted:
    canary = rollout.canary
    if canary is None:
        return _resting(rollout)
    if rollout.late is not None:
        return Wanted("Progressing", "False", "ProgressDeadlineExceeded", _starting(sight, rollout, canary))
    if sight.spec.suspend and rollout.stable is not None:
        return Wanted("Progressing", "False", "Suspended", f"{_where(sight, rollout, canary)}; suspend is true")
    phase = rollout.progress.phase
    message = _starting(sight, rollout, canary) if phase == "Starting" else _where(sight, rollout, canary)
    return Wanted("Progressing", "True", phase, f"{message}{'; ' + rollout.held if rollout.held else ''}")


def _starting(sight: Sight, rollout: Rollout, canary: Arm) -> str:
    why = trouble(sight.seen, identity_of(canary))
    wanted = sight.replicas if rollout.stable is None else pods_wanted(sight, rollout)
    step = f" for step {rollout.progress.step}" if rollout.progress.step_index else ""
    return f"{canary.version} is starting{step}, {canary.ready} of {wanted} replicas ready{': ' + why if why else ''}"


def _where(sight: Sight, rollout: Rollout, canary: Arm) -> str:
    """Return where a rollout stands, and what a person may do."""
    progress, share = rollout.progress, rollout.weights.get(identity_of(canary), 0)
    at = f"{canary.version} at {share}%"
    match progress.phase:
        case "Shadowing":
            return f"{canary.version} answers {rollout.shadow}% of the requests unseen, step {progress.step}"
        case "Analysing":
            return f"{at}, step {progress.step} is judged"
        case "Paused" if _waits_for_time(sight, rollout):
            return f"{at}, step {progress.step} waits its time"
        case "Paused":
            how = f"annotate mooring.dev/promote={canary.version}/{progress.step}"
            return f"{at}, step {progress.step} waits for a person: {how}, or mooring.dev/abort={canary.version}"
        case "Aborting":
            return f"{canary.version} is withdrawn, its share falls ({share}%): {_last_reason(rollout)}"
        case _:
            return f"{canary.version} takes over, {share}%"


def _waits_for_time(sight: Sight, rollout: Rollout) -> bool:
    steps, index = steps_of(sight.spec), rollout.progress.step_index
    step = steps[index] if index is not None and index < len(steps) else None
    return step is not None and step.pause is None and step.weight is None and step.shadow_per_cent is None


def _last_reason(rollout: Rollout) -> str:
    return rollout.withdrawn[0].reason if rollout.withdrawn else ""


def _resting(rollout: Rollout) -> Wanted:
    last = rollout.history[0] if rollout.history else None
    if last is not None and last.outcome == "Aborted":
        return Wanted("Progressing", "False", "Aborted", f"{last.to} was withdrawn: {last.reason}")
    return Wanted("Progressing", "False", "Idle", "no version is being replaced")


def _rolled_back(rollout: Rollout) -> Wanted:
    """Return whether the last rollout ended with the version before it."""
    last = rollout.history[0] if rollout.history else None
    if rollout.canary is None and last is not None and last.outcome in ("Aborted", "RolledBack"):
        gone = last.to if last.outcome == "Aborted" else last.from_
        return Wanted("RolledBack", "True", last.outcome, f"{gone} was withdrawn: {last.reason}")
    return Wanted("RolledBack", "False", "NotRolledBack", "the last rollout was not taken back")
