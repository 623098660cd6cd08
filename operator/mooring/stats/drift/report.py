"""What a closed window says, and what settled ground truth says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from mooring.stats.drift.losses import LossName
from mooring.stats.drift.metrics import Metric
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
    rate: float | None = None
    """estimated: the loss that the window is expected to have."""
    reference: float | None = None
    """estimated: the same out of sample at training."""
    loss: LossName = "zero_one"
    """estimated: which loss, in its own unit: of zero_one a share of predictions, of log_loss nats."""


class Beyond(NamedTuple):
    """Whether anything is further than its floor in this one window, whatever came before (naming's rule)."""

    inputs: bool
    predictions: bool


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
    estimated: Evidence
    """Expected losses by what is predicted: blind to a changed meaning of the same inputs. It never clears an alarm."""
    broken: tuple[Broken, ...]
    """Data that holds training; the worst first."""
    top: tuple[Name, ...]
    """Features beyond the floor in this window, and at an alarm at least the one with most evidence."""
    moved: tuple[Name, ...]
    """The same of predictions: `score` (up or down), `label` (its mark is the label that is more or less frequent)."""
    beyond: Beyond
    repeated: tuple[int, ...]
    """Of each column, then of score and label: how many rows say as much as one, in thousandths (`clumps`)."""


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
    """What the reference and the tolerance make of it; without a reference the most that there is."""
    distance: float
    """KS distance of the labelled from all by score, after weighting."""
    metrics: tuple[Metric, ...] = ()
    """For people; alarms come from bounded losses alone."""
    loss: LossName = "zero_one"
    """What `rate`, `raw`, `reference` and `bound` are of, in its own unit."""
