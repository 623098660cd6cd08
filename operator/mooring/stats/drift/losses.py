"""What a truth costs: a number from 0 to 1, fixed before any traffic by the bin of the prediction and by what came.

zero_one: 1 for a wrong label, or for an error above the 0.9 quantile of those at training.
brier: (came - p)²; log_loss: -ln of the probability that was given to what came, at most MOST_LOG_LOSS, as a share of
that. What came is 1 or 0: of two classes whether the positive one did, of more whether the label was right; p is the
probability that was said of it. It is known by its bin alone, and stands at the bin's middle, as in the metrics that
are reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import Final, Literal

LossName = Literal["zero_one", "brier", "log_loss"]
Costs = tuple[float, float]
"""Of a truth by which it did not come, and by which it did."""

LEAST_PROBABILITY: Final = 0.01
"""What came costs as if at least this had been said of it: a loss without end would be no bounded one."""
MOST_LOG_LOSS: Final = -log(LEAST_PROBABILITY)
"""In nats: 4.6."""
UNITS: Final[dict[LossName, float]] = {"zero_one": 1.0, "brier": 1.0, "log_loss": MOST_LOG_LOSS}
"""What a loss of 1 is in the metric's own unit."""
TITLES: Final[dict[LossName, str]] = {"zero_one": "losses", "brier": "Brier score", "log_loss": "log loss"}
"""As people read them: before a number."""
ZERO_ONE: Final[Costs] = (0.0, 1.0)


def costs_of(name: LossName, edges: Sequence[float], *, least: float) -> tuple[Costs, ...]:
    """Return the costs of each bin of a probability that is `least` or more; `edges` lie between the bins."""
    ends = (min([least, *edges[:1]]), *edges, 1.0)
    said = [min(1.0, max(0.0, middle)) for middle in middles_of(ends)]
    if name == "brier":
        return tuple((one**2, (1 - one) ** 2) for one in said)
    if name == "log_loss":
        return tuple((_log_loss(1 - one), _log_loss(one)) for one in said)
    return (ZERO_ONE,) * len(said)


def middles_of(edges: Sequence[float]) -> list[float]:
    """Return what stands for each bin: its middle."""
    return [(low + high) / 2 for low, high in pairwise(edges)]


def _log_loss(said: float) -> float:
    return -log(max(LEAST_PROBABILITY, said)) / MOST_LOG_LOSS
