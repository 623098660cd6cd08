"""Where a ModelDeployment stands: what its status remembers, with what is seen now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mooring.api.rolloutstatus import Arm, Draining, Forecast, Handled, HistoryEntry, Previous, Progress, Withdrawn
from mooring.reconcile.conditions import shorten
from mooring.reconcile.modeldeployment.choose import Choice
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.requests import still_handled
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.plan import Event

LISTED = 20
"""Entries of history and withdrawn versions that status keeps."""


@dataclass(frozen=True)
class Rollout:
    """Where a ModelDeployment stands after this plan."""

    stable: Arm | None
    canary: Arm | None
    previous: Previous | None
    draining: tuple[Draining, ...]
    withdrawn: tuple[Withdrawn, ...]
    history: tuple[HistoryEntry, ...]
    progress: Progress
    handled: Handled
    choice: Choice
    target: int = 0
    """The canary's share that is wanted now, in per cent."""
    shadow: int = 0
    """Per cent of the requests that the canary answers unseen."""
    prepared: int = 0
    """The share that the canary's pods must be able to carry."""
    weights: Mapping[Identity, int] = field(default_factory=dict)
    """Per cent by arm, adding up to 100; an arm that is not named has none."""
    sizes: Mapping[Identity, int] = field(default_factory=dict)
    """Pods of everything that runs."""
    late: str | None = None
    """Why the first version of all is not ready though its deadline has passed."""
    held: str | None = None
    """What the rollout waits for, where that is not said by its phase."""
    fresh: bool = False
    """The canary begins in this plan."""
    forecast: Forecast | None = None
    """What the steps can show."""
    events: tuple[Event, ...] = ()

    def tell(self, event: Event) -> Rollout:
        """Return the same with one more event."""
        return replace(self, events=(*self.events, event))

    def is_withdrawn(self, identity: Identity) -> bool:
        """Tell whether a version and template were withdrawn here."""
        return any(identity_of(entry) == identity for entry in self.withdrawn)

    @property
    def returning(self) -> bool:
        """Tell whether what serves was withdrawn, so that the version before must serve again."""
        return self.stable is not None and self.is_withdrawn(identity_of(self.stable))


def identity_of(entry: Arm | Draining | Withdrawn | Previous) -> Identity:
    """Return the identity of an entry of status."""
    return Identity(entry.version, entry.template)


def recall(seen: Seen, now: datetime) -> Rollout:
    """Return what status remembers, with the pods that are seen now."""
    status, annotations = seen.deployment.status, seen.deployment.metadata.annotations
    return Rollout(
        stable=_refresh(seen, status.stable, now),
        canary=_refresh(seen, status.canary, now),
        previous=status.previous,
        draining=tuple(status.draining),
        withdrawn=tuple(status.withdrawn),
        history=tuple(status.history),
        progress=status.rollout or Progress(phase="Waiting"),
        handled=still_handled(annotations, status.handled),
        choice=Choice(None, None, "NoVersion", ""),
        forecast=status.forecast,
    )


def _refresh(seen: Seen, arm: Arm | None, now: datetime) -> Arm | None:
    if arm is None:
        return None
    child = seen.children.get(identity_of(arm).child_name(seen.deployment.metadata.name))
    replicas, ready = (child.replicas, child.ready) if child is not None else (0, 0)
    down = ready == 0 and seen.deployment.spec.replicas > 0
    since = (arm.unready_since or now) if down else None
    return arm.model_copy(update={"replicas": replicas, "ready": ready, "unready_since": since})


def withdraw(rollout: Rollout, arm: Arm, reason: str, now: datetime) -> Rollout:
    """Return the rollout with a version withdrawn here: not tried again by itself."""
    entry = Withdrawn(version=arm.version, template=arm.template, at=now, reason=shorten(reason))
    return replace(rollout, withdrawn=(entry, *rollout.withdrawn)[:LISTED])


def record(rollout: Rollout, entry: HistoryEntry) -> Rollout:
    """Return the rollout with one more entry of history."""
    return replace(rollout, history=(entry, *rollout.history)[:LISTED])


def drain(rollout: Rollout, entry: Arm | Previous) -> Rollout:
    """Return the rollout with an arm that goes when nobody is led to it; what is short of room goes confirmed."""
    leaving = Draining(version=entry.version, template=entry.template)
    others = [item for item in rollout.draining if identity_of(item) != identity_of(leaving)]
    unsure = [item for item in others if item.until is None]
    sure = [item for item in others if item.until is not None]
    room = max(0, 7 - len(unsure))
    return replace(rollout, draining=(*unsure, *(sure[-room:] if room else ()), leaving))
