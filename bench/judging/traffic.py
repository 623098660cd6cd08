"""Traffic of two versions as services have it: callers who stick, retry, differ and misbehave; incidents; weights.

Nothing here is of the judge: it makes counts, and each rule is given the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

TICK_SECONDS = 5
BUCKETS = 16
CALLERS = 200
TICKS_A_MINUTE = 60 // TICK_SECONDS

Counts = NDArray[np.int64]
"""(ticks, arm: stable or canary, requests or failures, bucket)."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """How callers behave, and what happens to them."""

    title: str
    sticky: bool = False
    retries: int = 0
    """Of each failed request, at once and to the same version; of those four in five fail again."""
    differ: float = 0.0
    """Coefficient of variation of the callers' failure rates."""
    bursts: float = 0.0
    """Standard deviation of the logarithm of each minute's volume; the failure rate's is half as much again."""
    bad_client: float = 0.0
    """The failure rate of one client with 3% of the requests."""
    incident: tuple[int, int] = (0, 0)
    """Minutes between which 20 times as many requests fail, on both arms."""
    weights: tuple[tuple[int, float], ...] = ((0, 0.1),)
    """From a minute on, the canary's share."""
    odds: float = 1.0
    """Of the canary's failures, in the stable's."""
    rate: float = 0.01


SHAPES = (
    Shape("independent"),
    Shape("sticky callers", sticky=True),
    Shape("sticky callers who retry twice", sticky=True, retries=2),
    Shape("sticky callers whose failure rates differ", sticky=True, differ=1.0),
    Shape("bursts", bursts=0.7),
    Shape("one bad client, sticky", sticky=True, bad_client=0.3),
    Shape("an incident of ten minutes on both", incident=(20, 30)),
    Shape("weights 5, 25, 50% during an incident", incident=(13, 32), weights=((0, 0.05), (15, 0.25), (30, 0.5))),
)


@dataclass(frozen=True)
class Traffic:
    """What was counted in one rollout."""

    counts: Counts
    weights: Floats
    """(ticks,)"""

    @property
    def by_minute(self) -> Counts:
        """Requests and failures of each minute (minutes, arm, requests or failures)."""
        whole: Counts = self.counts.sum(axis=3).reshape(-1, TICKS_A_MINUTE, 2, 2).sum(axis=1)
        return whole


def make(shape: Shape, seed: int, *, per_minute: float, minutes: int) -> Traffic:
    """Return a rollout's traffic of that shape."""
    random = np.random.default_rng([seed, int(per_minute)])
    ticks = minutes * TICKS_A_MINUTE
    minute = np.arange(ticks) // TICKS_A_MINUTE
    weights = np.zeros(ticks)
    for start, weight in shape.weights:
        weights[minute >= start] = weight
    volume, rates = _callers(shape, random)
    busy, failing = _times(shape, minutes, random)
    requests = random.poisson(np.outer(busy[minute], volume) * per_minute / TICKS_A_MINUTE)
    if shape.sticky:
        on_canary = np.where(random.random(CALLERS) < weights[:, None], requests, 0)
    else:
        on_canary = random.binomial(requests, weights[:, None])
    buckets = np.eye(BUCKETS, dtype=np.int64)[random.integers(0, BUCKETS, CALLERS)]
    arms = []
    for asked, odds in ((requests - on_canary, 1.0), (on_canary, shape.odds)):
        chance = np.minimum(np.outer(failing[minute], rates), 0.9)
        failed = random.binomial(asked, odds * chance / (1 - chance + odds * chance))
        asked, failed = _retried(shape.retries, asked, failed, random)
        arms.append(np.stack([asked @ buckets, failed @ buckets], axis=1))
    return Traffic(np.stack(arms, axis=1), weights)


def worse(odds: float, *, rate: float = 0.01, weight: float = 0.1) -> Shape:
    """Return independent traffic whose canary fails with that odds ratio."""
    return replace(SHAPES[0], title=f"ψ = {odds:g}", odds=odds, rate=rate, weights=((0, weight),))


def _callers(shape: Shape, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return each caller's share of the requests, and failure rate."""
    volume = random.lognormal(0, 1, CALLERS)
    volume /= volume.sum()
    rates = np.full(CALLERS, shape.rate)
    if shape.differ:
        rates = shape.rate * random.gamma(shape.differ**-2, shape.differ**2, CALLERS)
    if shape.bad_client:
        volume = np.append(volume[1:] / volume[1:].sum() * 0.97, 0.03)
        rates[-1] = shape.bad_client
    return volume, rates


def _times(shape: Shape, minutes: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return each minute's volume and failure rate, relative to the usual."""
    busy, failing = np.ones(minutes), np.ones(minutes)
    if shape.bursts:
        busy = random.lognormal(-(shape.bursts**2) / 2, shape.bursts, minutes)
        failing = random.lognormal(-((1.5 * shape.bursts) ** 2) / 2, 1.5 * shape.bursts, minutes)
    failing[slice(*shape.incident)] *= 20
    return busy, failing


def _retried(times: int, asked: Counts, failed: Counts, random: np.random.Generator) -> tuple[Counts, Counts]:
    again = failed
    for _ in range(times):
        asked = asked + again
        again = random.binomial(again, 0.8)
        failed = failed + again
    return asked, failed
