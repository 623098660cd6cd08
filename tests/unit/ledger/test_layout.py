"""Which cells a layout with segments has, and which segments a prediction's combination lies in."""

from itertools import product

import pytest

from mooring.ledger.layout import FeatureCells, Layout, Sliced
from mooring.ledger.profile import (
    NumberCounts,
    NumberProfile,
    PredictionCounts,
    PredictionProfile,
    Profile,
    SegmentProfile,
)

FEATURES = (FeatureCells("age", "number", 4), FeatureCells("city", "text", 2))
PLAIN = Layout(FEATURES, 2, 2)
SLICED = Layout(FEATURES, 2, 2, (Sliced("city", 2), Sliced("age", 3)))


def test_segments_lie_behind_what_was_there_before() -> None:
    assert SLICED.shapes["segments"] == (5, 7 + 5 + 4)
    assert SLICED.slices["segments"] == slice(PLAIN.size, SLICED.size)
    assert {name: SLICED.slices[name] for name in PLAIN.shapes} == PLAIN.slices


def test_every_combination_is_in_at_most_one_segment_of_each_column() -> None:
    digits = [tuple(reversed(pair)) for pair in product(range(4), range(3))]
    expected = [tuple(n for n in (c - 1 if c else None, a + 1 if a else None) if n is not None) for c, a in digits]
    assert [SLICED.in_segments(number) for number in range(SLICED.combinations)] == expected
    assert PLAIN.combinations == 1
    assert PLAIN.in_segments(0) == ()


def test_a_layout_without_slices_is_written_as_it_always_was() -> None:
    assert "sliced" not in PLAIN.to_json()
    assert [Layout.from_json(one.to_json()) for one in (PLAIN, SLICED)] == [PLAIN, SLICED]


@pytest.mark.parametrize(
    "sliced",
    [
        "city",
        ["city"],
        [{"column": 1, "values": 2}],
        [{"column": "city", "values": 0}],
        [{"column": "city", "values": 13}],
        [{"column": name, "values": 8} for name in ("city", "age")],
        [{"column": str(name), "values": 1} for name in range(5)],
    ],
)
def test_segments_that_nobody_makes_are_refused(sliced: object) -> None:
    with pytest.raises(ValueError, match="ledger's layout"):
        Layout.from_json({**PLAIN.to_json(), "sliced": sliced})


def test_the_reference_of_a_segment_has_its_counts_on_the_edges_of_all_rows() -> None:
    whole = Profile(
        rows=9,
        numbers=[NumberProfile(name="age", edges=[1.0], counts=[5, 3], missing=1, low=0.0, high=4.0, blocks=0.5)],
        categories=[],
        holdout_rows=4,
        predictions=PredictionProfile(of="probability", edges=[0.5], counts=[2, 2], positive=1),
    )
    part = SegmentProfile(
        column="sex",
        value=2.0,
        rows=4,
        numbers=[NumberCounts(counts=[1, 2], missing=1)],
        categories=[],
        holdout_rows=2,
        predictions=PredictionCounts(counts=[1, 1], strata=[1, 0, 0, 1], losses=[1, 0, 0, 0]),
    )
    found = whole.within(part)
    assert part.name == "sex=2"
    assert found.numbers == [
        NumberProfile(name="age", edges=[1.0], counts=[1, 2], missing=1, low=0.0, high=4.0, blocks=None)
    ]
    assert (found.rows, found.holdout_rows, found.predictions.edges, found.predictions.positive) == (4, 2, [0.5], 1)
    assert (found.predictions.counts, found.predictions.losses) == ([1, 1], [1, 0, 0, 0])
