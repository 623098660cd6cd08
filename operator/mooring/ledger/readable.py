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
    found["features"] = _features(counts, layout)
    return found


def _features(counts: Cells, layout: Layout) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for index, feature in enumerate(layout.features):
        cells = layout.of_feature(counts, index)
        extra = dict(zip(feature.extra, cells[feature.bins :], strict=True))
        found[feature.name] = {"bins": list(cells[: feature.bins]), **extra}
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
