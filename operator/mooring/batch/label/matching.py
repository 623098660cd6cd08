"""Truths of a table to the predictions that they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from mooring.artifact.manifest import Scalar
from mooring.batch.label.index import Index
from mooring.batch.label.order import LabelOrder
from mooring.batch.label.report import Refusals, TableReport
from mooring.batch.label.table import Told
from mooring.batch.label.teller import Teller
from mooring.batch.label.truth import Target
from mooring.serving.ids import NotOurs, glance
from mooring.stats.drift.settings import MOST_MATURE_DAYS

Fate = Literal["matched", "not_captured", "missing", "duplicate", "contradicting", "ambiguous", "unknown", "refused"]
LATE_MINUTES = MOST_MATURE_DAYS * 1440


class Matching:
    """Keeps the truths of captured predictions, and counts what became of all of them."""

    def __init__(self, order: LabelOrder, index: Index, target: Target, now: float) -> None:
        self._order = order
        self._index = index
        self._target = target
        self._now = now
        self._counts: Counter[str] = Counter()
        self._example: str | None = None

    @property
    def report(self) -> TableReport:
        """What became of the rows so far."""
        counts = dict(self._counts)
        refused = Refusals(count=counts.pop("refused", 0), example=self._example)
        return TableReport.model_validate(
            {**counts, "refused": refused, "rows": self._counts.total() - self._counts["late"]}
        )

    def take(self, told: Told) -> None:
        """Count a row of the table, and keep its truth where its prediction was captured."""
        fate, why = self._fate(told)
        self._counts[fate] += 1
        if fate == "refused":
            self._example = self._example or why
        elif (found := self._prediction(told)) is not None and self._is_late(found[0]):
            self._counts["late"] += 1

    def tell(self, rows: Iterable[Told], teller: Teller) -> None:
        """Tell the deployment every truth whose prediction is known, captured or not, but the late ones."""
        for told in rows:
            found = self._prediction(told)
            if found is None or told.truth is None:
                continue
            try:
                truth = self._target.read(told.truth)
            except ValueError:
                continue
            identity, row = found
            if not self._is_late(identity):
                teller.tell(identity, row, truth)
        teller.finish()

    def _is_late(self, identity: str) -> bool:
        return glance(identity).minute < self._now / 60 - LATE_MINUTES

    def _fate(self, told: Told) -> tuple[Fate, str]:
        if told.truth is None:
            return "missing", ""
        try:
            truth = self._target.read(told.truth)
        except ValueError as problem:
            return "refused", str(problem)
        row = _row(told.row)
        if told.key is None or row is None:
            return "unknown", ""
        return self._by_id(told.key, row, truth) if self._order.by_id else self._by_request(told.key, row, truth)

    def _by_id(self, key: str, row: int, truth: Scalar) -> tuple[Fate, str]:
        try:
            about = glance(key)
        except NotOurs:
            return "unknown", ""
        if not row < about.rows:
            return "unknown", ""
        if (again := self._again(key, row, truth)) is not None:
            return again, ""
        if not about.captured:
            return "not_captured", ""
        self._know(key, row, truth)
        return "matched", ""

    def _by_request(self, key: str, row: int, truth: Scalar) -> tuple[Fate, str]:
        known, identity = self._index.prediction(key)
        if known and identity is None:
            return "ambiguous", ""
        if identity is not None and not row < glance(identity).rows:
            return "unknown", ""
        if (again := self._again(key, row, truth)) is not None:
            return again, ""
        if identity is None:
            return "not_captured", ""
        self._know(identity, row, truth)
        return "matched", ""

    def _again(self, key: str, row: int, truth: Scalar) -> Fate | None:
        once = self._index.first_time(key, row, truth)
        return None if once == "new" else "duplicate" if once == "same" else "contradicting"

    def _know(self, identity: str, row: int, truth: Scalar) -> None:
        self._index.know(identity, row, truth, int(self._now * 1000))

    def _prediction(self, told: Told) -> tuple[str, int] | None:
        row = _row(told.row)
        if told.key is None or row is None:
            return None
        identity = told.key if self._order.by_id else self._index.prediction(told.key)[1]
        try:
            return (identity, row) if identity is not None and row < glance(identity).rows else None
        except NotOurs:
            return None


def _row(value: object) -> int | None:
    """Return a row's number as tables have it; None where it is none."""
    if value is None:
        return 0
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value != int(value):
        return None
    return int(value) if value >= 0 else None
