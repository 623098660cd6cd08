"""What people ask for by annotations, and what late evidence asks for in their place."""

from __future__ import annotations

from dataclasses import replace

from mooring.api.rolloutstatus import Arm
from mooring.reconcile.conditions import shorten
from mooring.reconcile.modeldeployment.choose import Standing, way_back
from mooring.reconcile.modeldeployment.endings import abort
from mooring.reconcile.modeldeployment.requests import Asked, Verb, annotation, asked, done
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of, withdraw
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.plan import Event


def obey(sight: Sight, rollout: Rollout) -> Rollout:
    """Return the rollout after retry, rollback and abort; each is acted on once, at first sight."""
    rollout = _retry(sight, rollout)
    rollout = _rollback(sight, rollout)
    rollout = _abort(sight, rollout)
    return _drift(sight, _late_truth(sight, rollout))


def standing(rollout: Rollout) -> Standing:
    """Return what a choice depends on."""
    return Standing(rollout.stable, rollout.previous, rollout.withdrawn, rollout.history)


def _take(sight: Sight, rollout: Rollout, verb: Verb) -> tuple[Asked | None, Rollout]:
    found = asked(sight.seen.deployment.metadata.annotations, rollout.handled, verb)
    if found is None:
        return None, rollout
    return found, replace(rollout, handled=done(rollout.handled, verb, found.value))


def _retry(sight: Sight, rollout: Rollout) -> Rollout:
    found, rollout = _take(sight, rollout, "retry")
    if found is None:
        return rollout
    kept = tuple(entry for entry in rollout.withdrawn if entry.version != found.version)
    if len(kept) == len(rollout.withdrawn):
        return _nothing(rollout, "retry", found, "it is not among the withdrawn versions here")
    event = Event("Normal", "RetryAsked", f"{found.version} is no longer withdrawn")
    return replace(rollout, withdrawn=kept).tell(event)


def _rollback(sight: Sight, rollout: Rollout) -> Rollout:
    found, rollout = _take(sight, rollout, "rollback")
    if found is None:
        return rollout
    stable = rollout.stable
    if stable is None or stable.version != found.version:
        serves = stable.version if stable is not None else "nothing"
        return _nothing(rollout, "rollback", found, f"{serves} serves")
    return _return(sight, rollout, stable, "a person asked to go back")


def _return(sight: Sight, rollout: Rollout, stable: Arm, why: str) -> Rollout:
    """Withdraw what serves, so that the version before it is chosen."""
    if rollout.is_withdrawn(identity_of(stable)):
        return rollout
    if way_back(sight.seen, standing(rollout)) is None:
        message = f"{stable.version} goes on serving: no version that served before is left to return to"
        return rollout.tell(Event("Warning", "NothingToReturnTo", message))
    event = Event("Warning", "RollbackAsked", shorten(f"{stable.version} is withdrawn: {why}"))
    return withdraw(rollout, stable, why, sight.now).tell(event)


def _abort(sight: Sight, rollout: Rollout) -> Rollout:
    found, rollout = _take(sight, rollout, "abort")
    if found is None:
        return rollout
    canary = rollout.canary
    if canary is None or canary.version != found.version or rollout.is_withdrawn(identity_of(canary)):
        return _nothing(rollout, "abort", found, "it is not being rolled out")
    return abort(sight, rollout, "a person asked for it")


def _late_truth(sight: Sight, rollout: Rollout) -> Rollout:
    """Go back where evidence that came after the promotion shows that the new version is worse."""
    judged = sight.judgement(rollout.previous, rollout.stable)
    if judged is None or judged.decision.verdict != "Abort" or rollout.stable is None:
        return rollout
    return _return(sight, rollout, rollout.stable, judged.decision.reason)


def _drift(sight: Sight, rollout: Rollout) -> Rollout:
    """Go back where a DriftPolicy finds that the new version does harm, while it is watched; each is acted on once."""
    asks = [policy.status.request for policy in sight.seen.policies if policy.status.request is not None]
    asked_still = rollout.handled.drift in [ask.id for ask in asks]
    if not asked_still:
        rollout = replace(rollout, handled=rollout.handled.model_copy(update={"drift": None}))
    ask = next(iter(asks), None)
    if ask is None or ask.id == rollout.handled.drift:
        return rollout
    rollout = replace(rollout, handled=rollout.handled.model_copy(update={"drift": ask.id}))
    stable = rollout.stable
    if stable is None or stable.version != ask.version:
        why = f"{stable.version if stable is not None else 'nothing'} serves"
    elif rollout.previous is None:
        why = "it is not watched any more: the version before it is gone"
    else:
        return _return(sight, rollout, stable, f"{ask.id}: {ask.reason}")
    told = f"{ask.id} asks to go back from {ask.version}, and {why}: nothing was done"
    return rollout.tell(Event("Warning", "NothingToDo", shorten(told)))


def _nothing(rollout: Rollout, verb: Verb, found: Asked, why: str) -> Rollout:
    message = f"annotation {annotation(verb)} names {found.version}, and {why}: nothing was done"
    return rollout.tell(Event("Warning", "NothingToDo", shorten(message)))
