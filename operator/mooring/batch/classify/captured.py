"""A bounded, uniform sample of the rows that were captured of one version since a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np

from mooring.api.wire import ClassifyOrder
from mooring.batch.label.captured import Captured, Line, PartFile
from mooring.batch.label.joining import whole
from mooring.serving.capture.part import Head
from mooring.training.journal import Journal

ROLE = "stable"
MOST_PARTS = 2000
"""A pod writes one a minute."""
_SPAN = timedelta(hours=1)
"""A part is named by its first row, and its last comes well within this."""

Row = Sequence[object]


@dataclass
class Drawn:
    """Rows, each with the values of its version's features in their order."""

    rows: list[Row] = field(default_factory=list)
    seen: int = 0
    """Of so many."""
    until: int | None = None
    """When the newest of them was predicted, in milliseconds since 1970 UTC."""


def draw(order: ClassifyOrder, names: Sequence[str], credentials: Mapping[str, str], journal: Journal) -> Drawn:
    """Return at most `order.max_rows` rows with the features `names`, each as likely as any other that was read.

    Of more parts than MOST_PARTS so many are read, spread evenly. By Vitter's algorithm R (ACM TOMS 11, 1985).
    Raises RunFailed (Data) where nothing was ever captured; StoreRefused, StoreUnavailable.
    """
    since = datetime.fromtimestamp(order.since / 1000, UTC)
    captured = Captured(order.captured, credentials, since.date(), journal)
    parts = _spread([part for part in captured.parts("rows") if _may_hold(part, since)])
    random, drawn = Random(order.seed), Drawn()  # noqa: S311 (a sample, no secret)
    for part in parts:
        for head, line in captured.lines_of(part):
            if (head.version, head.digest) != (order.version, order.artifact.digest):
                break  # all of a part is one version's
            for row in _rows(head, line, names, order.since):
                drawn.seen += 1
                drawn.until = max(drawn.until or 0, whole(line["at"]))
                if len(drawn.rows) < order.max_rows:
                    drawn.rows.append(row)
                elif (place := random.randrange(drawn.seen)) < order.max_rows:
                    drawn.rows[place] = row
    return drawn


def _rows(head: Head, line: Line, names: Sequence[str], since: int) -> Iterator[Row]:
    """Yield the rows of a request that users were answered, unless it is older, or not what a pod writes."""
    rows, at = line.get("rows"), line.get("at")
    if line.get("role") != ROLE or not isinstance(at, int) or at < since or not isinstance(rows, list):
        return
    if [feature.name for feature in head.features] != list(names):
        return
    for row in rows:
        if isinstance(row, list) and len(row) == len(names):
            yield row


def _may_hold(part: PartFile, since: datetime) -> bool:
    try:
        began = datetime.strptime(f"{part.day} {part.entry.path.split('-')[1]}", "%Y-%m-%d %H%M%S")
    except (ValueError, IndexError):
        return True
    return began.replace(tzinfo=UTC) >= since - _SPAN


def _spread(parts: list[PartFile]) -> list[PartFile]:
    if len(parts) <= MOST_PARTS:
        return parts
    return [parts[place] for place in np.linspace(0, len(parts) - 1, MOST_PARTS).astype(int)]
