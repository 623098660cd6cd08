"""Where segments lie in what pods count, by the columns that a version was sliced by."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

from mooring.ledger.layout import Layout


def numbers_of(layout: Layout) -> dict[str, range]:
    """Return the numbers of the segments of each column."""
    ends = [0, *accumulate(one.values for one in layout.sliced)]
    return {one.column: range(*part) for one, part in zip(layout.sliced, pairwise(ends), strict=True)}


def chosen(layout: Layout, columns: Iterable[str]) -> dict[int, slice]:
    """Return the segments of these columns, as far as pods count them, by number.

    Each with the cells of its own column, among those of all features: every row of the segment is in one of them.
    """
    found: dict[int, slice] = {}
    numbers = numbers_of(layout)
    for column in columns:
        own = next((at for at, one in enumerate(layout.features) if one.name == column), None)
        if own is None or column not in numbers:
            continue
        start = layout.feature_starts[own] - layout.slices["features"].start
        found |= dict.fromkeys(numbers[column], slice(start, start + layout.features[own].cells))
    return found
