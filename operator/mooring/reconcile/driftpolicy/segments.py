"""All rows, and the segments that a policy watches: each has windows, truths and alarms of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen

ALL = ""
"""The name of all rows."""
_MOST = 3


def all_rows(known: DriftSeen) -> SegmentSeen:
    """Return what is known of all rows, in the form that segments have."""
    return SegmentSeen(ALL, known.rows, known.closed, known.window, known.harm, known.harm_at, known.streak)


def parts(known: DriftSeen) -> tuple[SegmentSeen, ...]:
    """Return all rows, then each segment."""
    return (all_rows(known), *known.segments)


def part(known: DriftSeen, name: str | None) -> SegmentSeen | None:
    """Return all rows or a segment by its name; None where the version knows no such segment."""
    return next((one for one in parts(known) if one.name == (name or ALL)), None)


def within(name: str | None) -> str:
    """Return ` in SEX=2`, or nothing for all rows."""
    return f" in {name}" if name else ""


def also(names: Iterable[str]) -> str:
    """Return `; also in SEX=1, SEX=2 and 4 more`, or nothing."""
    told = [name or "all rows" for name in names]
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return f"; also in {', '.join(told[:_MOST])}{more}" if told else ""


def is_watched(spec: DriftPolicySpec, name: str | None) -> bool:
    """Tell whether a policy watches all rows (always) or the column of a segment."""
    return not name or any(name.startswith(f"{item.column}=") for item in spec.segments)


def of_watched(known: DriftSeen, spec: DriftPolicySpec) -> DriftSeen:
    """Return what is known without segments that a policy watches no more: the observer follows a moment later."""
    if all(is_watched(spec, item) for item in _named(known)):
        return known
    return replace(
        known,
        segments=tuple(one for one in known.segments if is_watched(spec, one.name)),
        alarms=tuple(one for one in known.alarms if is_watched(spec, one.segment)),
        unsliced=tuple(column for column in known.unsliced if is_watched(spec, f"{column}=")),
    )


def _named(known: DriftSeen) -> Iterator[str]:
    yield from (one.name for one in known.segments)
    yield from (one.segment for one in known.alarms)
    yield from (f"{column}=" for column in known.unsliced)


def against(known: DriftSeen, of: SegmentSeen | None = None) -> str:
    """Return the reference of all rows, or of a segment, in words."""
    rows = of.rows if of is not None else known.rows
    return f"against {known.version}{within(of.name if of is not None else ALL)} ({rows} rows)"
