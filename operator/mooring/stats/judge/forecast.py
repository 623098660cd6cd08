"""How long a step will take to see something, from the traffic that there is now.

Expected counts are put into the judge's own mixtures; what the least of the leave-one-out values loses is the mean of
the sixteen buckets' contributions and what the greatest of sixteen is above that. Right to about a third (the tests
compare it with simulated medians): enough to choose weights and deadlines by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log, sqrt

from mooring.stats.judge.binomial import log_mixture
from mooring.stats.judge.counts import BUCKETS
from mooring.stats.judge.odds import BELOW_FLOOR, FLOOR_SHARE, NO_WORSE, WORSE, log_sum
from mooring.stats.judge.settings import MIN_DWELL_SECONDS, CheckName, Settings, Tolerance

LONGEST_SECONDS = 7 * 86400
"""What takes longer is not forecast: it will not be seen."""
DOUBLED, FIVEFOLD = 2.0, 5.0
_GREATEST_OF_BUCKETS = 1.77
"""The expected greatest of 16 standard normals."""
_SOONER = 0.82
"""Evidence reaches its bound on one of its peaks: so much sooner in the median than its mean does (simulated)."""


@dataclass(frozen=True)
class Traffic:
    """What the stable serves now."""

    per_minute: float
    failure_rate: float
    """Failures, or slow answers, of all requests."""

    def __post_init__(self) -> None:
        """Refuse what is no traffic."""
        if self.per_minute < 0 or not 0 <= self.failure_rate <= 1:
            raise ValueError("traffic is a number of requests a minute, of which a share of 0 to 1 fails")


@dataclass(frozen=True)
class Forecast:
    """What a step can show, about; None: not within a week."""

    name: str
    doubled: int | None
    """Seconds until twice the stable's odds of failing are shown to be worse; None too where the stable never fails."""
    fivefold: int | None
    """The same of five times."""
    promoted: int | None
    """Seconds until a version exactly as good as the stable is shown to be no worse."""
    warning: str
    """Why the step has no power, or nothing."""


@dataclass(frozen=True)
class ForecastStep:
    """A step with traffic of its own."""

    name: str
    weight: float
    """The canary's share, above 0 and below 1."""
    max_seconds: int | None = None

    def __post_init__(self) -> None:
        """Refuse a step without two arms."""
        if not 0 < self.weight < 1:
            raise ValueError("a step that is forecast sends a share above 0 and below 1 to the canary")


def forecast(
    traffic: Traffic, steps: Sequence[ForecastStep], settings: Settings, check: CheckName = "errors"
) -> tuple[Forecast, ...]:
    """Return what each step can show by itself, for errors or latency, if nothing was known before it."""
    tolerance = settings.errors if check == "errors" else settings.latency
    if tolerance is None:
        raise ValueError(f"spec.rollout.analysis has no {check}, so there is nothing to forecast")
    abort_at = 1 / settings.max_false_abort / settings.share(check)
    return tuple(_step(traffic, step, tolerance, abort_at, 1 / settings.max_false_promote) for step in steps)


def _step(traffic: Traffic, step: ForecastStep, tolerance: Tolerance, abort_at: float, promote_at: float) -> Forecast:
    def worse(odds: float) -> int | None:
        counts = _Expected(traffic, step.weight, odds)
        return _until(lambda minutes: counts.log_worse(minutes, tolerance.ratio), log(abort_at), _SOONER)

    same = _Expected(traffic, step.weight, 1.0)
    sooner = _SOONER if traffic.failure_rate else 1.0
    promoted = _until(lambda minutes: same.log_no_worse(minutes, tolerance), log(promote_at), sooner)
    promoted = None if promoted is None else max(promoted, MIN_DWELL_SECONDS)
    doubled, fivefold = worse(DOUBLED), worse(FIVEFOLD)
    return Forecast(step.name, doubled, fivefold, promoted, _warning(traffic, step, fivefold, promoted))


def _warning(traffic: Traffic, step: ForecastStep, fivefold: int | None, promoted: int | None) -> str:
    limit = step.max_seconds or LONGEST_SECONDS
    wanted = [("showing that it is no worse", promoted)]
    if traffic.failure_rate:
        wanted.insert(0, ("seeing five times the failures", fivefold))
    late = [
        f"{what} takes {'more than a week' if seconds is None else f'about {rounded(seconds)}'}"
        for what, seconds in wanted
        if seconds is None or seconds > limit
    ]
    if not late:
        return ""
    allowed = f", but the step ends after {rounded(limit)}" if step.max_seconds else ""
    return (
        f"step {step.name}: with {traffic.per_minute:g} requests a minute, of which the canary has"
        f" {100 * step.weight:g}%, {' and '.join(late)}{allowed}: give it a higher weight or more time"
    )


def rounded(seconds: int) -> str:
    """Return a time in the unit that it is read in."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86400:.0f} days"


@dataclass(frozen=True)
class _Expected:
    """Counts of a minute, on average, where the canary's odds of failing are so many times the stable's."""

    traffic: Traffic
    weight: float
    odds: float

    @property
    def canary_rate(self) -> float:
        rate = self.traffic.failure_rate
        return self.odds * rate / (1 - rate + self.odds * rate)

    def log_worse(self, minutes: float, tolerance: float) -> float:
        return self._mixture(minutes, tolerance, WORSE)

    def log_no_worse(self, minutes: float, tolerance: Tolerance) -> float:
        requests = minutes * self.traffic.per_minute * self.weight * (1 - 1 / BUCKETS)
        rates = [(tolerance.floor * factor, weight) for factor, weight in BELOW_FLOOR]
        rate = log_mixture(requests, requests * self.canary_rate, tolerance.floor, rates)
        ratio = self._mixture(minutes, tolerance.ratio, NO_WORSE)
        return log_sum((log(1 - FLOOR_SHARE) + ratio, log(FLOOR_SHARE) + rate))

    def _mixture(self, minutes: float, tolerance: float, grid: Sequence[tuple[float, float]]) -> float:
        """Return the log of the mixture, each failure being the canary's by its share of the weighted traffic."""
        requests = minutes * self.traffic.per_minute
        canary = requests * self.weight * self.canary_rate
        stable = requests * (1 - self.weight) * self.traffic.failure_rate
        logs = []
        for ratio, weight in grid:
            psi = ratio * tolerance
            by_stable = log((tolerance * self.weight + 1 - self.weight) / (psi * self.weight + 1 - self.weight))
            by_canary = by_stable + log(ratio)
            whole = canary * by_canary + stable * by_stable
            spread = sqrt((canary * by_canary**2 + stable * by_stable**2) / BUCKETS)
            logs.append(log(weight) + whole * (1 - 1 / BUCKETS) - _GREATEST_OF_BUCKETS * spread)
        return log_sum(logs)


def _until(evidence: Callable[[float], float], enough: float, sooner: float) -> int | None:
    """Return the first second at which the evidence, which grows from some time on, is enough."""
    low, high = 0.0, float(LONGEST_SECONDS)
    if evidence(high / 60) < enough:
        return None
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if evidence(middle / 60) >= enough else (middle, high)
    return max(1, round(sooner * high))
