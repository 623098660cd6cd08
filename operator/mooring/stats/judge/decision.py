"""What the judge says, and why: the form in which status shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Verdict = Literal["Abort", "NoWorse", "Undecided"]


class Count(NamedTuple):
    """The same count of both arms."""

    stable: int
    canary: int


@dataclass(frozen=True)
class Evidence:
    """One check."""

    check: str
    """errors, latency, disagreement or quality."""
    requests: Count
    """What was judged. Of disagreement the comparisons, of quality the labels (pairs count for both arms)."""
    failures: Count
    """Of those: failed, slow, disagreed (the canary's), or the sum of losses, rounded."""
    worse: float
    """The e-value against "no worse than the tolerance"; at most 1e12."""
    no_worse: float
    """The e-value against "worse than the tolerance", as it stands now."""
    required: bool
    """This kind of step cannot be passed without it."""
    verdict: Verdict
    sentence: str
    """Why, with numbers, for a person."""


@dataclass(frozen=True)
class Decision:
    """All checks together."""

    verdict: Verdict
    """Abort: the chance of it for a version that is no worse is at most `max_false_abort`, over the whole rollout.
    NoWorse: shown now, for every check that the step requires. Undecided: neither; whoever asks minds `maxSeconds`."""
    reason: str
    worse: float
    """The checks' weighted mean."""
    abort_at: float
    least_no_worse: float | None
    """Of the required checks; None if none is required."""
    promote_at: float
    checks: tuple[Evidence, ...]
    seconds: int
    """Of known traffic since the step began."""
    requests: int
    """Of the canary since the step began."""
    unknown: int
    """Intervals since the step began in which a ledger was missing."""
    through: int
    """Milliseconds since 1970: what was counted until then is in it."""
    catastrophe: bool = False
    """The abort is by the absolute rule, not by evidence."""
