"""What closed windows say of what serves: broken columns and drift, in all rows or in a segment."""

from __future__ import annotations

from dataclasses import replace

from mooring.reconcile.driftpolicy.numbers import factor, share, sign
from mooring.reconcile.driftpolicy.segments import ALL, against, also, parts
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.stats.drift import Broken, Evidence, WindowReport
from mooring.stats.drift.quality import Fault

_NAMED = 5
_SEGMENTS = 3
_FAULTS = {
    "Missing": "missing",
    "Unseen": "of categories never seen",
    "OutOfRange": "out of range",
    "Refused": "refused by the model (null, type, or category)",
}


def broken(known: DriftSeen) -> str | None:
    """Return what is broken, by column, with its numbers; of segments what is not broken in all rows. None: nothing."""
    window = known.window
    everywhere = {(item.column, item.fault) for item in window.broken} if window is not None else set()
    found = [_broken(window)] if window is not None and window.broken else []
    for one in known.segments:
        own = _beside(one.window, everywhere) if one.window is not None else None
        if own is not None and own.broken:
            found.append(f"in {one.name}: {_broken(own)}")
    more = len(found) - 1 - _SEGMENTS
    return "; ".join([*found[: 1 + _SEGMENTS], *([f"and in {more} more segments"] if more > 0 else [])]) or None


def _beside(window: WindowReport, everywhere: set[tuple[str, Fault]]) -> WindowReport:
    return replace(window, broken=tuple(one for one in window.broken if (one.column, one.fault) not in everywhere))


def _broken(window: WindowReport) -> str:
    told = [_fault(item) for item in window.broken[:_NAMED]]
    more = len(window.broken) - _NAMED
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])]) + f" in {window.rows} rows"


def _fault(item: Broken) -> str:
    return f"{item.column}: {share(item.share)} {_FAULTS[item.fault]} > {share(item.bound)}"


def drifting(known: DriftSeen, least: int = 1) -> list[SegmentSeen]:
    """Return where inputs or predictions drift for so many windows in a row: all rows first, then the longest."""
    found = [one for one in parts(known) if one.window is not None and one.streak >= least]
    return sorted(found, key=lambda one: (one.name != ALL, -one.streak))


def tops(window: WindowReport) -> str:
    """Return the features, or scores and labels, that moved most, with their distances."""
    named = [f"{item.column} {share(item.effect)} {item.direction}" for item in (*window.top, *window.moved)[:3]]
    return f"{', '.join(named)}; " if named else ""


def tiers(window: WindowReport) -> tuple[Evidence, Evidence]:
    """Return what drift is told from."""
    return window.inputs, window.predictions


def inequalities(window: WindowReport) -> str:
    """Return the evidence of drift, and what it must reach."""
    return ", ".join(f"{item.test} {factor(item.value)} {sign(item.value, item.alarm_at)}" for item in tiers(window))


def most_moved(known: DriftSeen) -> str:
    """Return the segment with most evidence of drift, with its inequality; empty where none is known."""
    found = [
        (item, one)
        for one in known.segments
        if one.window is not None
        for item in tiers(one.window)
        if item.state != "Unknown"
    ]
    if not found:
        return ""
    item, one = max(found, key=lambda pair: pair[0].value / pair[0].alarm_at)
    inequality = f"{item.test} {factor(item.value)} {sign(item.value, item.alarm_at)} on {item.rows} rows"
    return f"; most of {len({of.name for _, of in found})} segments in {one.name}: {inequality}"


def where(known: DriftSeen, of: SegmentSeen, window: WindowReport) -> str:
    """Return on how many rows, against which reference."""
    return f"on {window.rows} rows {against(known, of)}"


def others(found: list[SegmentSeen]) -> str:
    """Return the names of all but the first."""
    return also(one.name for one in found[1:])
