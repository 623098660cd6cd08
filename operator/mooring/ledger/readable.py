"""A reading as JSON, for people and for those who read no binary."""

from __future__ import annotations

from collections.abc import Mapping

from mooring.ledger.interval import Cells, Interval, Reading
from mooring.ledger.layout import CALLERS, OUTCOMES, ROLES, Layout


def readable(reading: Reading) -> dict[str, object]:
    """Return the same as names and numbers."""
    layout = Layout.from_json(reading.layout)
    stream = reading.stream
    return {
        "model": stream.model,
        "version": stream.version,
        "pod": stream.pod,
        "incarnation": stream.incarnation,
        "oldest": reading.oldest,
        "next": reading.next,
        "final": reading.final,
        "layout": reading.layout,
        "intervals": [_interval(interval, layout) for interval in reading.intervals],
    }


def by_field(counts: Cells, layout: Layout) -> dict[str, object]:
    """Return one role's cells by what they count."""
    found: dict[str, object] = {name: list(counts[where]) for name, where in layout.slices.items()}
    rows = counts[layout.slices["callers"]]
    width = len(OUTCOMES)
    found["callers"] = [list(rows[i * width : (i + 1) * width]) for i in range(CALLERS)]
    found["requests"] = {outcome: sum(rows[index::width]) for index, outcome in enumerate(OUTCOMES)}
    found["features"] = _features(counts[layout.slices["features"]], layout)
    if layout.sliced:
        found["segments"] = _segments(counts[layout.slices["segments"]], layout)
    return found


def _features(cells: Cells, layout: Layout) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    at = 0
    for feature in layout.features:
        mine = cells[at : at + feature.cells]
        extra = dict(zip(feature.extra, mine[feature.bins :], strict=True))
        found[feature.name] = {"bins": list(mine[: feature.bins]), **extra}
        at += feature.cells
    return found


def _segments(cells: Cells, layout: Layout) -> dict[str, list[dict[str, object]]]:
    """Return the segments of each column, in the order of the profile's."""
    found: dict[str, list[dict[str, object]]] = {}
    width, at = layout.shapes["segments"][1], 0
    for one in layout.sliced:
        parts = [cells[start : start + width] for start in range(at, at + one.values * width, width)]
        found[one.column] = [
            {"features": _features(part, layout), "predictions": list(part[width - layout.strata :])} for part in parts
        ]
        at += one.values * width
    return found


def _interval(interval: Interval, layout: Layout) -> dict[str, object]:
    return {
        "seq": interval.seq,
        "start": interval.start,
        "end": interval.end,
        "roles": {role: by_field(counts, layout) for role, counts in interval.roles.items()},
        "joins": [
            {**join._asdict(), "role": ROLES[join.role], "count": count} for join, count in interval.joins.items()
        ],
    }
