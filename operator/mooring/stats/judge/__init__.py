"""The judge of a rollout: is the canary worse than the stable, or shown to be no worse? Pure: no I/O, no clock.

    judge = Judge(Settings(errors=Tolerance(1.5, 0.01)))
    state = JudgeState()                          # a new version begins anew
    state = judge.fold(state, counted)            # each sealed interval, in order of time
    decision = judge.decide(state, shadow=False)  # Abort, NoWorse or Undecided, and why
    state = judge.begin_step(state)               # evidence stays; the dwell begins anew
    saved = state.to_json()                       # JudgeState.from_json(saved) == state

However often one looks: the chance of Abort for a version that is no worse is at most `max_false_abort`, and that of
NoWorse for one that is worse at most `max_false_promote` (Ville's inequality). `forecast` says how long that takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mooring.stats.judge.counts import BUCKETS, Arm, Counted, Labels, Pairs
from mooring.stats.judge.decide import decide
from mooring.stats.judge.decision import Count, Decision, Evidence, Verdict
from mooring.stats.judge.fold import begin_step, fold
from mooring.stats.judge.forecast import Forecast, ForecastStep, Traffic, forecast, rounded
from mooring.stats.judge.settings import MIN_DWELL_SECONDS, Catastrophe, CheckName, Settings, Tolerance
from mooring.stats.judge.state import JudgeState

__all__ = [
    "BUCKETS",
    "MIN_DWELL_SECONDS",
    "Arm",
    "Catastrophe",
    "CheckName",
    "Count",
    "Counted",
    "Decision",
    "Evidence",
    "Forecast",
    "ForecastStep",
    "Judge",
    "JudgeState",
    "Labels",
    "Pairs",
    "Settings",
    "Tolerance",
    "Traffic",
    "Verdict",
    "forecast",
    "rounded",
]


@dataclass(frozen=True)
class Judge:
    """Judges by given settings; what it knows of a version is in the state."""

    settings: Settings = field(default_factory=Settings)

    def fold(self, state: JudgeState, counted: Counted) -> JudgeState:
        """Return the state with one more sealed interval; one that was folded before changes nothing."""
        return fold(state, counted, self.settings)

    def begin_step(self, state: JudgeState) -> JudgeState:
        """Return the state at the start of another step of the rollout."""
        return begin_step(state)

    def decide(self, state: JudgeState, *, shadow: bool, min_requests: int = 0) -> Decision:
        """Return the verdict so far, for a step that shadows or one that has traffic of its own."""
        return decide(state, self.settings, shadow=shadow, min_requests=min_requests)
