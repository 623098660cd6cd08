"""Ours on the same streams: the ledger's binner counts each window, and the watch that the operator runs folds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bench.drifting.tables import Floats, Ints, Rows, Stream, reference, windows
from mooring.ledger.binner import Binner, NumberEdges, Strata, TextTable
from mooring.ledger.profile import CATEGORIES
from mooring.stats.drift import Column, Counted, Folded, Losses, Predictions, Reference, Settings, Watch
from mooring.training.profile import frozen_edges

HOUR = 3_600_000
CHUNK = 8192
"""Rows that are counted at once: what numpy needs for them stays in the processor's cache."""
Edges = NumberEdges | TextTable


class Counter:
    """A table's columns on the edges of a reference, and its windows as sealed intervals, one an hour."""

    def __init__(self, numbers: Floats, texts: Sequence[Sequence[str | None]] = ()) -> None:
        known = [_number(f"x{at}", column) for at, column in enumerate(numbers.T)]
        known += [_text(f"t{at}", values) for at, values in enumerate(texts)]
        self._binner = Binner([edges for edges, _ in known], Strata())
        self.reference = Reference(tuple(column for _, column in known), Predictions(1), Losses(0, 0))
        self._slices = self._binner.layout.slices

    def counted(self, hour: int, numbers: Floats, texts: Sequence[Sequence[str | None]] = ()) -> Counted:
        """Return a window's rows as one sealed interval."""
        vector = np.zeros(self._binner.layout.size, dtype=np.int64)
        for start in range(0, len(numbers), CHUNK):
            part = slice(start, start + CHUNK)
            rows = numbers[part]
            self._binner.count(vector, [*rows.T, *(text[part] for text in texts)], np.zeros(len(rows), dtype=np.int64))
        cells = [*vector[self._slices["features"]].tolist(), *vector[self._slices["predictions"]].tolist()]
        return Counted(hour * HOUR, (hour + 1) * HOUR, len(numbers), cells)


def folded(stream: Stream, settings: Settings) -> Iterator[Folded]:
    """Yield what each window of a stream says."""
    known = reference(stream)
    counter = Counter(known.numbers, named(known))
    watch = Watch(counter.reference, settings)
    state = watch.resume(None)
    for hour, rows in enumerate(windows(stream)):
        found = watch.fold(state, counter.counted(hour, rows.numbers, named(rows)))
        state = found.state
        yield found


def alarmed(found: Folded) -> bool:
    """Return whether a window said anything: drift, or broken data."""
    window = found.window
    return window is not None and (bool(window.broken) or "Alarm" in (window.inputs.state, window.predictions.state))


def named(rows: Rows) -> list[list[str]]:
    """Return the texts of rows, by column."""
    return [_names(codes) for codes in rows.codes.T]


def _names(codes: Ints) -> list[str]:
    names = np.array([f"category {code}" for code in range(int(codes.max(initial=0)) + 1)], dtype=object)
    found: list[str] = names[codes].tolist()
    return found


def _number(name: str, values: Floats) -> tuple[Edges, Column]:
    present = values[~np.isnan(values)]
    edges = frozen_edges(present)
    counts = np.bincount(edges.searchsorted(present), minlength=len(edges) + 1)
    known = NumberEdges(name, edges.tolist(), float(present.min()), float(present.max()))
    return known, Column(name, "number", tuple(counts.tolist()), missing=len(values) - len(present))


def _text(name: str, values: Sequence[str | None]) -> tuple[Edges, Column]:
    seen, counts = np.unique([value for value in values if value is not None], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    top, rest = order[:CATEGORIES], order[CATEGORIES:]
    missing = sum(value is None for value in values)
    column = Column(name, "text", tuple(counts[top].tolist()), other=int(counts[rest].sum()), missing=missing)
    return TextTable(name, seen[top].tolist(), seen[rest].tolist()), column
