"""Made-up traffic: counted intervals, from a seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import numpy as np

from mooring.stats.judge import BUCKETS, Arm, Counted

SECONDS = 5


def arm(chance: random.Random, requests: float, rate: float, slow: float = 0.0) -> Arm:
    """Return about so many requests of callers in all buckets, of which each fails with that rate."""
    counts = [[0] * BUCKETS for _ in range(3)]
    whole = int(requests) + (chance.random() < requests % 1)
    for _ in range(whole):
        bucket = chance.randrange(BUCKETS)
        counts[0][bucket] += 1
        counts[1][bucket] += chance.random() < rate
        counts[2][bucket] += chance.random() < slow
    return Arm(*map(tuple, counts))


def interval(number: int, stable: Arm | None, canary: Arm | None, weight: int | None = 100) -> Counted:
    """Return the interval of that number."""
    return Counted(1000 * SECONDS * number, 1000 * SECONDS * (number + 1), weight, stable, canary)


def steady(
    seed: int, *, per_minute: float, weight: float = 0.1, stable: float = 0.01, canary: float = 0.01
) -> Iterator[Counted]:
    """Yield intervals of traffic that does not change."""
    chance = random.Random(seed)
    each = per_minute * SECONDS / 60
    number = 0
    while True:
        yield interval(
            number, arm(chance, each * (1 - weight), stable), arm(chance, each * weight, canary), round(1000 * weight)
        )
        number += 1


def minutes(seed: int, *, requests: int, weight: float, stable: float, canary: float) -> Iterator[Counted]:
    """Yield whole minutes of one weight, counted at once: drawn from binomials, so that many are quick."""
    chance = np.random.default_rng(seed)
    shares = np.full(BUCKETS, 1 / BUCKETS)
    for number in itertools.count():
        arms = []
        for part, rate in ((1 - weight, stable), (weight, canary)):
            counts = chance.multinomial(round(part * requests), shares)
            arms.append(Arm(tuple(counts.tolist()), tuple(chance.binomial(counts, rate).tolist())))
        yield Counted(60_000 * number, 60_000 * (number + 1), round(1000 * weight), arms[0], arms[1])
