"""What the model is expected to lose, from what it answers alone: an estimate for where no truth comes.

Each stratum of predictions lost a known share out of sample; a window is expected to lose the mean of these shares over
its own strata (the idea of NannyML's CBPE, calibrated on held out rows by bin and label). So it sees harder questions,
and is blind to a changed meaning of the same ones: it may raise an alarm and never clears one.

It is a function of predictions with one direction, and shares their part of the budget: so whatever it is allowed to
do, the promise about all tiers together holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mooring.stats.drift.detector import advance, mean
from mooring.stats.drift.evalue import Above, above, above_mean
from mooring.stats.drift.harm import START, STEPS
from mooring.stats.drift.losses import UNITS, LossName
from mooring.stats.drift.reference import Losses
from mooring.stats.drift.report import Evidence
from mooring.stats.drift.settings import Settings
from mooring.stats.drift.tier import LEAST_ROWS, Levels
from mooring.stats.drift.window import Ints

PRIOR_ROWS: Final = 10
"""Of the whole reference, that each stratum is given: one with few rows of its own is known by little."""


@dataclass(frozen=True)
class Estimate:
    """The expected loss of each stratum, and the test of "more than the reference's, by more than the tolerance"."""

    losses: tuple[float, ...]
    reference: float
    """The mean over the reference."""
    test: Above
    loss: LossName = "zero_one"
    """What is foretold is what truths are judged by."""

    @classmethod
    def of(cls, losses: Losses, settings: Settings) -> Estimate | None:
        """Return the estimate by a reference; None: it does not say what was lost by stratum.

        The true mean of the shares (for they are fixed numbers from 0 to 1) is below the bound but for the doubt.
        """
        if not losses.rows or not losses.strata:
            return None
        mean = losses.lost / losses.rows
        both = list(zip(losses.strata, losses.strata_lost, strict=True))
        shares = tuple((lost + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS) for rows, lost in both)
        total = sum(share * rows for share, rows in zip(shares, losses.strata, strict=True))
        surprise, allowed = settings.surprise("estimated"), settings.tolerance / UNITS[losses.loss]
        if losses.loss == "zero_one":
            test = above(total, losses.rows, surprise, allowed, STEPS)
        else:
            test = above_mean(list(zip(shares, losses.strata, strict=True)), surprise, allowed, STEPS)
        return cls(shares, total / losses.rows, test, losses.loss) if test else None

    def rate(self, strata: Ints) -> float:
        """Return the loss that a window with such predictions, which has some, is expected to have."""
        return sum(share * rows for share, rows in zip(self.losses, strata, strict=True)) / sum(strata)

    def fold(self, levels: Levels, strata: Ints, factor: float) -> Levels:
        """Return the levels, one for each bet, after a window."""
        worth = [(share, rows / factor) for share, rows in zip(self.losses, strata, strict=True)]
        return tuple(map(advance, levels, self.test.log_bets(worth)))


def tested(
    estimate: Estimate | None, levels: Levels, strata: Ints, factor: float, alarm_at: float
) -> tuple[Levels, Evidence]:
    """Return the levels to go on with after a window, and what it says. `factor`: so many rows say as much as one."""
    if estimate is None:
        return levels, Evidence("estimated", 0.0, alarm_at, sum(strata), "Unknown", 1.0)
    unit = UNITS[estimate.loss]
    detectable = unit * (estimate.test.bound - estimate.reference)
    if sum(strata) < LEAST_ROWS:
        return levels, Evidence("estimated", mean(levels), alarm_at, sum(strata), "Unknown", detectable)
    levels = estimate.fold(levels, strata, factor)
    together = mean(levels)
    alarm = together >= alarm_at
    said = Evidence(
        "estimated",
        together,
        alarm_at,
        sum(strata),
        "Alarm" if alarm else "Quiet",
        detectable,
        rate=unit * estimate.rate(strata),
        reference=unit * estimate.reference,
        loss=estimate.loss,
    )
    return (START if alarm else levels), said
