"""Which cell of a ledger's vector counts what.

Everything that is counted for one version and role is one vector of int64 of fixed length, so that merging is adding,
and the size depends on the model, never on its traffic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Final, Literal

ROLES: Final = ("stable", "canary", "shadow", "tester")
"""`tester`: a person chose the version by a header. Counted, and judged by nobody."""
OUTCOMES: Final = ("ok", "caller", "model", "overload")
"""What became of a request: answered, the caller's mistake, the model's failure, turned away."""
OK, CALLER, MODEL, OVERLOAD = range(4)
CALLERS: Final = 16
FEEDBACK: Final = ("accepted", "duplicate", "refused")
LATENCY_MICROSECONDS: Final = (
    *(round(step * 10**decade) for decade in range(2, 7) for step in (1, 1.5, 2, 3, 5, 7)),
    10_000_000,
)
"""Upper edges of the latency buckets, inclusive: six a decade from 0.1 ms to 10 s; the last bucket is above.
Thresholds that people choose (5, 20, 50, 100 ms) are edges, so that slow answers are counted without interpolation."""
LOSS_EDGES: Final = (*(k / 8 for k in range(1, 9)), 1.25, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0)
"""Of a regression's |error| / q90 of the reference: outcome j of a join is a loss in (edge before, edge]. 1.0 is one of
them, so that errors beyond those at training are counted exactly."""
NUMBER_EXTRA: Final = ("under", "over", "missing")
TEXT_EXTRA: Final = ("other", "unseen", "missing")

MOST_SLICED: Final = 4
"""Columns whose values are counted apart."""
MOST_VALUES: Final = 12
"""Of one of them."""
MOST_COMBINATIONS: Final = 64
"""Ways to lie in segments: so codes of predictions, and joins of truths, stay few."""

Kind = Literal["number", "text"]


@dataclass(frozen=True)
class FeatureCells:
    """One feature: `bins` cells on the reference's edges (or its top categories), then three of their own.

    number: below the least value of the reference, above its greatest, missing; text: known but not among the top
    ones, never seen at training, missing. Each row is in exactly one cell.
    """

    name: str
    kind: Kind
    bins: int

    @property
    def cells(self) -> int:
        """How many cells."""
        return self.bins + 3

    @property
    def extra(self) -> tuple[str, str, str]:
        """The names of the last three."""
        return NUMBER_EXTRA if self.kind == "number" else TEXT_EXTRA


@dataclass(frozen=True)
class Sliced:
    """A column by some of whose values rows are counted apart as well: each of them is a segment."""

    column: str
    values: int
    """Rows with another value, or none, are in no segment of this column."""


@dataclass(frozen=True)
class Layout:
    """The cells of one model version."""

    features: tuple[FeatureCells, ...]
    bins: int
    """Of the prediction."""
    classes: int
    """1 for a regression. A prediction's stratum is bin * classes + the index of its label."""
    sliced: tuple[Sliced, ...] = ()
    """A prediction's code is its stratum + `strata` * its combination of segments: what ids and joins hold. Without
    slices it is the stratum."""

    @property
    def strata(self) -> int:
        """How many there are."""
        return self.bins * self.classes

    @property
    def segments(self) -> int:
        """How many there are, over all columns; numbered column by column."""
        return sum(one.values for one in self.sliced)

    @property
    def combinations(self) -> int:
        """In how many ways a row can lie in segments.

        Of each column in none (0) or in one (1 + its index): digits of a number whose first column counts least.
        """
        return prod(one.values + 1 for one in self.sliced)

    def in_segments(self, combination: int) -> tuple[int, ...]:
        """Return the numbers of the segments that a combination lies in, at most one of each column."""
        found, first = [], 0
        for one in self.sliced:
            combination, digit = divmod(combination, one.values + 1)
            if digit:
                found.append(first + digit - 1)
            first += one.values
        return tuple(found)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The fields in their order, row-major.

        callers: requests by caller bucket and outcome; latency: those that the model was asked for (ok, model);
        microseconds: their sum; rejected: by the feature that was wrong, last: by none; shadow: requests compared,
        and those of them that disagreed; segments: of each the cells of features, then of predictions.
        """
        features = sum(feature.cells for feature in self.features)
        shapes: dict[str, tuple[int, ...]] = {
            "callers": (CALLERS, len(OUTCOMES)),
            "latency": (CALLERS, len(LATENCY_MICROSECONDS) + 1),
            "microseconds": (1,),
            "rows": (1,),
            "rejected": (len(self.features) + 1,),
            "features": (features,),
            "predictions": (self.strata,),
            "shadow": (2,),
            "feedback": (len(FEEDBACK),),
        }
        return {**shapes, "segments": (self.segments, features + self.strata)} if self.sliced else shapes

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each field lies."""
        found: dict[str, slice] = {}
        at = 0
        for name, shape in self.shapes.items():
            found[name] = slice(at, at + prod(shape))
            at += prod(shape)
        return found

    @cached_property
    def feature_starts(self) -> tuple[int, ...]:
        """Where the cells of each feature begin, in the whole vector."""
        at = self.slices["features"].start
        starts = []
        for feature in self.features:
            starts.append(at)
            at += feature.cells
        return tuple(starts)

    @cached_property
    def size(self) -> int:
        """How many cells there are."""
        return sum(prod(shape) for shape in self.shapes.values())

    @cached_property
    def digest(self) -> str:
        """What two ledgers must share to be added."""
        return hashlib.blake2b(json.dumps(self.to_json()).encode(), digest_size=8).hexdigest()

    def of_feature(self, cells: Sequence[int], index: int) -> Sequence[int]:
        """Return the cells of one feature."""
        start = self.feature_starts[index]
        return cells[start : start + self.features[index].cells]

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        found: dict[str, object] = {
            "features": [asdict(feature) for feature in self.features],
            "bins": self.bins,
            "classes": self.classes,
        }
        return {**found, "sliced": [asdict(one) for one in self.sliced]} if self.sliced else found

    @classmethod
    def from_json(cls, sent: object) -> Layout:
        """Return the layout; raises ValueError for anything else."""
        if not isinstance(sent, Mapping) or not isinstance(sent.get("features"), list):
            raise ValueError("a ledger's layout has a list of features")
        features = tuple(_feature(feature) for feature in sent["features"])
        return cls(features, _count(sent.get("bins")), _count(sent.get("classes")), _slices(sent.get("sliced", [])))


def _slices(sent: object) -> tuple[Sliced, ...]:
    if not isinstance(sent, list) or len(sent) > MOST_SLICED or not all(isinstance(one, Mapping) for one in sent):
        raise ValueError(f"a ledger's layout has at most {MOST_SLICED} columns of segments")
    if any(not isinstance(one.get("column"), str) for one in sent):
        raise ValueError("segments of a ledger's layout are of a column")
    found = tuple(Sliced(one["column"], _count(one.get("values"))) for one in sent)
    if any(one.values > MOST_VALUES for one in found) or prod(one.values + 1 for one in found) > MOST_COMBINATIONS:
        raise ValueError(f"a ledger's layout has at most {MOST_COMBINATIONS} combinations of segments")
    return found


def _feature(sent: object) -> FeatureCells:
    if not isinstance(sent, Mapping) or not isinstance(sent.get("name"), str):
        raise ValueError("a feature of a ledger's layout has a name")
    kind = sent.get("kind")
    if kind not in ("number", "text"):
        raise ValueError("a feature of a ledger's layout is a number or text")
    return FeatureCells(sent["name"], "number" if kind == "number" else "text", _count(sent.get("bins"), least=0))


def _count(sent: object, least: int = 1) -> int:
    if not isinstance(sent, int) or isinstance(sent, bool) or not least <= sent <= 1 << 20:
        raise ValueError("a count of a ledger's layout is a small whole number")
    return sent
