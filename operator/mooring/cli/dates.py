"""Dates in addresses: a run that is tried again must read and write where it did before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

SCHEDULED_JOB_VARIABLE = "MOORING_SCHEDULED_JOB"
"""The name of the Job that a CronJob made: it ends with the minutes since 1970 for which it was due."""


def dated(address: str, moment: datetime) -> str:
    """Return an address with {date} and {time} filled in, for example 2026-11-21 and 20261121T030000Z."""
    return address.replace("{date}", f"{moment:%Y-%m-%d}").replace("{time}", f"{moment:%Y%m%dT%H%M%SZ}")


def due(environment: Mapping[str, str], now: float) -> datetime:
    """Return when the run was due: a Job that a CronJob made has it in its name, so every attempt finds the same."""
    minutes = environment.get(SCHEDULED_JOB_VARIABLE, "").rpartition("-")[2]
    return datetime.fromtimestamp(int(minutes) * 60 if minutes.isdigit() else now, UTC)
