"""The canary's way, one move at each plan: start, each step, the promotion.

A step comes in force in the order of the law: pods that can carry it are ready, the weight rises, proxies confirm it.
From then on its time counts (`since` is in status: an operator that was away continues).
"""

from __future__ import annotations

from dataclasses import replace

from mooring.api.rollout import Step
from mooring.api.rolloutstatus import Arm
from mooring.reconcile.modeldeployment.capacity import WHOLE, nearest, pods_for
from mooring.reconcile.modeldeployment.crashing import crashed
from mooring.reconcile.modeldeployment.endings import abort, aborted, at_step, path_of, promote
from mooring.reconcile.modeldeployment.requests import asked, done
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import (
    Steps,
    hash_of,
    moved,
    phase_of,
    seconds_of,
    share_of,
    steps_of,
    weight_before,
)
from mooring.reconcile.modeldeployment.trouble import trouble
from mooring.reconcile.observed import Judgement
from mooring.reconcile.plan import Event

BROKEN_SECONDS = 30
"""A stable version none of whose pods has answered for so long is replaced as soon as the new one can carry it all."""


def march(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout after at most one move of its canary."""
    canary = rollout.canary
    if canary is None:
        return rollout
    if rollout.is_withdrawn(identity_of(canary)):
        return aborted(sight, rollout, canary)
    path = path_of(sight, rollout, steps_of(sight.spec))
    rollout = _follow_edits(sight, rollout, path)
    index = rollout.progress.step_index or 0
    judged = sight.judgement(rollout.stable, canary)
    if judged is not None and judged.decision.verdict == "Abort":
        return abort(sight, rollout, judged.decision.reason)
    if (why := crashed(sight, rollout, canary)) is not None:
        return abort(sight, rollout, why)
    if sight.spec.suspend and rollout.stable is not None and not rollout.returning:
        return _frozen(sight, rollout, path, canary)
    if index >= len(path) or _is_broken(sight, rollout):
        return _take_over(sight, rollout, canary, path)
    back = rollout.progress.phase == "Promoting"  # since the stable version answers again
    if back or (rollout.progress.phase == "Waiting" and sight.replicas > 0):
        rollout = replace(rollout, progress=at_step(sight, path, index))
    return _step(sight, rollout, canary, path)


def _follow_edits(sight: Sight, rollout: Rollout, path: Steps) -> Rollout:
    if rollout.progress.steps_hash == hash_of(path):
        return rollout
    index = moved(rollout.progress, path)
    return replace(rollout, progress=at_step(sight, path, index))


def _frozen(sight: Sight, rollout: Rollout, path: Steps, canary: Arm) -> Rollout:
    """Keep what is: a suspended rollout moves no further, and loses nothing."""
    share = sight.asked(identity_of(canary))
    told = sight.seen.deployment.status.traffic
    shadow = told.shadow if told is not None else 0
    index = min(rollout.progress.step_index or 0, len(path))
    prepared = max(share, shadow, weight_before(path, index))
    return replace(rollout, target=share, shadow=shadow, prepared=prepared, held="suspend is true")


def _is_broken(sight: Sight, rollout: Rollout) -> bool:
    stable = rollout.stable
    if stable is None or stable.unready_since is None:
        return False
    return sight.waited(stable.unready_since) >= BROKEN_SECONDS


def _step(sight: Sight, rollout: Rollout, canary: Arm, path: Steps) -> Rollout:
    index = rollout.progress.step_index or 0
    step, before = path[index], weight_before(path, index)
    share, shadow = share_of(path, index), step.shadow_per_cent or 0
    rollout = replace(rollout, prepared=max(share, shadow))
    if rollout.progress.phase not in ("Starting", "Waiting"):
        return _stay(sight, replace(rollout, target=share, shadow=shadow), canary, path)
    if not _is_prepared(sight, rollout, canary):
        return _wait_for_pods(sight, replace(rollout, target=before), canary)
    rollout = replace(rollout, target=share, shadow=shadow)
    if not sight.in_force(identity_of(canary), share, shadow):
        return replace(rollout, held=sight.trouble or "the weight is not in force yet")
    update = {"phase": phase_of(step), "since": sight.now}
    return _tell_step(replace(rollout, progress=rollout.progress.model_copy(update=update)), canary, step)


def _is_prepared(sight: Sight, rollout: Rollout, canary: Arm) -> bool:
    pods = pods_wanted(sight, rollout)
    if rollout.stable is not None and rollout.prepared > 0 and sight.replicas == 0:
        return False  # nobody is served, so nothing can be shown
    return sight.has_capacity(identity_of(canary), pods)


def pods_wanted(sight: Sight, rollout: Rollout) -> int:
    """Return how many pods the canary is to have, at least."""
    whole = rollout.prepared >= WHOLE or sight.spec.autoscaling is not None
    if whole:
        return sight.replicas
    return (nearest if sight.provider == "Replicas" else pods_for)(max(rollout.prepared, 1), sight.replicas)


def _wait_for_pods(sight: Sight, rollout: Rollout, canary: Arm) -> Rollout:
    """Wait for the canary's pods until the deadline; the weight stays where it is."""
    if sight.replicas == 0:  # and no deadline runs
        waiting = rollout.progress.model_copy(update={"phase": "Waiting", "since": None})
        return replace(rollout, progress=waiting, held="replicas is 0: nobody is served, so nothing can be shown")
    waited = sight.waited(rollout.progress.since)
    if waited < sight.spec.rollout.progress_deadline_seconds:
        return rollout
    why = trouble(sight.seen, identity_of(canary)) or "its pods say nothing"
    if rollout.stable is None:
        return replace(rollout, late=why)
    return abort(sight, rollout, f"not ready after {round(waited)} s: {why}")


def _stay(sight: Sight, rollout: Rollout, canary: Arm, path: Steps) -> Rollout:
    """Return the rollout in a step that is in force: it goes on, waits, or ends."""
    step = path[rollout.progress.step_index or 0]
    waited = sight.waited(rollout.progress.since)
    waiting = asked(sight.seen.deployment.metadata.annotations, rollout.handled, "promote")
    if waiting is not None and (waiting.version, waiting.rest.split("/")[0]) == (canary.version, step.name):
        handled = done(rollout.handled, "promote", waiting.value)
        return _next(sight, replace(rollout, handled=handled), path)
    if step.pause is not None:
        return rollout
    if step.weight is None and step.shadow_per_cent is None:
        return _next(sight, rollout, path) if waited >= seconds_of(step) else rollout
    judged = sight.judgement(rollout.stable, canary)
    if judged is not None and sight.is_proven(judged, rollout.progress.since):
        return _next(sight, rollout, path)
    if rollout.progress.phase == "Paused" or waited < seconds_of(step):
        return rollout
    return _undecided(sight, rollout, canary, path, judged)


def _undecided(sight: Sight, rollout: Rollout, canary: Arm, path: Steps, judged: Judgement | None) -> Rollout:
    """Do what the user wants where a step was not decided in its time. Nothing known is not a pass."""
    index = rollout.progress.step_index or 0
    said = judged.decision.reason if judged is not None else "no evidence has arrived"
    why = f"step {path[index].name} is undecided after {seconds_of(path[index])} s: {said}"
    match sight.spec.rollout.on_inconclusive:
        case "Promote":
            return _next(sight, rollout, path)
        case "Abort":
            return abort(sight, rollout, why)
    update = {"phase": "Paused"}  # and the step goes on: evidence that comes later may still decide
    name = f"{canary.version}/{path[index].name}"
    event = Event("Warning", "Inconclusive", f"{why}; to go on: annotate mooring.dev/promote={name}"[:1000])
    return replace(rollout, progress=rollout.progress.model_copy(update=update)).tell(event)


def _next(sight: Sight, rollout: Rollout, path: Steps) -> Rollout:
    index = (rollout.progress.step_index or 0) + 1
    return replace(rollout, progress=at_step(sight, path, index))


def _tell_step(rollout: Rollout, canary: Arm, step: Step) -> Rollout:
    said = {
        "Shadowing": f"{canary.version} answers {step.shadow_per_cent}% of the requests unseen",
        "Analysing": f"{canary.version} answers {step.weight}% of the requests",
    }.get(rollout.progress.phase, f"{canary.version} waits at step {step.name}")
    if step.pause is not None:
        said += f" for a person: annotate mooring.dev/promote={canary.version}/{step.name}"
    return rollout.tell(Event("Normal", "StepReached", f"step {step.name}: {said}"))


def _take_over(sight: Sight, rollout: Rollout, canary: Arm, path: Steps) -> Rollout:
    """Lead everybody to the canary once it can carry everything, and move the pointer when that is in force."""
    identity = identity_of(canary)
    inside = (rollout.progress.step_index or 0) < len(path)
    rollout = replace(rollout, prepared=WHOLE, target=sight.asked(identity))
    if not sight.has_capacity(identity, sight.replicas):
        return rollout if inside or sight.replicas == 0 else _wait_for_pods(sight, rollout, canary)
    if rollout.stable is None:
        return promote(sight, rollout, canary, rollout.choice.message)
    goal = WHOLE - _holdback(sight, rollout)
    stable = rollout.stable.version
    why = f"{stable} does not answer, so it is replaced without more steps" if inside else None
    rollout = replace(rollout, target=goal, held=why)
    if sight.in_force(identity, goal):
        return promote(sight, rollout, canary, rollout.held or rollout.choice.message)
    told = rollout.held or sight.trouble
    if rollout.progress.phase == "Promoting":
        return replace(rollout, held=told)
    update = {"phase": "Promoting", "since": sight.now}
    return replace(rollout, progress=rollout.progress.model_copy(update=update), held=told)


def _holdback(sight: Sight, rollout: Rollout) -> int:
    """Return the share that the stable version keeps when it is replaced: none where it does not answer."""
    rules = sight.spec.rollout
    watched = rules.strategy == "Canary" and rules.watch_seconds_after_promotion != 0 and not rollout.returning
    return (rules.holdback_per_cent or 0) if watched and not _is_broken(sight, rollout) else 0
