"""What a closed window says, and what settled ground truth says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mooring.stats.drift.naming import Name
from mooring.stats.drift.quality import Broken
from mooring.stats.drift.settings import TierName

State = Literal["Unknown", "Quiet", "Alarm"]
HarmState = Literal["Unknown", "Quiet", "Alarm", "LabelsSelective"]


@dataclass(frozen=True)
class Evidence:
    """Of one tier, before an alarm sets it back to nothing."""

    test: TierName
    value: float
    alarm_at: float
    rows: int
    state: State
    """Unknown: the reference, or the window, has nothing that could be compared."""
    detectable: float
    """Distances, or excess losses, up to this one are not seen: the floor and the reference's own error."""


@dataclass(frozen=True)
class WindowReport:
    """One closed window."""

    start: int
    """Milliseconds since 1970."""
    end: int
    rows: int
    unknown: int
    """Intervals in it with a missing ledger."""
    inputs: Evidence
    predictions: Evidence
    broken: tuple[Broken, ...]
    """Data that holds training; the worst first."""
    top: tuple[Name, ...]
    """Features beyond the floor in this window, and at an alarm at least the one with most evidence."""


@dataclass(frozen=True)
class HarmReport:
    """Ground truth of one or more days, settled."""

    state: HarmState
    value: float
    alarm_at: float
    truths: int
    coverage: float
    """Truths for each prediction."""
    rate: float
    """Losses for each prediction, the labelled standing for all."""
    raw: float
    """Losses of the labelled."""
    reference: float
    """Losses out of sample at training."""
    bound: float
    """What the reference and the tolerance make of it; 1: there is no reference."""
    distance: float
    """KS distance of the labelled from all by score, after weighting."""
