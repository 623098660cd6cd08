"""Does the model lose more than it did out of sample? Bets on losses, weighted so that the labelled stand for all.

The truths of a pool are a sample that somebody chose. Within a bin of the prediction the choice is taken as fair, so
that a row counts with the weight (share of the bin in all predictions) / (its share in the labelled). With n rows and
weights w, the mean of Π (1 + λ(w x - u)) is at most exp(λ Σ (w E[x] - u)), and Σ w E[x] ≤ n u wherever the whole pool
loses at most u: the bets are an e-value, though single bins may lose more (log(1 + x) ≤ x), and whatever numbers from 0
to 1 the losses x are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from mooring.stats.drift.detector import advance
from mooring.stats.drift.evalue import Above, above, above_mean
from mooring.stats.drift.joins import Sample
from mooring.stats.drift.losses import UNITS
from mooring.stats.drift.reference import Losses
from mooring.stats.drift.settings import Settings
from mooring.stats.drift.tier import Levels

HEAVIEST: Final = 10.0
"""No row counts for more than so many: a bin with fewer truths than that is not repaired."""
STEPS: Final = (0.01, 0.03, 0.06, 0.12, 0.25)
"""How far above the bound the losses lie that are bet on. Each bet has a detector of its own: a day shows little, and a
mean of bets on one day would lose what the right one won."""
START: Final = (0,) * len(STEPS)
SELECTIVE: Final = 0.05
"""Labelled predictions whose scores are further than this (KS) from those of all, after weighting, show nothing."""


@dataclass(frozen=True)
class Repaired:
    """What truths of a part say of all predictions."""

    truths: int
    raw: float
    """Losses of the labelled."""
    rate: float
    """The same of all predictions, as far as bins have truths."""
    distance: float
    """KS distance of the labelled from all by score; `left` after weighting."""
    left: float
    weights: tuple[float, ...]
    """Of a row in each bin."""

    @property
    def selective(self) -> bool:
        """Whether the labelled are too unlike the others, even weighted."""
        return self.left > SELECTIVE


def repair(pool: Sample) -> Repaired:
    """Return what the truths of a pool, which has some, say of all its predictions."""
    truths, predictions = sum(pool.labelled), sum(pool.predicted)
    shares = [count / predictions for count in pool.predicted]
    told = [count / truths for count in pool.labelled]
    both = list(zip(shares, told, strict=True))
    weights = tuple(min(HEAVIEST, share / of_told) if of_told else 0.0 for share, of_told in both)
    weighted = [weight * of_told for weight, of_told in zip(weights, told, strict=True)]
    reached = sum(share for share, count in zip(shares, pool.labelled, strict=True) if count)
    rates = zip(shares, pool.lost, pool.labelled, strict=True)
    return Repaired(
        truths,
        sum(pool.lost) / truths,
        sum(share * lost / count for share, lost, count in rates if count) / reached if reached else 0.0,
        _distance(told, shares),
        _distance(weighted, shares),
        weights,
    )


def loss_test(losses: Losses, settings: Settings) -> Above | None:
    """Return the test of "loses more than the reference by more than the tolerance"; None: there is no reference."""
    surprise, allowed = settings.surprise("harm"), settings.tolerance / UNITS[losses.loss]
    if losses.told:
        return above_mean(losses.told, surprise, allowed, STEPS)
    return above(losses.lost, losses.rows, surprise, allowed, STEPS)


def fold(levels: Levels, test: Above, pool: Sample, weights: Sequence[float], factor: float = 1.0) -> Levels:
    """Return the levels, one for each bet, after a pool. `factor`: so many truths say as much as one."""
    losses = [(loss, count / factor) for loss, count in pool.losses(weights) if count]
    return tuple(map(advance, levels, test.log_bets(losses)))


def _distance(left: Sequence[float], right: Sequence[float]) -> float:
    gaps = (abs(one - other) for one, other in zip(accumulate(left), accumulate(right), strict=True))
    return max(gaps, default=0.0)
