"""Broken data: missing, never seen, out of range, refused, each against the reference and what is allowed beyond.

It has a budget of its own, as large as that of drift: it holds training and never starts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Literal

from mooring.stats.drift.detector import advance, value
from mooring.stats.drift.evalue import Above, above
from mooring.stats.drift.reference import Reference
from mooring.stats.drift.settings import DOUBT, Settings
from mooring.stats.drift.tier import LEAST_ROWS, Levels

Fault = Literal["Missing", "Unseen", "OutOfRange", "Refused"]


@dataclass(frozen=True)
class Rate:
    """One rate of a column. `test` None: the reference has no rows that it could be held against."""

    column: str
    fault: Fault
    test: Above | None


@dataclass(frozen=True)
class Broken:
    """A rate that is shown to be too high, in the window just closed."""

    column: str
    fault: Fault
    share: float
    bound: float
    """What the reference and the allowance make of it."""
    rows: int


@dataclass(frozen=True)
class Quality:
    """All rates of all columns: missing, strange and refused in turn."""

    rates: tuple[Rate, ...]
    steps: float
    """Windows in which one false alarm is allowed: with a share of the budget, so many more."""

    @classmethod
    def of(cls, reference: Reference, settings: Settings) -> Quality:
        """Return the rates of a reference."""
        surprise = log(max(1, 3 * len(reference.columns)) / (DOUBT * settings.share))
        rates = []
        for column in reference.columns:
            present = sum(column.known)
            missing = above(column.missing, present + column.missing, surprise, settings.missing)
            fault: Fault = "OutOfRange" if column.kind == "number" else "Unseen"
            allowed = settings.out_of_range if column.kind == "number" else settings.unseen
            rates.append(Rate(column.name, "Missing", missing))
            rates.append(Rate(column.name, fault, above(0, present, surprise, allowed)))
            refused = above(0, present + column.missing, surprise, settings.wrong_type)
            rates.append(Rate(column.name, "Refused", refused))
        return cls(tuple(rates), settings.steps("inputs") / settings.share)

    @cached_property
    def alarm_at(self) -> float:
        """What the evidence about one rate must reach: so the mean over all of them has the whole budget."""
        return self.steps * max(1, sum(rate.test is not None for rate in self.rates))

    @property
    def start(self) -> Levels:
        """The levels of no evidence."""
        return (0,) * len(self.rates)

    def fold(self, levels: Levels, window: Sequence[tuple[int, int]]) -> Levels:
        """Return the levels after a window, given as (count, rows) of each rate. One clean window ends a fault."""
        return tuple(map(self._advanced, self.rates, levels, window))

    def _advanced(self, rate: Rate, level: int, counted: tuple[int, int]) -> int:
        count, rows = counted
        if rate.test is None or rows < LEAST_ROWS:
            return level
        after = advance(level, rate.test.log_e(count, rows))
        if value(level) < self.alarm_at:
            return after
        return max(level, after) if count > rows * rate.test.bound else 0

    def broken(self, levels: Levels, window: Sequence[tuple[int, int]]) -> tuple[Broken, ...]:
        """Return what is broken, the worst first."""
        found = [
            Broken(rate.column, rate.fault, count / rows if rows else 0.0, rate.test.bound, rows)
            for rate, level, (count, rows) in zip(self.rates, levels, window, strict=True)
            if rate.test is not None and value(level) >= self.alarm_at
        ]
        return tuple(sorted(found, key=lambda one: -one.share))
