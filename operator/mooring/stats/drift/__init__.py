"""Drift of one version: from whole counts to evidence that may be acted on. Pure: no I/O, no clock, no numpy.

    watch = Watch(reference, Settings(min_rows=2000))
    state = watch.resume(saved)             # None, or one of another reference: no evidence yet
    folded = watch.fold(state, counted)     # each sealed interval, in order of time
    folded.window                           # what a window says that closed with it, if one did
    folded.harm                             # what ground truth says that was settled with it
    saved = folded.state.to_json()          # DriftState.from_json(saved) == folded.state

However long it runs: as long as nothing differs from the reference's source by more than is allowed, the mean time
between alarms of all tiers together is at least `per_days`, with 95% confidence over the reference's own sample.
"""

from mooring.stats.drift.joins import Truth
from mooring.stats.drift.losses import LossName
from mooring.stats.drift.metrics import Metric
from mooring.stats.drift.naming import Name
from mooring.stats.drift.quality import Broken
from mooring.stats.drift.reference import Column, Losses, Predictions, Reference
from mooring.stats.drift.report import Beyond, Evidence, HarmReport, WindowReport
from mooring.stats.drift.settings import Settings
from mooring.stats.drift.state import DriftState
from mooring.stats.drift.watch import Folded, Outer, Watch
from mooring.stats.drift.window import Counted

__all__ = [
    "Beyond",
    "Broken",
    "Column",
    "Counted",
    "DriftState",
    "Evidence",
    "Folded",
    "HarmReport",
    "LossName",
    "Losses",
    "Metric",
    "Name",
    "Outer",
    "Predictions",
    "Reference",
    "Settings",
    "Truth",
    "Watch",
    "WindowReport",
]
