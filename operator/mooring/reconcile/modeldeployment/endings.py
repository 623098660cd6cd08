"""How a rollout begins and ends: begun, superseded, aborted, promoted, rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mooring.api.modelversion import ModelVersion
from mooring.api.rolloutstatus import Arm, HistoryEntry, Outcome, Previous, Progress
from mooring.reconcile.conditions import shorten
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.requests import asked, done
from mooring.reconcile.modeldeployment.rollout import Rollout, drain, identity_of, record, withdraw
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import Steps, hash_of
from mooring.reconcile.plan import Event

DEFAULT_WATCH_SECONDS = 86400


def path_of(sight: Sight, rollout: Rollout, steps: Steps) -> Steps:
    """Return the steps of this rollout: none for the first version of all, and none on the way back."""
    return () if rollout.stable is None or rollout.returning else steps


def begin(sight: Sight, rollout: Rollout, version: ModelVersion, identity: Identity, steps: Steps) -> Rollout:
    """Return the rollout with a new canary. Whatever served before the stable version gives way to it."""
    canary = Arm(
        version=identity.version,
        digest=version.spec.artifact.digest,
        template=identity.template,
        replicas=sight.pods(identity),
        ready=sight.ready(identity),
        started_at=sight.now,
    )
    previous = rollout.previous
    if previous is not None:
        rollout = replace(drain(rollout, previous), previous=None)
    draining = tuple(item for item in rollout.draining if identity_of(item) != identity)
    fresh = replace(rollout, canary=canary, draining=draining, fresh=True)
    path = path_of(sight, fresh, steps)
    progress = at_step(sight, path, 0)
    aim = f"is to take over from {rollout.stable.version}" if rollout.stable is not None else "is to serve"
    event = Event("Normal", "RolloutStarted", shorten(f"{canary.version} {aim}: {rollout.choice.message}"))
    return replace(fresh, progress=progress).tell(event)


def at_step(sight: Sight, path: Steps, index: int) -> Progress:
    """Return the progress of a rollout that comes to a step, or to the promotion after the last one."""
    inside = index < len(path)
    return Progress(
        phase="Starting" if inside or not path else "Promoting",
        step=path[index].name if inside else None,
        step_index=index if path else None,
        since=sight.now,
        steps_hash=hash_of(path),
    )


def supersede(sight: Sight, rollout: Rollout, reason: str) -> Rollout:
    """Return the rollout without its canary, which is not withdrawn: something else is wanted."""
    canary = rollout.canary
    if canary is None:
        return rollout
    known = rollout.is_withdrawn(identity_of(canary))
    ended = rollout if known else _ended(sight, rollout, canary, "Superseded", reason)
    if rollout.stable is not None and not _never_led(sight, rollout, canary):
        ended = drain(ended, canary)
    return replace(ended, canary=None, progress=Progress(phase="Stable", since=sight.now))


def abort(sight: Sight, rollout: Rollout, reason: str) -> Rollout:
    """Return the rollout with its canary withdrawn; it goes when nobody is led to it."""
    canary = rollout.canary
    if canary is None:
        return rollout
    stable = rollout.stable.version if rollout.stable else "nothing"
    event = Event("Warning", "Aborted", shorten(f"{canary.version} is withdrawn, {stable} goes on serving: {reason}"))
    ended = _ended(sight, withdraw(rollout, canary, reason, sight.now), canary, "Aborted", reason).tell(event)
    if rollout.stable is None or _never_led(sight, ended, canary):
        return replace(ended, canary=None, progress=Progress(phase="RolledBack", since=sight.now))
    aborting = rollout.progress.model_copy(update={"phase": "Aborting", "since": sight.now})
    return replace(ended, progress=aborting, target=0, shadow=0)


def aborted(sight: Sight, rollout: Rollout, canary: Arm) -> Rollout:
    """Return the rollout after its weight fell: what was aborted drains."""
    if not sight.is_off(identity_of(canary)):
        return rollout
    return replace(drain(rollout, canary), canary=None, progress=Progress(phase="RolledBack", since=sight.now))


def promote(sight: Sight, rollout: Rollout, canary: Arm, reason: str) -> Rollout:
    """Return the rollout with the pointer moved: the canary serves, nothing restarts."""
    old, rules = rollout.stable, sight.spec.rollout
    back = rollout.returning
    done_ = _ended(sight, rollout, canary, "RolledBack" if back else "Promoted", reason)
    if old is not None:
        watch = rules.watch_seconds_after_promotion
        seconds = DEFAULT_WATCH_SECONDS if watch is None else watch
        if back or rules.strategy == "Replace" or seconds == 0:
            done_ = drain(done_, old)
        else:
            until = sight.now + timedelta(seconds=seconds)
            kept = Previous(version=old.version, digest=old.digest, template=old.template, until=until)
            done_ = replace(done_, previous=kept)
    message = f"{canary.version} serves" + (f" in place of {old.version}" if old else "")
    event = Event("Warning", "RolledBack", message) if back else Event("Normal", "Promoted", message)
    return replace(
        done_,
        stable=canary.model_copy(update={"started_at": sight.now}),
        canary=None,
        progress=Progress(phase="RolledBack" if back else "Stable", since=sight.now),
    ).tell(event)


def _ended(sight: Sight, rollout: Rollout, canary: Arm, outcome: Outcome, reason: str) -> Rollout:
    """Record an end; what was asked for this canary and not acted on is not left to act on its return."""
    old = rollout.stable
    entry = HistoryEntry(
        at=sight.now,
        from_=old.version if old else None,
        from_template=old.template if old else None,
        to=canary.version,
        outcome=outcome,
        seconds=max(0, round((sight.now - canary.started_at).total_seconds())),
        reason=shorten(reason),
    )
    handled = rollout.handled
    waiting = asked(sight.seen.deployment.metadata.annotations, handled, "promote")
    if waiting is not None and waiting.version == canary.version:
        handled = done(handled, "promote", waiting.value)
    return replace(record(rollout, entry), handled=handled)


def _never_led(sight: Sight, rollout: Rollout, canary: Arm) -> bool:
    """Tell whether no user was ever led to a canary, for sure."""
    early = rollout.progress.phase in ("Starting", "Shadowing", "Paused") and not rollout.progress.step_index
    return early and sight.is_off(identity_of(canary))
