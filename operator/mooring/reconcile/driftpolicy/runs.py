"""The runs of the TrainingJob, as money spent: what policies asked for, what is under way, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import RunStatus
from mooring.reconcile.driftpolicy.seen import Seen

MONTH = timedelta(days=30)
PREFIX = "dp/"
"""What every request of a policy begins with."""


def request_id(seen: Seen, number: int) -> str:
    """Return the id of a policy's request."""
    return f"{PREFIX}{seen.policy.metadata.name}/{number}"


def number_of(seen: Seen, request: str) -> int:
    """Return the number of a request of this policy's name, or 0."""
    number = request.removeprefix(f"{PREFIX}{seen.policy.metadata.name}/")
    return int(number) if number.isdigit() else 0


def next_number(seen: Seen) -> int:
    """Return a number beyond any that was ever given, as far as anything remembers."""
    status = seen.policy.status
    own = [item.id for item in (status.request, status.last) if item is not None]
    made = [item.spec.provenance.request for item in seen.versions if item.spec.provenance is not None]
    ran = [*seen.job.status.handled, *(run.request for run in seen.job.status.runs)] if seen.job is not None else []
    return 1 + max([status.last_number or 0, *(number_of(seen, request) for request in (*own, *made, *ran))])


def run_of(seen: Seen, request: str) -> RunStatus | None:
    """Return the run of a request, where its TrainingJob still lists it."""
    runs = seen.job.status.runs if seen.job is not None else []
    return next((run for run in runs if run.request == request), None)


def made_by(seen: Seen, request: str) -> ModelVersion | None:
    """Return the version that came of a request."""
    for version in seen.versions:
        if version.spec.provenance is not None and version.spec.provenance.request == request:
            return version
    return None


def is_handled(seen: Seen, request: str) -> bool:
    """Tell whether a TrainingJob has started on a request."""
    handled = seen.job is not None and request in seen.job.status.handled
    return handled or run_of(seen, request) is not None or made_by(seen, request) is not None


def starts(seen: Seen) -> dict[str, datetime]:
    """Return when the runs began that any policy asked this TrainingJob for, by request."""
    month = seen.policy.status.month
    found = {request_id(seen, item.number): item.at for item in month.starts} if month is not None else {}
    found |= dict(_recorded(seen))
    if seen.job is not None:
        found |= {run.request: run.started_at for run in seen.job.status.runs}
    return {request: at for request, at in found.items() if request.startswith(PREFIX)}


def in_month(seen: Seen, now: datetime) -> list[datetime]:
    """Return the starts of the last 30 days, the oldest first."""
    return sorted(at for at in starts(seen).values() if at > now - MONTH)


def last_finish(seen: Seen) -> datetime | None:
    """Return when the last run of the TrainingJob finished, whoever asked for it."""
    runs = seen.job.status.runs if seen.job is not None else []
    ends = [run.finished_at for run in runs if run.finished_at is not None]
    return max([*ends, *(at for _, at in _recorded(seen))], default=None)


def last_duration(seen: Seen) -> float | None:
    """Return the seconds that the newest finished run took, which is what another may cost."""
    runs = seen.job.status.runs if seen.job is not None else []
    took = ((run.finished_at - run.started_at).total_seconds() for run in runs if run.finished_at is not None)
    return next(took, None)


def vain(seen: Seen) -> int:
    """Return how many of the newest runs that policies asked for brought nothing in a row."""
    count = 0
    for run in seen.job.status.runs if seen.job is not None else []:
        if not run.request.startswith(PREFIX) or run.finished_at is None:
            continue
        if run.failure is None and not run.unchanged and run.verdict != "Rejected":
            break
        count += 1
    return count


def _recorded(seen: Seen) -> Iterator[tuple[str, datetime]]:
    """Yield (request, when the version was recorded) of what this TrainingJob made."""
    name = seen.policy.spec.retrain.training_job if seen.policy.spec.retrain is not None else None
    for version in seen.versions:
        came_of, at = version.spec.provenance, version.metadata.creation_timestamp
        if came_of is not None and at is not None and came_of.training_job == name:
            yield came_of.request, at
