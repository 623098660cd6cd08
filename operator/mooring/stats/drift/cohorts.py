"""Ground truth by the day of its prediction: late, partial, and not of a fair sample.

A day is settled once: when it is old enough and has as many truths as days have here. Settled days are pooled until
they are enough for a step of evidence.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from mooring.stats.drift.settings import DAY_SECONDS, MOST_MATURE_DAYS, Settings
from mooring.stats.drift.window import Ints, Truth

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
    """Predictions of one day, or of several days that were pooled, by bin."""

    day: int
    """The first one, since 1970 UTC."""
    predicted: tuple[int, ...]
    labelled: tuple[int, ...]
    lost: tuple[int, ...]
    days: int = 1

    @classmethod
    def empty(cls, day: int, bins: int) -> Cohort:
        """Return a day of which nothing is known yet."""
        zeros = (0,) * bins
        return cls(day, zeros, zeros, zeros)

    def plus(self, other: Cohort) -> Cohort:
        """Return both together."""
        return Cohort(
            min(self.day, other.day),
            _plus(self.predicted, other.predicted),
            _plus(self.labelled, other.labelled),
            _plus(self.lost, other.lost),
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
    """Days that had too few truths."""

    def predicted(self, day: int, bins: Ints) -> Cohorts:
        """Count predictions of a day."""
        if not any(bins):
            return self
        found = {cohort.day: cohort for cohort in self.waiting}
        before = found.get(day, Cohort.empty(day, len(bins)))
        found[day] = replace(before, predicted=_plus(before.predicted, bins))
        kept = tuple(found[known] for known in sorted(found))
        return replace(self, waiting=kept[-MOST_DAYS:], unknown=self.unknown + max(0, len(kept) - MOST_DAYS))

    def told(self, truths: tuple[Truth, ...]) -> Cohorts:
        """Count truths of days that wait for them; raises ValueError for a bin that does not exist."""
        if not truths or not self.waiting:
            return self
        found = {cohort.day: cohort for cohort in self.waiting}
        for day, at, labelled, lost in truths:
            if cohort := found.get(day):
                if not 0 <= at < len(cohort.predicted):
                    raise ValueError(f"a truth of bin {at} is not of this version, which has {len(cohort.predicted)}")
                found[day] = replace(
                    cohort, labelled=_added(cohort.labelled, at, labelled), lost=_added(cohort.lost, at, lost)
                )
        return replace(self, waiting=tuple(found.values()))

    def settled(self, now: int, settings: Settings) -> Cohorts:
        """Pool the days that are old enough and covered as usual; give up those that are not and waited too long."""
        waiting, pool, usual, unknown = [], self.pool, self.usual, self.unknown
        for cohort in self.waiting:
            age = now // 1000 - (cohort.day + 1) * DAY_SECONDS - settings.mature_after_seconds
            truths, predictions = sum(cohort.labelled), sum(cohort.predicted)
            covered = truths > 0 and truths / predictions >= settings.min_coverage * coverage(usual)
            if age < 0 or (not covered and age < GRACE_DAYS * DAY_SECONDS):
                waiting.append(cohort)
                continue
            usual = (*usual, (truths, predictions))[-USUAL_DAYS:]
            if covered:
                pool = cohort if pool is None else pool.plus(cohort)
            else:
                unknown += 1
        if len(waiting) == len(self.waiting):
            return self
        return Cohorts(tuple(waiting), pool, usual, unknown)

    def taken(self, settings: Settings) -> tuple[Cohorts, Cohort | None]:
        """Return the pool once it is enough for a step, and what remains without it."""
        pool = self.pool
        if pool is None or pool.days < settings.harm_days or sum(pool.labelled) < LEAST_TRUTHS:
            return self, None
        return replace(self, pool=None), pool


def coverage(usual: tuple[tuple[int, int], ...]) -> float:
    """Return the usual share of predictions that have a truth; with no days yet 0."""
    return median([truths / predictions for truths, predictions in usual]) if usual else 0.0


def _plus(left: Ints, right: Ints) -> tuple[int, ...]:
    return tuple(map(operator.add, left, right))


def _added(counts: tuple[int, ...], at: int, count: int) -> tuple[int, ...]:
    return (*counts[:at], counts[at] + count, *counts[at + 1 :])
