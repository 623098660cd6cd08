"""A small model's ledger, requests to it, and what they come to when counted one by one, without any of our code."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from mooring.ledger.binner import Binner, NumberEdges, Strata, TextTable
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Cells, Join, Stream
from mooring.ledger.layout import LATENCY_MICROSECONDS, MODEL, OK, Layout

AGE = NumberEdges("age", edges=(20.0, 30.0, 50.0), low=18.0, high=90.0)
BARE = NumberEdges("bare")
COLOR = TextTable("color", categories=("green", "red"), known=("blue", "green", "red"))
CITY = TextTable("city", categories=("Oslo",))
REFERENCES = (AGE, BARE, COLOR, CITY)
STRATA = Strata(edges=(0.25, 0.5, 0.75), classes=2)
STREAM = Stream("shop", "shop-v3", "shop-v3-abc", "f00")


class Clock:
    """Seconds that pass when told."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def ledger(clock: Clock | None = None, stream: Stream = STREAM) -> Ledger:
    return Ledger(Binner(REFERENCES, STRATA), stream, clock or Clock())


@dataclass(frozen=True)
class Asked:
    """One request, its rows transposed: `columns[i][row]`."""

    role: int
    caller: int
    outcome: int
    seconds: float
    columns: Sequence[Sequence[float | str | None]]
    strata: Sequence[int]

    def into(self, book: Ledger) -> None:
        if self.outcome in (OK, MODEL):
            book.append(self.role, self.caller, self.outcome, self.seconds, self.columns, self.strata)
        else:
            book.refuse(self.role, self.caller, self.outcome, 2 if self.outcome == 1 else None)


_numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([17.9, 18.0, 20.0, 20.1, 30.0, 50.0, 90.0, 90.1, math.nan]),
)
_colors = st.sampled_from(["green", "red", "blue", "mauve", "", None])
_cities = st.sampled_from(["Oslo", "Bergen", None])


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    outcome = draw(st.sampled_from([0, 0, 0, 1, 2, 3]))
    rows = draw(st.integers(1, 5)) if outcome == OK else 0
    kinds = (_numbers, _numbers, _colors, _cities)
    columns = [draw(st.lists(kind, min_size=rows, max_size=rows)) for kind in kinds] if rows else []
    seconds = draw(st.floats(0, 20)) if outcome in (OK, MODEL) else 0.0
    strata = draw(st.lists(st.integers(0, 7), min_size=rows, max_size=rows))
    return Asked(draw(st.integers(0, 3)), draw(st.integers(0, 15)), outcome, seconds, columns, strata)


joins = st.builds(
    Join, st.integers(0, 3), st.integers(0, 3), st.integers(20_000, 20_002), st.integers(0, 7), st.integers(0, 1)
)


def tally(asked: Sequence[Asked]) -> dict[int, Counter[tuple[object, ...]]]:
    """Return by role what was counted how often, one row after the other."""
    found: dict[int, Counter[tuple[object, ...]]] = {}
    for one in asked:
        counts = found.setdefault(one.role, Counter())
        counts["callers", one.caller, one.outcome] += 1
        if one.outcome in (OK, MODEL):
            counts["latency", one.caller, _latency(one.seconds)] += 1
        if one.outcome == 1:
            counts["rejected", 2] += 1
        for name, values in zip(("age", "bare", "color", "city"), one.columns, strict=False):
            counts.update((name, _cell(name, value)) for value in values)
        counts.update(("predictions", stratum) for stratum in one.strata)
        counts["rows",] += len(one.strata)
    return {role: +counts for role, counts in found.items()}


def read(counts: Cells, layout: Layout) -> Counter[tuple[object, ...]]:
    """Return a vector in the words of `tally`."""
    found: Counter[tuple[object, ...]] = Counter()
    for name in ("callers", "latency"):
        width = layout.shapes[name][1]
        for place, count in enumerate(counts[layout.slices[name]]):
            found[name, place // width, place % width] = count
    for name in ("rejected", "predictions"):
        found.update({(name, place): count for place, count in enumerate(counts[layout.slices[name]])})
    found["rows",] = counts[layout.slices["rows"]][0]
    for index, feature in enumerate(layout.features):
        names = [*range(feature.bins), *feature.extra]
        cells = layout.of_feature(counts, index)
        found.update({(feature.name, cell): count for cell, count in zip(names, cells, strict=True)})
    return +found


def _latency(seconds: float) -> int:
    return bisect_left([edge / 1e6 for edge in LATENCY_MICROSECONDS], seconds)


def _cell(name: str, value: float | str | None) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if name == "bare":
        return 0
    if name == "age":
        number = float(value)
        return "under" if number < 18 else "over" if number > 90 else sum(number > edge for edge in (20, 30, 50))
    if name == "city":
        return 0 if value == "Oslo" else "other"
    return {"green": 0, "red": 1, "blue": "other"}.get(str(value), "unseen")
