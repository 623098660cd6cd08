"""What a judge remembers: a few kilobytes that survive a restart exactly."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from mooring.stats.judge.catastrophe import Streak
from mooring.stats.judge.counts import Arm, Pairs
from mooring.stats.judge.odds import OddsEvidence
from mooring.stats.judge.quality import LabelEvidence

FORMAT = 1
"""Of the JSON. Another one is not read: the judgement begins anew, which is slow and never wrong."""


@dataclass(frozen=True)
class Block:
    """Intervals at one weight that wait until they are enough to be folded as one."""

    stable: Arm = field(default_factory=Arm)
    canary: Arm = field(default_factory=Arm)
    milliseconds: int = 0


@dataclass(frozen=True)
class StepCounts:
    """What was seen since the step began."""

    milliseconds: int = 0
    """Of intervals that count: settled, and with no ledger missing."""
    requests: int = 0
    """The canary's, and comparisons in shadow: the greater."""
    unknown: int = 0
    """Intervals with a missing ledger."""


@dataclass(frozen=True)
class JudgeState:
    """All evidence about one version. A new version begins with `JudgeState()`."""

    through: int = 0
    """Milliseconds since 1970: what ended by then was folded, or is not counted any more."""
    weight: int | None = None
    unsettled: bool = True
    """The next interval is the first after a change of weight."""
    block: Block = field(default_factory=Block)
    errors: OddsEvidence = field(default_factory=OddsEvidence)
    latency: OddsEvidence = field(default_factory=OddsEvidence)
    compared: int = 0
    disagreed: int = 0
    pairs: Pairs = field(default_factory=Pairs)
    labels: LabelEvidence = field(default_factory=LabelEvidence)
    streak: Streak = field(default_factory=Streak)
    catastrophe: str = ""
    """What happened, once it did."""
    step: StepCounts = field(default_factory=StepCounts)

    def to_json(self) -> str:
        """Return what `from_json` reads, exactly."""
        return _WIRE.dump_json(Saved(FORMAT, self)).decode()

    @classmethod
    def from_json(cls, text: str) -> JudgeState:
        """Return the state; raises ValueError for anything that `to_json` did not write."""
        saved = _WIRE.validate_json(text)
        if saved.format != FORMAT:
            raise ValueError(f"the judge's state is of format {saved.format}, not {FORMAT}")
        return saved.state


@dataclass(frozen=True)
class Saved:
    """The state as it is written."""

    format: int
    state: JudgeState


_WIRE = TypeAdapter(Saved)
