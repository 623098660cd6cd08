"""Latency as Prometheus and people want it, from the buckets of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.ledger.layout import CALLERS, LATENCY_MICROSECONDS

_WIDTH = len(LATENCY_MICROSECONDS) + 1


def by_bucket(latency: Sequence[int]) -> list[int]:
    """Return the requests of each bucket, over all callers."""
    return [sum(latency[bucket::_WIDTH]) for bucket in range(_WIDTH)]


def slower(latency: Sequence[int], microseconds: int) -> list[int]:
    """Return for each caller bucket how many requests took longer, by the first edge that is not below."""
    first = next((i + 1 for i, edge in enumerate(LATENCY_MICROSECONDS) if edge >= microseconds), _WIDTH - 1)
    return [sum(latency[caller * _WIDTH + first : (caller + 1) * _WIDTH]) for caller in range(CALLERS)]
