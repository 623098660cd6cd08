"""Truths by what was predicted: of all rows, and of the segments that the rows lie in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mooring.ledger.layout import Layout
from mooring.reconcile.drift.tally import Tally
from mooring.stats.drift import Truth

_Key = tuple[int, int, int]
"""Day, stratum and outcome."""


def of_all(told: Iterable[Tally], layout: Layout) -> tuple[Truth, ...]:
    """Return the truths of all rows."""
    found: Counter[_Key] = Counter()
    for tally in told:
        for (day, code, outcome), count in tally.truths.items():
            found[day, code % layout.strata, outcome] += count
    return _sorted(found)


def of_segments(told: Iterable[Tally], layout: Layout) -> dict[int, tuple[Truth, ...]]:
    """Return the truths of each segment that has some, by number."""
    found: dict[int, Counter[_Key]] = {}
    for tally in told:
        for (day, code, outcome), count in tally.truths.items():
            combination, stratum = divmod(code, layout.strata)
            for number in layout.in_segments(combination):
                found.setdefault(number, Counter())[day, stratum, outcome] += count
    return {number: _sorted(truths) for number, truths in found.items()}


def merged(left: tuple[Truth, ...], right: tuple[Truth, ...]) -> tuple[Truth, ...]:
    """Return both together."""
    if not left or not right:
        return left or right
    found: Counter[_Key] = Counter()
    for truth in (*left, *right):
        found[truth.day, truth.stratum, truth.outcome] += truth.rows
    return _sorted(found)


def _sorted(found: Mapping[_Key, int]) -> tuple[Truth, ...]:
    return tuple(Truth(*key, count) for key, count in sorted(found.items()))
