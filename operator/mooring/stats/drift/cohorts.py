"""Ground truth by the day of its prediction: late, partial, and not of a fair sample.

A day is settled once: when it is old enough and has as many truths as days have here. Settled days are pooled until
they are enough for a step of evidence. Truths as they come (`Settings.as_they_come`) know no days: what a window had is
pooled when it closes, and the pool is held against the usual coverage.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from mooring.stats.drift.joins import Codes, Told, Truth, plus
from mooring.stats.drift.settings import DAY_SECONDS, MOST_MATURE_DAYS, Settings
from mooring.stats.drift.window import Ints

LEAST_TRUTHS: Final = 200
"""Of a pool, before it is tested."""
GRACE_DAYS: Final = 7
"""How much longer a day waits for truths that usually come; then it is unknown."""
USUAL_DAYS: Final = 14
"""Days by which the usual coverage is known: its median."""
MOST_DAYS: Final = MOST_MATURE_DAYS + GRACE_DAYS + 2
"""That wait for their truth."""


@dataclass(frozen=True)
class Cohort:
    """Predictions of one day or window, or of several that were pooled, and their truths."""

    day: int
    """The first one, since 1970 UTC; or the window's number."""
    predicted: tuple[int, ...]
    """By bin."""
    told: Told = ()
    days: int = 1

    @property
    def truths(self) -> int:
        """How many."""
        return sum(count for _, count in self.told)

    @property
    def counts(self) -> tuple[int, int]:
        """Truths, and predictions."""
        return self.truths, sum(self.predicted)

    def plus(self, other: Cohort) -> Cohort:
        """Return both together."""
        return Cohort(
            min(self.day, other.day),
            _plus(self.predicted, other.predicted),
            plus(self.told, other.told),
            self.days + other.days,
        )


@dataclass(frozen=True)
class Cohorts:
    """What waits."""

    waiting: tuple[Cohort, ...] = ()
    """By day. A day that was settled, or had no predictions here, is absent: truths for it are ignored."""
    pool: Cohort | None = None
    """Settled days that are not tested yet."""
    usual: tuple[tuple[int, int], ...] = ()
    """(truths, predictions) of the last days that were settled, or given up."""
    unknown: int = 0
    """Days, or windows, that had too few truths."""

    def predicted(self, day: int, bins: Ints) -> Cohorts:
        """Count predictions of a day."""
        if not any(bins):
            return self
        found = {cohort.day: cohort for cohort in self.waiting}
        before = found.get(day, Cohort(day, (0,) * len(bins)))
        found[day] = replace(before, predicted=_plus(before.predicted, bins))
        kept = tuple(found[known] for known in sorted(found))
        return replace(self, waiting=kept[-MOST_DAYS:], unknown=self.unknown + max(0, len(kept) - MOST_DAYS))

    def told(self, truths: Sequence[Truth], codes: Codes) -> Cohorts:
        """Count truths of days that wait for them; raises ValueError for one that this version cannot have."""
        if not truths or not self.waiting:
            return self
        of_days: dict[int, list[Truth]] = {cohort.day: [] for cohort in self.waiting}
        for truth in truths:
            of_days.get(truth.day, []).append(truth)
        return replace(
            self,
            waiting=tuple(
                replace(cohort, told=codes.plus(cohort.told, more)) if (more := of_days[cohort.day]) else cohort
                for cohort in self.waiting
            ),
        )

    def came(self, truths: Sequence[Truth], codes: Codes) -> Cohorts:
        """Count truths as they come, for the window that is open; raises ValueError as `told` does."""
        if not truths:
            return self
        (open_one,) = self.waiting or (Cohort(0, (0,) * codes.answers.bins),)
        return replace(self, waiting=(replace(open_one, told=codes.plus(open_one.told, truths)),))

    def settled(self, now: int, settings: Settings) -> Cohorts:
        """Pool the days that are old enough and covered as usual; give up those that are not and waited too long."""
        waiting, pool, usual, unknown = [], self.pool, self.usual, self.unknown
        for cohort in self.waiting:
            age = now // 1000 - (cohort.day + 1) * DAY_SECONDS - settings.mature_after_seconds
            covered = _covered(cohort, usual, settings)
            if age < 0 or (not covered and age < GRACE_DAYS * DAY_SECONDS):
                waiting.append(cohort)
                continue
            usual = (*usual, cohort.counts)[-USUAL_DAYS:]
            if covered:
                pool = cohort if pool is None else pool.plus(cohort)
            else:
                unknown += 1
        if len(waiting) == len(self.waiting):
            return self
        return Cohorts(tuple(waiting), pool, usual, unknown)

    def closed(self, bins: Ints) -> Cohorts:
        """Pool the window that closes, with its predictions; one without truths says nothing of the others."""
        if not self.waiting or not self.waiting[0].told or not any(bins):
            return replace(self, waiting=(), unknown=self.unknown + 1)
        window = replace(self.waiting[0], predicted=tuple(bins))
        return replace(self, waiting=(), pool=window if self.pool is None else self.pool.plus(window))

    def taken(self, settings: Settings) -> tuple[Cohorts, Cohort | None]:
        """Return the pool once it is enough for a step, and what remains without it."""
        pool = self.pool
        if pool is None or pool.days < settings.harm_days or pool.truths < LEAST_TRUTHS:
            return self, None
        if not settings.as_they_come:
            return replace(self, pool=None), pool
        usual = (*self.usual, pool.counts)[-USUAL_DAYS:]
        if _covered(pool, self.usual, settings):
            return replace(self, pool=None, usual=usual), pool
        return replace(self, pool=None, usual=usual, unknown=self.unknown + pool.days), None


def coverage(usual: tuple[tuple[int, int], ...]) -> float:
    """Return the usual share of predictions that have a truth; with no days yet 0."""
    return median([truths / max(1, predictions) for truths, predictions in usual]) if usual else 0.0


def _covered(cohort: Cohort, usual: tuple[tuple[int, int], ...], settings: Settings) -> bool:
    truths, predictions = cohort.counts
    return truths > 0 and truths >= settings.min_coverage * coverage(usual) * predictions


def _plus(left: Ints, right: Ints) -> tuple[int, ...]:
    return tuple(map(operator.add, left, right))
