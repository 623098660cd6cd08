"""Looking for new data: a small Job lists what the next run would read, and nothing is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mooring.api.base import ObjectMeta
from mooring.api.driftpolicy import DriftPolicy, Trigger
from mooring.api.driftstatus import DataStatus
from mooring.api.trainingjob import DataSource
from mooring.api.wire import DATA_PREFIX, LIST_ORDER_VARIABLE, ListOrder, ListReport
from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy.lookjob import NO_ANSWER, job_name, jobs_of, render_job
from mooring.reconcile.plan import Apply, Cache, Key
from mooring.reconcile.render import credentials, resources

if TYPE_CHECKING:
    from mooring.reconcile.driftpolicy.seen import Seen

CONTAINER = "lister"
KIND = "data"
POLL_SECONDS = 3600
_DEADLINE_SECONDS = 300


@dataclass(frozen=True)
class Look:
    """A Job that lists, as plans need it."""

    job: str
    ended: bool
    report: ListReport | None
    """None: it has not said anything, or what it said is lost."""


def looks_of(key: Key, cache: Cache) -> tuple[Look, ...]:
    """Return the Jobs of a policy that list."""
    return tuple(Look(job.name, job.ended, job.said(ListReport.decode)) for job in jobs_of(key, cache, KIND))


def trigger_of(policy: DriftPolicy) -> Trigger | None:
    """Return the trigger that asks to look, if any does."""
    return next((item for item in policy.spec.active_triggers if item.type == "NewData"), None)


def read(seen: Seen, now: datetime) -> DataStatus | None:
    """Return what is known of the data, with the answer of a look that has ended."""
    before, trigger = seen.policy.status.data, trigger_of(seen.policy)
    if trigger is None or seen.job is None:
        return before if trigger is not None else None
    number = _next(before)
    found = next((item for item in seen.looks if item.job == _name(seen.policy.metadata, number)), None)
    if found is None or not found.ended:
        return before
    known = before or DataStatus(look=number, at=now)
    report, moment = found.report, now.replace(microsecond=0)
    if report is None or report.listing is None:
        failure = report.failure.message if report is not None and report.failure is not None else NO_ANSWER
        return known.model_copy(update={"look": number, "at": moment, "failure": shorten(failure)})
    facts = {"listing": report.listing, "files": report.files, "bytes": report.bytes, "failure": None}
    return known.model_copy(update={"look": number, "at": moment, **facts})


def due(seen: Seen, known: DataStatus | None) -> datetime | None:
    """Return when to look again; None: never, or at once where nobody ever looked (`known` is None)."""
    trigger = trigger_of(seen.policy)
    if trigger is None or known is None:
        return None
    return known.at + timedelta(seconds=trigger.poll_seconds or POLL_SECONDS)


def look_again(seen: Seen, known: DataStatus | None, now: datetime) -> tuple[Apply, ...]:
    """Return the Job that should exist, where it is time to look."""
    at = due(seen, known)
    if trigger_of(seen.policy) is None or seen.job is None or seen.policy.spec.suspend or (at is not None and now < at):
        return ()
    name = _name(seen.policy.metadata, _next(known))
    return (Apply(_render(seen, name, seen.job.spec.data), once=True),)


def news(seen: Seen, known: DataStatus | None) -> str | None:
    """Return the sentence that says that there is new data, or None; a listing is decided on once."""
    trained = trained_on(seen)
    if known is None or known.listing is None or trained is None or seen.job is None:
        return None
    if known.listing in (trained[1], known.decided):
        return None
    return (
        f"{seen.job.spec.data.uri} lists {known.files} file(s) of {known.bytes} bytes ({_short(known.listing)}), "
        f"and {trained[0]} was trained on another listing ({_short(trained[1])})"
    )


def trained_on(seen: Seen) -> tuple[str, str] | None:
    """Return (version, listing) of the newest version of the TrainingJob that recorded one."""
    name = seen.job.metadata.name if seen.job is not None else None
    for version in reversed(seen.versions):
        came_of, data = version.spec.provenance, version.spec.data
        if came_of is not None and came_of.training_job == name and data is not None and data.listing is not None:
            return version.metadata.name, data.listing
    return None


def _next(known: DataStatus | None) -> int:
    return (known.look if known is not None else 0) + 1


def _name(policy: ObjectMeta, number: int) -> str:
    return job_name(policy, KIND, number)


def _short(listing: str) -> str:
    return listing.removeprefix("sha256:")[:8]


def _render(seen: Seen, name: str, data: DataSource) -> dict[str, Any]:
    order = ListOrder(data=data).model_dump_json(by_alias=True, exclude_none=True)
    container = {
        "name": CONTAINER,
        "image": seen.runtime_image,
        "command": ["python3", "-m", "mooring.training.listing"],
        "env": [{"name": LIST_ORDER_VARIABLE, "value": order}, *credentials(DATA_PREFIX, data.secret_name)],
        "resources": resources(None, cpu="50m", memory="192Mi"),
    }
    return render_job(seen.policy.metadata, name, container, deadline_seconds=_DEADLINE_SECONDS)
