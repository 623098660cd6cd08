"""Evidence about many columns together: each inequality has its own detector, and each column the same weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mooring.stats.drift.detector import advance, matters, mean
from mooring.stats.drift.distances import Compared, compare, marks_of
from mooring.stats.drift.evalue import log_mean
from mooring.stats.drift.settings import Settings, TierName

MOST_DETECTORS: Final = 4096
"""More, and the inequalities of a column share one: slower to see a change, and the state stays bounded."""
LEAST_ROWS: Final = 50
"""A column with fewer in a window is unknown there, and its evidence stays as it is."""

Levels = tuple[int, ...]


@dataclass(frozen=True)
class Tier:
    """The columns that are compared, all by the same floor unless their own is higher."""

    name: TierName
    columns: tuple[Compared, ...]
    most: int
    """Detectors; more columns than that have one each all the same."""

    @classmethod
    def of(
        cls,
        name: TierName,
        columns: Sequence[tuple[str, Sequence[int], bool, float]],
        settings: Settings,
        most: int = MOST_DETECTORS,
    ) -> Tier:
        """Return the tier of (name, reference's cells, whether they have an order, floor)."""
        claims = sum(2 * len(marks_of(cells, ordered=ordered)) for _, cells, ordered, _ in columns)
        surprise = settings.surprise(name, claims)
        return cls(
            name,
            tuple(
                compare(column, cells, ordered=ordered, surprise=surprise, floor=floor)
                for column, cells, ordered, floor in columns
            ),
            most,
        )

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many detectors each column has."""
        found = tuple(len(column.sides) for column in self.columns)
        return found if sum(found) <= self.most else tuple(map(min, found, [1] * len(found)))

    @property
    def start(self) -> Levels:
        """The levels of no evidence."""
        return (0,) * sum(self.widths)

    def fold(self, levels: Levels, window: Sequence[Sequence[int]], factors: Sequence[float] = ()) -> Levels:
        """Return the levels after a window, given as the cells of each column.

        `factors`: how many rows of each column say as much as one (`clumps`); none: 1.
        """
        found: list[int] = []
        at = 0
        each = factors or (1.0,) * len(self.columns)
        for column, width, cells, factor in zip(self.columns, self.widths, window, each, strict=True):
            mine = levels[at : at + width]
            at += width
            rows = sum(cells)
            if rows < LEAST_ROWS or not width:
                found += mine
                continue
            worth = rows / factor
            tests = [(test, count / factor) for test, count in column.counted(_marks(column, cells), rows)]
            if width == len(tests):
                of_tests = zip(mine, tests, strict=True)
                logs = [test.log_e(count, worth, matters(level)) for level, (test, count) in of_tests]
            else:
                logs = [log_mean([test.log_e(count, worth) for test, count in tests])]
            found += map(advance, mine, logs)
        return tuple(found)

    def evidence(self, levels: Levels) -> tuple[float, ...]:
        """Return each column's evidence."""
        ends = [sum(self.widths[: index + 1]) for index in range(len(self.widths))]
        return tuple(mean(levels[end - width : end]) for end, width in zip(ends, self.widths, strict=True))

    def together(self, levels: Levels) -> float:
        """Return the evidence of all columns that have any: the mean, which keeps the promise of each."""
        found = [one for one, width in zip(self.evidence(levels), self.widths, strict=True) if width]
        return sum(found) / len(found) if found else 0.0

    @property
    def detectable(self) -> float:
        """The distance that every column that is tested shows in the end; 1: none is."""
        return max((column.detectable for column in self.columns if column.sides), default=1.0)


def _marks(column: Compared, cells: Sequence[int]) -> Sequence[int]:
    return marks_of(cells, ordered=column.ordered)
