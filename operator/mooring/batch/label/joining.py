"""Captured requests with the truths of their rows, to rows by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mooring.batch.label.captured import Line
from mooring.batch.label.index import Index, Known
from mooring.batch.label.order import LabelOrder
from mooring.batch.label.schema import Row
from mooring.batch.label.sink import Sink
from mooring.serving.capture.part import Head

OURS = frozenset(("stable", "canary"))
"""Roles whose answers callers got: a shadow's are the same rows once more, a tester's are no user's."""


@dataclass
class Joined:
    """How many rows there were."""

    rows: int = 0
    labelled: int = 0


def join(lines: Iterable[tuple[Head, Line]], index: Index, sink: Sink, order: LabelOrder) -> Joined:
    """Write the rows that an order wants, with what the index knows of them, and return how many there were."""
    first_day = order.since.isoformat() if order.since else ""
    found = Joined()
    for head, line in lines:
        day = datetime.fromtimestamp(whole(line["at"]) / 1000, UTC).date()
        if day.isoformat() < first_day or not (order.everything or line["role"] in OURS):
            continue
        sink.close_before((day - timedelta(days=1)).isoformat())  # a part may span midnight
        for row in _rows(head, line, index.truths(str(line["id"]))):
            found.rows += 1
            found.labelled += row.truth_at is not None
            if order.everything or row.truth_at is not None:
                sink.add(day.isoformat(), row)
    sink.finish(first_day)
    return found


def _rows(head: Head, line: Line, truths: dict[int, Known]) -> Iterator[Row]:
    names = [feature.name for feature in head.features]
    rows, predictions, scores = (_list(line.get(name)) for name in ("rows", "predictions", "scores"))
    request = line.get("request")
    for number, (values, prediction) in enumerate(zip(rows, predictions, strict=True)):
        known = truths.get(number)
        yield Row(
            version=head.version,
            values=dict(zip(names, _list(values), strict=True)),
            prediction=prediction,
            score=scores[number] if scores else prediction,
            role=str(line["role"]),
            prediction_id=str(line["id"]),
            row=number,
            request_id=None if request is None else str(request),
            predicted_at=whole(line["at"]),
            truth=known.truth if known else None,
            truth_at=known.at if known else None,
        )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def whole(value: object) -> int:
    """Return a whole number of a line."""
    return value if isinstance(value, int) else 0
