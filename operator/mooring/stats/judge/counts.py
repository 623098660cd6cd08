"""What was counted of two versions between two moments: all that the judge ever sees."""

from __future__ import annotations

import operator
from dataclasses import dataclass

BUCKETS = 16
"""Of callers, by a hash that has nothing to do with how requests are routed."""
Buckets = tuple[int, ...]
"""A whole number for each bucket of callers."""
NONE: Buckets = (0,) * BUCKETS


@dataclass(frozen=True)
class Arm:
    """One version's requests in an interval; the shadow's while a step shadows."""

    requests: Buckets = NONE
    """Answered, failed or turned away, as its pods counted them."""
    failures: Buckets = NONE
    """Of those: not answered with a prediction. Refused ones are among them: a version that takes no more what its
    users send is worse, and what is refused by both cancels."""
    slow: Buckets = NONE
    """Of those: took longer than the threshold."""
    outside_requests: int = 0
    """Not in any pod's ledger, and so of no known caller: what the router counted of pods that died or could not be
    reached. Where it stands in for a lost ledger, it holds all the requests of this interval, for both versions."""
    outside_failures: int = 0
    """Of those: failed connections, resets, 5xx."""

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        for counts in (self.requests, self.failures, self.slow):
            if len(counts) != BUCKETS or min(counts) < 0:
                raise ValueError(f"an arm counts {BUCKETS} buckets of callers, none below zero")
        parts = (*self.failures, *self.slow, self.outside_failures)
        wholes = (*self.requests, *self.requests, self.outside_requests)
        if any(part > whole for part, whole in zip(parts, wholes, strict=True)):
            raise ValueError("a bucket counts more failures or slow answers than requests")

    def __add__(self, other: Arm) -> Arm:
        """Return the counts of both intervals."""
        return Arm(
            plus(self.requests, other.requests),
            plus(self.failures, other.failures),
            plus(self.slow, other.slow),
            self.outside_requests + other.outside_requests,
            self.outside_failures + other.outside_failures,
        )


@dataclass(frozen=True)
class Labels:
    """Ground truth that came for one version's answers, paired with nothing: how many, and the sum of their losses."""

    count: int = 0
    loss: float = 0.0
    """Each in [0, 1]; of a classification 1 for a wrong answer."""

    def __add__(self, other: Labels) -> Labels:
        """Return the labels of both."""
        return Labels(self.count + other.count, self.loss + other.loss)


@dataclass(frozen=True)
class Pairs:
    """Ground truth for requests that both versions answered, as a shadow lets them."""

    worse: int = 0
    """The canary was wrong, the stable right."""
    same: int = 0
    better: int = 0
    """The canary was right, the stable wrong."""

    @property
    def count(self) -> int:
        """All pairs."""
        return self.worse + self.same + self.better


@dataclass(frozen=True)
class Counted:
    """One sealed interval, added up over all pods."""

    start: int
    """Milliseconds since 1970."""
    end: int
    weight: int | None
    """The canary's share of the traffic in per mille all through the interval; None where it changed inside.
    Any number does for a shadow, as long as it stays the same."""
    stable: Arm | None = None
    """None: a ledger is missing, so nothing is known."""
    canary: Arm | None = None
    compared: int = 0
    """Requests whose two answers were compared in shadow."""
    disagreed: int = 0
    pairs: Pairs = Pairs()
    stable_labels: Labels = Labels()
    canary_labels: Labels = Labels()

    def __post_init__(self) -> None:
        """Refuse an interval that ends before it begins, and more disagreements than comparisons."""
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")
        if not 0 <= self.disagreed <= self.compared:
            raise ValueError("an interval counts more disagreements than comparisons")


def plus(left: Buckets, right: Buckets) -> Buckets:
    """Return the sum, bucket by bucket."""
    return tuple(map(operator.add, left, right))
