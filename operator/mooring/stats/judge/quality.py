"""Does the canary lose more than the tolerance against the truth? Bets on bounded losses.

Pairs (shadow): X = 1, 0, −1 for a pair in which the canary did worse, the same, better. Under E[X] ≤ τ the capital
Π (1 + λ(X − τ)) of a gambler is a nonnegative supermartingale for any λ in [0, 1/(1 + τ)] (Waudby-Smith and Ramdas
2023); with the sign of λ turned, under E[X] ≥ τ. A mixture over λ needs the three counts alone.

Two arms (canary): under μ_c ≤ μ_s + τ, bet 1 + c(L − s − τ) on each loss of the canary and 1 − (n_c/n_s) c (L − s) on
each of the stable, for any s known before. With μ_s = s + u, the block's mean is at most (1 − (n_c/n_s) c u)^n_s (1 + c
u)^n_c ≤ 1, since log(1 + x) ≤ x. Sums are enough: the log of a bet is concave in L, so losses of 0 and 1 with the same
sum pay least.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor, log, log1p

from mooring.stats.judge.counts import Labels, Pairs
from mooring.stats.judge.odds import UNIT, log_sum

STAKES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""λ of the paired bets, in the greatest that leaves a gambler solvent; the same bet on each."""
GAPS = (0.02, 0.05, 0.1, 0.2)
"""Differences between the arms that the unpaired bets are made for; the same bet on each."""
LEAST_LABELS = 10
"""Of each arm, before a block of labels is folded."""
_PRIOR = Labels(10, 1.0)


@dataclass(frozen=True)
class LabelEvidence:
    """What was folded of unpaired truth."""

    stable: Labels = field(default_factory=Labels)
    canary: Labels = field(default_factory=Labels)
    waiting_stable: Labels = field(default_factory=Labels)
    """Not folded yet: too few for a block."""
    waiting_canary: Labels = field(default_factory=Labels)
    worse: tuple[int, ...] = (0,) * len(GAPS)
    """Logarithms of capital in UNITs, by gap."""
    no_worse: tuple[int, ...] = (0,) * len(GAPS)

    def folded(self, stable: Labels, canary: Labels, tolerance: float) -> LabelEvidence:
        """Return the evidence with what came in an interval."""
        stable, canary = _plus(self.waiting_stable, stable), _plus(self.waiting_canary, canary)
        if min(stable.count, canary.count) < LEAST_LABELS:
            return LabelEvidence(self.stable, self.canary, stable, canary, self.worse, self.no_worse)
        known = _plus(self.stable, _PRIOR)
        base = min(max(known.loss / known.count, 0.005), 0.995 - tolerance)
        return LabelEvidence(
            _plus(self.stable, stable),
            _plus(self.canary, canary),
            worse=tuple(
                w + _bet(stable, canary, base, tolerance, gap) for w, gap in zip(self.worse, GAPS, strict=True)
            ),
            no_worse=tuple(
                n + _bet(stable, canary, base, tolerance, -gap) for n, gap in zip(self.no_worse, GAPS, strict=True)
            ),
        )


def log_worse(pairs: Pairs, labels: LabelEvidence, tolerance: float) -> float:
    """Return the log of the e-value for "the canary loses more than the tolerance": the mean of both kinds."""
    return _mean(_paired(pairs, tolerance, 1 / (1 + tolerance)), labels.worse)


def log_no_worse(pairs: Pairs, labels: LabelEvidence, tolerance: float) -> float:
    """Return the log of the e-value for "it loses less"."""
    return _mean(_paired(pairs, tolerance, -1 / (1 - tolerance)), labels.no_worse)


def _mean(paired: list[float], unpaired: tuple[int, ...]) -> float:
    half = log(0.5)
    return log_sum(
        [*(half - log(len(paired)) + one for one in paired), *(half - log(len(GAPS)) + one * UNIT for one in unpaired)]
    )


def _paired(pairs: Pairs, tolerance: float, limit: float) -> list[float]:
    found = []
    for stake in STAKES:
        bet = stake * limit
        found.append(
            pairs.worse * log1p(bet * (1 - tolerance))
            + pairs.same * log1p(-bet * tolerance)
            + pairs.better * log1p(-bet * (1 + tolerance))
        )
    return found


def _bet(stable: Labels, canary: Labels, base: float, tolerance: float, gap: float) -> int:
    """Return the log of what a block pays a gambler who expects the arms to be `gap` beyond the tolerance."""
    centre = base + tolerance
    share = canary.count / stable.count
    bet = gap / (1 + share) / (centre * (1 - centre))
    solvent = (0.5 / centre, 0.5 / (1 - base) / share) if bet > 0 else (0.5 / (1 - centre), 0.5 / base / share)
    bet = max(-min(solvent), min(bet, *solvent))
    return floor((_pays(canary, bet, centre) + _pays(stable, -bet * share, base)) / UNIT)


def _pays(labels: Labels, bet: float, centre: float) -> float:
    return labels.loss * log1p(bet * (1 - centre)) + (labels.count - labels.loss) * log1p(-bet * centre)


def _plus(left: Labels, right: Labels) -> Labels:
    return Labels(left.count + right.count, left.loss + right.loss)
