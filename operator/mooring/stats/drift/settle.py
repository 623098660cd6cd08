"""What settled truths say, and the evidence of harm after them."""

from __future__ import annotations

from mooring.stats.drift import harm
from mooring.stats.drift.cohorts import Cohort
from mooring.stats.drift.detector import mean
from mooring.stats.drift.evalue import Above
from mooring.stats.drift.joins import Codes
from mooring.stats.drift.losses import UNITS
from mooring.stats.drift.metrics import metrics
from mooring.stats.drift.reference import Losses
from mooring.stats.drift.report import HarmReport, HarmState
from mooring.stats.drift.tier import Levels


def settle(
    levels: Levels, pool: Cohort, codes: Codes, losses: Losses, test: Above | None, alarm_at: float, repeated: float
) -> tuple[Levels, HarmReport]:
    """Return the levels to go on with after a pool, and what it says.

    `test` None: there is no reference of losses. `repeated`: how many predictions say as much as one (`clumps`), and
    their truths too: a user whose rows are alike may be told all of them or none.
    """
    sample = codes.sample(pool.predicted, pool.told)
    repaired = harm.repair(sample)
    if test is not None and not repaired.selective:
        levels = harm.fold(levels, test, sample, repaired.weights, repeated)
    together = mean(levels)
    alarm = together >= alarm_at
    joins, loss = codes.joins(pool.told), codes.answers.loss
    unit = UNITS[loss]
    report = HarmReport(
        state=_judged(test, repaired, alarm=alarm),
        value=together,
        alarm_at=alarm_at,
        truths=repaired.truths,
        coverage=repaired.truths / max(1, sum(pool.predicted)),
        rate=unit * repaired.rate,
        raw=unit * repaired.raw,
        reference=unit * losses.lost / losses.rows if losses.rows else 0.0,
        bound=unit * (test.bound if test else 1.0),
        distance=repaired.left,
        metrics=() if joins is None else metrics(codes.answers, joins, repaired.weights),
        loss=loss,
    )
    return (harm.START if alarm else levels), report


def _judged(test: Above | None, repaired: harm.Repaired, *, alarm: bool) -> HarmState:
    if test is None:
        return "Unknown"
    if repaired.selective:
        return "LabelsSelective"
    return "Alarm" if alarm else "Quiet"
