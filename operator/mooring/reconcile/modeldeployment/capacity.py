"""How many pods a share of the requests needs, and what share ready pods can carry.

The law in both directions: a weight never exceeds what is ready to carry it, and pods go only after their weight.
"""

from __future__ import annotations

WHOLE = 100
_SPARE = 2
"""One pod may fail without the canary's weight falling to nothing."""


def pods_for(share: int, replicas: int) -> int:
    """Return how many of `replicas` pods carry a share in per cent."""
    if share <= 0:
        return 0
    return min(replicas, max(_SPARE, -(-replicas * share // WHOLE)))


def nearest(share: int, replicas: int) -> int:
    """Return how many pods beside `replicas` others come nearest to a share of all; of equally near ones the fewest."""

    def error(pods: int) -> tuple[float, int]:
        return abs(WHOLE * pods / (replicas + pods) - share), pods

    return min(range(1, replicas + 1), key=error, default=0)


def most(ready: int, needed: int) -> int:
    """Return the share in per cent that ready pods carry where `needed` carry all of it."""
    return min(WHOLE, WHOLE * ready // needed)


def allowed(target: int, current: int, *, ready: int, others: int, replicas: int) -> int:
    """Return the share that an arm may have now, on its way from `current` to `target`.

    `ready`, `others`: its own ready pods and those of the arm that has the rest. What carries everything is `replicas`
    pods, or all that are ready where these are fewer. A share rises to what its own pods carry; it falls at once, but
    not faster than the others can take it over; and with no ready pod it is none.
    """
    if replicas == 0:
        return target
    needed = max(1, min(replicas, ready + others))
    upper = most(ready, needed)
    if target >= current:
        return min(target, upper)
    kept = max(0, WHOLE + (-WHOLE * others // needed))
    return min(max(target, min(current, kept)), upper)
