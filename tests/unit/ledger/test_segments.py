"""Rows counted apart by segments: exactly those that lie in them, and nothing else changes by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.ledger import book as book_module
from mooring.ledger.binner import Binner
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Cells
from mooring.ledger.layout import MODEL, OK, ROLES, Layout
from mooring.ledger.packed import Kinds, Packed
from mooring.ledger.readable import by_field, readable
from mooring.ledger.slicer import SlicedFeature, Slicer
from tests.unit.ledger import worlds
from tests.unit.ledger.worlds import REFERENCES, STRATA, Asked

KINDS = Kinds([False, False, True, True])
SLICES = [
    SlicedFeature(2, "color", ["green", "mauve", "red"]),
    SlicedFeature(0, "age", [18.0, 20.0, 90.1]),
    SlicedFeature(3, "city", ["Oslo"]),
]
SLICER = Slicer(KINDS, SLICES, 8)
SEGMENTS = [(one.feature, value) for one in SLICES for value in one.values]
STEPS = st.lists(st.one_of(worlds.requests(), st.sampled_from(["seal", "flush"])), max_size=40)


def sliced_ledger() -> Ledger:
    return Ledger(Binner(REFERENCES, STRATA, SLICER.sliced), worlds.STREAM, worlds.Clock())


def coded(asked: Asked) -> Asked:
    """Return the request with codes as serving makes them."""
    if not asked.columns:
        return asked
    return replace(asked, strata=SLICER.codes(Packed.of(KINDS, asked.columns), [*asked.strata]))


def play(book: Ledger, steps: Sequence[object], *, with_codes: bool) -> dict[str, Cells]:
    for step in steps:
        if isinstance(step, Asked):
            (coded(step) if with_codes else step).into(book)
        elif step == "seal":
            book.seal()
        else:
            book.flush()
    return dict(book.totals())


def within(steps: Sequence[object], segment: tuple[int, float | str]) -> list[Asked]:
    """Return the requests with the rows of one segment alone."""
    feature, value = segment
    found = []
    for step in steps:
        if isinstance(step, Asked) and step.columns:
            kept = [row for row, mine in enumerate(step.columns[feature]) if mine == value]
            columns = [[column[row] for row in kept] for column in step.columns]
            found.append(replace(step, columns=columns, strata=[step.strata[row] for row in kept]))
    return found


@settings(deadline=None)
@given(STEPS, st.integers(1, 20))
def test_a_segment_counts_the_rows_that_lie_in_it_and_the_margins_are_unchanged(
    steps: list[object], block: int
) -> None:
    kept, book_module.BLOCK_ROWS = book_module.BLOCK_ROWS, block
    try:
        book = sliced_ledger()
        found = play(book, steps, with_codes=True)
        plain = play(worlds.ledger(), steps, with_codes=False)
    finally:
        book_module.BLOCK_ROWS = kept
    layout = book.layout
    margins = layout.slices["segments"].start
    assert {role: counts[:margins] for role, counts in found.items()} == plain
    for number, segment in enumerate(SEGMENTS):
        wanted = worlds.tally(within(steps, segment))
        for role, counts in found.items():
            ours = read(counts, layout, number)
            theirs = wanted.get(ROLES.index(role), Counter())
            assert ours == Counter(
                {key: count for key, count in theirs.items() if key[0] in (*FEATURES, "predictions")}
            )


FEATURES = [one.name for one in REFERENCES]


def read(counts: Cells, layout: Layout, number: int) -> Counter[tuple[object, ...]]:
    """Return a segment in the words of `tally`."""
    width = layout.shapes["segments"][1]
    start = layout.slices["segments"].start + number * width
    cells = counts[start : start + width]
    found: Counter[tuple[object, ...]] = Counter()
    at = 0
    for feature in layout.features:
        names = [*range(feature.bins), *feature.extra]
        found.update({(feature.name, name): cells[at + place] for place, name in enumerate(names)})
        at += feature.cells
    found.update({("predictions", place): count for place, count in enumerate(cells[at:])})
    return +found


@given(worlds.requests())
def test_a_code_says_stratum_and_segments_of_one_row_as_of_many(asked: Asked) -> None:
    layout = sliced_ledger().layout
    codes = coded(asked).strata
    assert [code % layout.strata for code in codes] == [*asked.strata]
    for row, code in enumerate(codes):
        lies_in = tuple(n for n, (feature, value) in enumerate(SEGMENTS) if asked.columns[feature][row] == value)
        assert layout.in_segments(code // layout.strata) == lies_in
        alone = replace(asked, columns=[[column[row]] for column in asked.columns], strata=[asked.strata[row]])
        assert coded(alone).strata == [code]


def test_rows_without_a_request_are_counted_in_segments_too() -> None:
    binner = Binner(REFERENCES, STRATA, SLICER.sliced)
    columns = [[20.0, 18.0], [0.0, 0.0], ["green", None], ["Oslo", "Bergen"]]
    codes = SLICER.codes(Packed.of(KINDS, columns), [3, 5])
    vector = np.zeros(binner.layout.size, dtype=np.int64)
    binner.count(vector, [np.array(column) for column in columns], np.array(codes))
    book = sliced_ledger()
    book.append(0, 0, OK, 0.001, columns, codes)
    appended = np.array(book.totals()["stable"])
    where = slice(binner.layout.slices["features"].start, binner.layout.slices["predictions"].stop)
    segments = binner.layout.slices["segments"]
    assert vector[where].tolist() == appended[where].tolist()
    assert vector[segments].tolist() == appended[segments].tolist()
    assert vector[segments].sum() == 5 * (2 + 1 + 1)


def test_where_the_model_only_failed_no_segment_has_a_row() -> None:
    book = sliced_ledger()
    book.append(0, 0, MODEL, 0.001, (), ())
    assert sum(book.totals()["stable"][book.layout.slices["segments"]]) == 0


def test_a_reading_holds_the_segments_and_people_read_them_by_column() -> None:
    book = sliced_ledger()
    columns = [[20.0], [0.0], ["red"], [None]]
    book.append(1, 0, OK, 0.001, columns, SLICER.codes(Packed.of(KINDS, columns), [3]))
    book.seal()
    reading = book.reading(0)
    assert Layout.from_json(reading.layout) == book.layout
    counts = reading.intervals[0].roles["canary"]
    segments = by_field(counts, book.layout)["segments"]
    assert isinstance(segments, dict)
    assert {name: len(found) for name, found in segments.items()} == {"color": 3, "age": 3, "city": 1}
    red = segments["color"][2]
    assert red["features"]["color"] == {"bins": [0, 1], "other": 0, "unseen": 0, "missing": 0}
    assert red["features"]["city"]["missing"] == 1
    assert red["predictions"] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert sum(segments["age"][1]["predictions"]) == 1
    assert sum(segments["color"][0]["predictions"]) == 0
    assert readable(reading)["layout"] == book.layout.to_json()


@pytest.mark.parametrize("value", [float("nan"), 20.000001, None])
def test_what_is_no_segment_adds_nothing_to_the_code(value: float | None) -> None:
    columns = [[20.0 if value is None else value], [0.0], [None], [None]]
    only_age = Slicer(KINDS, SLICES[1:2] if value is not None else SLICES[2:], 8)
    assert only_age.codes(Packed.of(KINDS, columns), [3]) == [3]
