"""Where a policy stands: what its status remembers, moved on step by step within one plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mooring.api.driftstatus import DataStatus, LastStatus, RequestStatus, StartStatus, SuppressedStatus
from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy import listing
from mooring.reconcile.driftpolicy.runs import MONTH, next_number
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.plan import Event


@dataclass(frozen=True)
class Course:
    """What was asked for, what came of it, and what was decided on."""

    request: RequestStatus | None
    last: LastStatus | None
    suppressed: SuppressedStatus | None
    starts: tuple[StartStatus, ...]
    number: int
    """The highest that a request was given."""
    backoff: int
    """Runs in a row that did not help."""
    alarm: int
    """The last alarm that was decided on."""
    scheduled: datetime
    """Times of schedules up to this one were decided on."""
    data: DataStatus | None = None
    """What is known of the data, where new data is a trigger."""
    events: tuple[Event, ...] = ()

    def tell(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> Course:
        """Return the same with one more event."""
        return replace(self, events=(*self.events, Event(kind, reason, shorten(message))))


def recall(seen: Seen, now: datetime) -> Course:
    """Return what status remembers; a changed spec leaves times of schedules before the change alone."""
    policy = seen.policy
    status = policy.status
    known = status.observed_generation == policy.metadata.generation and status.scheduled is not None
    month = status.month.starts if status.month is not None else []
    return Course(
        request=status.request,
        last=status.last,
        suppressed=status.suppressed,
        starts=tuple(item for item in month if item.at > now - MONTH),
        number=next_number(seen) - 1,
        backoff=status.backoff or 0,
        alarm=status.alarm or 0,
        data=listing.read(seen, now),
        scheduled=status.scheduled if known and status.scheduled is not None else now.replace(microsecond=0),
    )
