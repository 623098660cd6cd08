"""Rows to cells: a few hundred requests at once, vectorised."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mooring.ledger.layout import LATENCY_MICROSECONDS, OUTCOMES, FeatureCells, Layout

Ints = NDArray[np.int64]
Values = Sequence[float | str | None] | NDArray[np.float64] | NDArray[np.object_]

Entry = tuple[int, int, float, Sequence[Values], Sequence[int]]
"""A request that the model was asked for: its caller's bucket, its outcome (OK or MODEL), seconds; if it was answered,
the values of each feature and each row's stratum, else nothing of either."""

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


def layout_of(references: Iterable[Reference], strata: Strata) -> Layout:
    """Return the cells that these need."""
    return Layout(tuple(_cells(one) for one in references), len(strata.edges) + 1, strata.classes)


def _cells(reference: Reference) -> FeatureCells:
    if isinstance(reference, NumberEdges):
        return FeatureCells(reference.name, "number", len(reference.edges) + 1)
    return FeatureCells(reference.name, "text", len(reference.categories))


class Binner:
    """Counts requests into a vector of a layout's size."""

    def __init__(self, references: Sequence[Reference], strata: Strata) -> None:
        self.layout = layout_of(references, strata)
        starts = self.layout.feature_starts
        self._features = [_binner(one, start) for one, start in zip(references, starts, strict=True)]

    def add(self, vector: Ints, entries: Sequence[Entry]) -> None:
        """Count requests, all of one role, into `vector` (int64, [layout.size])."""
        slices = self.layout.slices
        callers, outcomes, seconds, columns, strata = zip(*entries, strict=True)
        caller, outcome, took = np.array(callers), np.array(outcomes), np.array(seconds)
        bucket = np.searchsorted(_LATENCY, took, side="left")
        places = [
            slices["callers"].start + caller * len(OUTCOMES) + outcome,
            slices["latency"].start + caller * (len(_LATENCY) + 1) + bucket,
        ]
        vector += np.bincount(np.concatenate(places), minlength=self.layout.size)
        vector[slices["microseconds"].start] += round(float(took.sum()) * 1e6)
        # Transposed without a step in Python for each value: requests' lists by feature, then their values.
        joined = [list(chain.from_iterable(parts)) for parts in zip(*filter(None, columns), strict=True)]
        self.count(vector, joined, list(chain.from_iterable(strata)))

    def count(self, vector: Ints, columns: Iterable[Values], strata: Sequence[int] | Ints) -> None:
        """Count rows, without a request that brought them: `columns` hold the values of each feature."""
        slices = self.layout.slices
        places = [feature.places(values) for feature, values in zip(self._features, columns, strict=False)]
        places.append(np.asarray(strata, dtype=np.int64) + slices["predictions"].start)
        vector += np.bincount(np.concatenate(places), minlength=self.layout.size)
        vector[slices["rows"].start] += len(places[0])  # of the first feature; without any, the predictions


class _NumberBinner:
    def __init__(self, reference: NumberEdges, start: int) -> None:
        self._edges = np.array(reference.edges, dtype=np.float64)
        self._low, self._high = reference.low, reference.high
        self._start = start
        self._under = start + len(self._edges) + 1

    def places(self, values: Values) -> Ints:
        numbers = np.array(values, dtype=np.float64)
        found = self._edges.searchsorted(numbers, side="left") + self._start
        found[numbers < self._low] = self._under
        found[numbers > self._high] = self._under + 1
        found[np.isnan(numbers)] = self._under + 2
        return found


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


def _binner(reference: Reference, start: int) -> _NumberBinner | _TextBinner:
    return _NumberBinner(reference, start) if isinstance(reference, NumberEdges) else _TextBinner(reference, start)
