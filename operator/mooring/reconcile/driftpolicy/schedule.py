"""Times of schedules: the last one that is due, however long nobody looked, and the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from mooring.api.driftpolicy import Trigger

DEFAULT_ZONE = "Etc/UTC"


def fault(trigger: Trigger) -> str | None:
    """Return what is wrong with a schedule, or None."""
    try:
        next(_times(trigger, datetime(2000, 1, 1, tzinfo=UTC)))
    except (ZoneInfoNotFoundError, ValueError):
        return f"time zone {trigger.time_zone!r} is not in the time zone database: write one like Europe/Berlin"
    except (CronSimError, StopIteration) as wrong:
        return f"cron {trigger.cron!r} is no time: {wrong or 'it never comes'}"
    return None


def last_due(trigger: Trigger, since: datetime, now: datetime) -> datetime | None:
    """Return the last time after `since` and up to `now`: many missed times are one."""
    found = next(_times(trigger, now + timedelta(seconds=1), reverse=True), None)
    moment = found.astimezone(UTC) if found is not None else None
    return moment if moment is not None and since < moment <= now else None


def next_due(trigger: Trigger, now: datetime) -> datetime | None:
    """Return the next time after `now`."""
    found = next(_times(trigger, now), None)
    return found.astimezone(UTC) if found is not None else None


def _times(trigger: Trigger, start: datetime, *, reverse: bool = False) -> CronSim:
    return CronSim(trigger.cron or "", start.astimezone(ZoneInfo(trigger.time_zone or DEFAULT_ZONE)), reverse=reverse)
