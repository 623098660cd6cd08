"""Who serves, who starts, who drains: the state machine of a replacement. The order drops nobody.

Up: the candidate is ready, all of it, before the Service leads to it. Down: the Service is seen to lead away, the delay
passes, then the old version goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mooring.api.modeldeployment import Arm, Draining, HistoryEntry, Withdrawn
from mooring.reconcile.modeldeployment.choose import Choice, choose
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.seen import ChildSeen, Seen
from mooring.reconcile.modeldeployment.trouble import trouble
from mooring.reconcile.plan import Event

_HISTORY = 20
_UNOBSERVED = timedelta(seconds=1)


@dataclass(frozen=True)
class Rollout:
    """Where a ModelDeployment stands after this plan."""

    choice: Choice
    stable: Arm | None
    candidate: Arm | None
    draining: tuple[Draining, ...]
    withdrawn: tuple[Withdrawn, ...]
    history: tuple[HistoryEntry, ...]
    late: str | None = None
    """Why the first version of all is not ready though its deadline has passed."""
    events: tuple[Event, ...] = field(default=())


def identity_of(arm: Arm | Draining | Withdrawn) -> Identity:
    """Return the identity of an entry of status."""
    return Identity(arm.version, arm.template)


def advance(seen: Seen, now: datetime) -> Rollout:
    """Return where the ModelDeployment stands now."""
    status = seen.deployment.status
    choice = choose(seen)
    begun = Rollout(
        choice=choice,
        stable=_refresh(seen, status.stable),
        candidate=_candidate(seen, choice, now),
        draining=_still_draining(seen, choice, now),
        withdrawn=tuple(status.withdrawn),
        history=tuple(status.history),
    )
    forgiven = _forgive(begun)
    if forgiven.candidate is None:
        return forgiven
    return _replace_if_ready(seen, forgiven, forgiven.candidate, now)


def _refresh(seen: Seen, arm: Arm | None) -> Arm | None:
    if arm is None:
        return None
    child = _child(seen, identity_of(arm))
    counts = {"replicas": child.replicas if child else 0, "ready": child.ready if child else 0}
    return arm.model_copy(update=counts)


def _child(seen: Seen, identity: Identity) -> ChildSeen | None:
    return seen.children.get(identity.child_name(seen.deployment.metadata.name))


def _candidate(seen: Seen, choice: Choice, now: datetime) -> Arm | None:
    status, target = seen.deployment.status, choice.identity
    if target is None or choice.version is None:
        return None
    if status.stable is not None and (seen.deployment.spec.suspend or identity_of(status.stable) == target):
        return None
    before = status.candidate
    if before is not None and identity_of(before) == target:
        return _refresh(seen, before)
    fresh = Arm(
        version=target.version,
        digest=choice.version.spec.artifact.digest,
        template=target.template,
        replicas=0,
        ready=0,
        since=now,
    )
    return _refresh(seen, fresh)


def _still_draining(seen: Seen, choice: Choice, now: datetime) -> tuple[Draining, ...]:
    """Return those that must go on running; one that is wanted again is no longer draining."""
    kept = []
    for entry in seen.deployment.status.draining:
        identity = identity_of(entry)
        back = identity == choice.identity
        if not back and (now < entry.until or _is_routed(seen, identity)):
            kept.append(entry)
    return tuple(kept)


def _is_routed(seen: Seen, identity: Identity) -> bool:
    """Tell whether the Service may still lead to a version; not knowing counts as yes."""
    if seen.routed is None:
        return True
    arm = identity.child_name(seen.deployment.metadata.name)
    return any(pod.name in seen.routed for pod in seen.pods.get(arm, []))


def _forgive(rollout: Rollout) -> Rollout:
    """Forget the withdrawal of a version that is being tried again."""
    candidate = rollout.candidate
    if candidate is None:
        return rollout
    kept = tuple(item for item in rollout.withdrawn if identity_of(item) != identity_of(candidate))
    return replace(rollout, withdrawn=kept)


def _replace_if_ready(seen: Seen, rollout: Rollout, candidate: Arm, now: datetime) -> Rollout:
    child = _child(seen, identity_of(candidate))
    wanted = seen.deployment.spec.replicas
    if child is not None and not child.deleting and child.replicas == wanted and child.ready >= wanted:
        return _promote(seen, rollout, candidate, now)
    waited = (now - candidate.since).total_seconds()
    if waited < seen.deployment.spec.rollout.progress_deadline_seconds:
        return rollout
    why = trouble(seen, identity_of(candidate)) or "its pods say nothing"
    if rollout.stable is None:
        return replace(rollout, late=why)
    return _withdraw(rollout, candidate, round(waited), why, now)


def _promote(seen: Seen, rollout: Rollout, candidate: Arm, now: datetime) -> Rollout:
    old, rules = rollout.stable, seen.deployment.spec.rollout
    draining = rollout.draining
    if old is not None:
        until = now + max(timedelta(seconds=rules.scale_down_delay_seconds), _UNOBSERVED)
        draining = (*draining, Draining(version=old.version, template=old.template, until=until))[-8:]
    entry = _entry(old, candidate, now, rollout.choice.message, withdrawn=False)
    message = f"{candidate.version} serves" + (f" in place of {old.version}" if old else "")
    return replace(
        rollout,
        stable=candidate.model_copy(update={"since": now}),
        candidate=None,
        draining=draining,
        history=(entry, *rollout.history)[:_HISTORY],
        events=(Event("Normal", "Promoted", message),),
    )


def _withdraw(rollout: Rollout, candidate: Arm, waited: int, why: str, now: datetime) -> Rollout:
    reason = f"not ready after {waited} s: {why}"[:1000]
    entry = Withdrawn(version=candidate.version, template=candidate.template, at=now, reason=reason)
    stable = rollout.stable.version if rollout.stable else "nothing"
    message = f"{candidate.version} is withdrawn, {stable} goes on serving: {reason}"
    return replace(
        rollout,
        candidate=None,
        withdrawn=(entry, *rollout.withdrawn)[:20],
        history=(_entry(rollout.stable, candidate, now, reason, withdrawn=True), *rollout.history)[:_HISTORY],
        events=(Event("Warning", "Withdrawn", message[:1000]),),
    )


def _entry(old: Arm | None, new: Arm, now: datetime, reason: str, *, withdrawn: bool) -> HistoryEntry:
    return HistoryEntry(
        at=now,
        from_=old.version if old else None,
        to=new.version,
        outcome="Withdrawn" if withdrawn else "Promoted",
        seconds=max(0, round((now - new.since).total_seconds())),
        reason=reason,
    )
