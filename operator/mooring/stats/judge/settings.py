"""What a user may ask of the judge: `spec.rollout.analysis`, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckName = Literal["errors", "latency", "disagreement", "quality"]

MIN_DWELL_SECONDS = 60
"""Of known traffic in a step before it may be passed, however convincing it was."""
SHARES: dict[CheckName, float] = {"errors": 2.0, "latency": 1.0, "disagreement": 1.0, "quality": 1.0}
"""How the checks that are asked for share `max_false_abort`: errors are the usual reason."""


@dataclass(frozen=True)
class Tolerance:
    """No worse: the odds ratio of canary to stable is within `ratio`, or the canary's own rate is below `floor`.

    Worse is by the ratio alone: the floor makes promotion possible, and protects nobody from Abort.
    """

    ratio: float = 1.5
    floor: float = 0.01

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not 1 <= self.ratio <= 10:
            raise ValueError("tolerance is an odds ratio of 1 to 10: 1.5 allows half as many failures again")
        if not 0 < self.floor < 0.5:
            raise ValueError("floor is a share of requests above 0 and below 0.5: 0.01 is one in a hundred")


@dataclass(frozen=True)
class Catastrophe:
    """Failures that nobody waits for statistics with."""

    consecutive_failures: int = 5
    error_rate: float = 0.5


@dataclass(frozen=True)
class Settings:
    """Which checks there are (None: not asked for), and how often they may be wrong."""

    errors: Tolerance | None = Tolerance()
    latency: Tolerance | None = None
    """Its threshold is applied by whoever counts slow answers."""
    max_disagreement: float | None = None
    quality_tolerance: float | None = None
    catastrophe: Catastrophe | None = Catastrophe()
    max_false_promote: float = 0.05
    max_false_abort: float = 0.05

    def __post_init__(self) -> None:
        """Refuse probabilities that are none."""
        for name in ("max_false_promote", "max_false_abort", "max_disagreement", "quality_tolerance"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise ValueError(f"{name} is above 0 and below 1, not {value}")

    @property
    def checks(self) -> tuple[CheckName, ...]:
        """The checks that are asked for."""
        asked: dict[CheckName, object] = {
            "errors": self.errors,
            "latency": self.latency,
            "disagreement": self.max_disagreement,
            "quality": self.quality_tolerance,
        }
        return tuple(name for name, given in asked.items() if given is not None)

    def share(self, check: CheckName) -> float:
        """Return how much of `max_false_abort` a check has, of 1."""
        return SHARES[check] / sum(SHARES[name] for name in self.checks)
