"""Rows to cells: a few hundred requests at once, vectorised."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mooring.ledger.layout import LATENCY_MICROSECONDS, OUTCOMES, FeatureCells, Layout, Sliced
from mooring.ledger.packed import Kinds, Packed, Values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Entry = tuple[int, int, float, Packed | None, Sequence[int]]
"""A request that the model was asked for: its caller's bucket, its outcome (OK or MODEL), seconds; if it was answered,
its rows and the code of each, which without slices is its stratum, else nothing of either."""

_LATENCY = np.array(LATENCY_MICROSECONDS, dtype=np.float64) / 1e6


@dataclass(frozen=True)
class NumberEdges:
    """A number's reference: bin j holds values in (edges[j-1], edges[j]]; low and high are the extremes it saw."""

    name: str
    edges: Sequence[float] = ()
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class TextTable:
    """A text's reference: the categories that have cells of their own, and all others that training saw.

    `known` None: nobody knows which those were, so every other category counts as `other`.
    """

    name: str
    categories: Sequence[str] = ()
    known: Sequence[str] | None = None


Reference = NumberEdges | TextTable


@dataclass(frozen=True)
class Strata:
    """How predictions are told apart: by the bin of a score, and by the label."""

    edges: Sequence[float] = ()
    classes: int = 1

    def stratum(self, score: float, label: int) -> int:
        """Return the stratum of one prediction."""
        return bisect_left(self.edges, score) * self.classes + label


def layout_of(references: Iterable[Reference], strata: Strata, sliced: Sequence[Sliced] = ()) -> Layout:
    """Return the cells that these need."""
    return Layout(tuple(_cells(one) for one in references), len(strata.edges) + 1, strata.classes, tuple(sliced))


def _cells(reference: Reference) -> FeatureCells:
    if isinstance(reference, NumberEdges):
        return FeatureCells(reference.name, "number", len(reference.edges) + 1)
    return FeatureCells(reference.name, "text", len(reference.categories))


class Binner:
    """Counts requests into a vector of a layout's size."""

    def __init__(self, references: Sequence[Reference], strata: Strata, sliced: Sequence[Sliced] = ()) -> None:
        self.layout = layout_of(references, strata, sliced)
        self.kinds = Kinds([isinstance(one, TextTable) for one in references])
        """By which a request's rows are packed."""
        starts = [*zip(references, self.layout.feature_starts, strict=True)]
        self._numbers = _Numbers([(one, start) for one, start in starts if isinstance(one, NumberEdges)])
        self._texts = [_TextBinner(one, start) for one, start in starts if isinstance(one, TextTable)]
        self._segments = _Segments(self.layout) if sliced else None

    def add(self, vector: Ints, entries: Sequence[Entry]) -> None:
        """Count requests, all of one role, into `vector` (int64, [layout.size])."""
        slices = self.layout.slices
        callers, outcomes, seconds, packed, codes = zip(*entries, strict=True)
        caller, outcome, took = np.array(callers), np.array(outcomes), np.array(seconds)
        bucket = np.searchsorted(_LATENCY, took, side="left")
        places = [
            slices["callers"].start + caller * len(OUTCOMES) + outcome,
            slices["latency"].start + caller * (len(_LATENCY) + 1) + bucket,
        ]
        vector += np.bincount(np.concatenate(places), minlength=self.layout.size)
        vector[slices["microseconds"].start] += round(float(took.sum()) * 1e6)
        of_rows = list(chain.from_iterable(codes))
        if answered := [one for one in packed if one is not None]:
            rows = Packed.join(answered)
            self._count(vector, rows.rows, rows.matrix().T if self.kinds.numbers else None, rows.texts, of_rows)
        else:
            self._count(vector, len(of_rows), None, (), of_rows)

    def count(self, vector: Ints, columns: Iterable[Any], codes: Sequence[int] | Ints) -> None:
        """Count rows, without a request that brought them: `columns` hold the values of each feature."""
        texts: list[Any] = []
        numbers: list[Any] = []
        for column, (is_text, _) in zip(columns, self.kinds.places, strict=True):
            (texts if is_text else numbers).append(column)
        rows = len((numbers or texts or [codes])[0])
        self._count(vector, rows, np.array(numbers, dtype=np.float64) if numbers else None, texts, codes)

    def _count(
        self, vector: Ints, rows: int, numbers: Floats | None, texts: Sequence[Values], codes: Sequence[int] | Ints
    ) -> None:
        """Count so many rows by their numbers (features, rows), if there are any, their texts and their codes."""
        slices, of_rows = self.layout.slices, np.asarray(codes, dtype=np.int64)
        strata = of_rows if self._segments is None else of_rows % self.layout.strata
        places = [strata + slices["predictions"].start]
        places += [binner.places(values) for binner, values in zip(self._texts, texts, strict=False)]
        if numbers is not None and self.kinds.numbers:
            places.append(self._numbers.places(numbers))
        found = np.concatenate(places)
        vector += np.bincount(found, minlength=self.layout.size)
        vector[slices["rows"].start] += rows
        if self._segments is not None and rows and len(of_rows) == rows:
            self._segments.add(vector, found.reshape(-1, rows), of_rows // self.layout.strata)


class _Segments:
    """Counts rows a second time, in the cells of the segments that they lie in."""

    def __init__(self, layout: Layout) -> None:
        start, width = layout.slices["segments"].start, layout.shapes["segments"][1]
        self._size = layout.size
        self._shifts = []
        """By column, what to add to a cell of all rows, by the combination of the row (combinations,). What lies in no
        segment of the column is brought behind the last cell."""
        combinations, first, weight = np.arange(layout.combinations), 0, 1
        for one in layout.sliced:
            digits = combinations // weight % (one.values + 1)
            cells = np.where(digits > 0, start + (first + digits - 1) * width, layout.size)
            self._shifts.append(cells - layout.slices["features"].start)
            first, weight = first + one.values, weight * (one.values + 1)

    def add(self, vector: Ints, places: Ints, combinations: Ints) -> None:
        """Count rows by their cells in the whole vector (cells of a row, rows) and their combinations (rows,)."""
        for shifts in self._shifts:
            vector += np.bincount((places + shifts[combinations]).ravel(), minlength=self._size)[: self._size]


class _Numbers:
    """All features that are numbers at once: a call of numpy costs more than it does for a feature's few hundred."""

    def __init__(self, references: Sequence[tuple[NumberEdges, int]]) -> None:
        self._edges = [np.array(one.edges, dtype=np.float64) for one, _ in references]
        self._low, self._high = (
            np.array([[getattr(one, side)] for one, _ in references], dtype=np.float64) for side in ("low", "high")
        )
        self._starts = np.array([[start] for _, start in references], dtype=np.int64)
        self._under = np.array([[start + len(one.edges) + 1] for one, start in references], dtype=np.int64)

    def places(self, values: Floats) -> Ints:
        """Return the cell of every value, flat, of values (features, rows)."""
        values = np.ascontiguousarray(values)
        found = np.empty(values.shape, dtype=np.int64)
        for edges, of_feature, here in zip(self._edges, values, found, strict=True):
            here[:] = edges.searchsorted(of_feature, side="left")
        found += self._starts
        for apart, cell in ((values < self._low, 0), (values > self._high, 1), (np.isnan(values), 2)):
            np.copyto(found, self._under + cell, where=apart)
        return found.ravel()


class _TextBinner:
    def __init__(self, reference: TextTable, start: int) -> None:
        other = start + len(reference.categories)
        self._places: dict[float | str | None, int] = _Places(other if reference.known is None else other + 1)
        self._places.update(dict.fromkeys(reference.known or (), other))
        self._places.update({name: start + index for index, name in enumerate(reference.categories)})
        self._places[None] = other + 2

    def places(self, values: Values) -> Ints:
        return np.fromiter(map(self._places.__getitem__, values), dtype=np.int64, count=len(values))


class _Places(dict[float | str | None, int]):
    """A table with an answer for what is not in it; a lookup by `get` and a default would cost a call in Python."""

    def __init__(self, unknown: int) -> None:
        super().__init__()
        self._unknown = unknown

    def __missing__(self, key: object) -> int:
        return self._unknown
