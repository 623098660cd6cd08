"""How well scores tell two samples apart: the area under the ROC curve with an interval, where equal rows may recur.

Sources: DeLong, DeLong and Clarke-Pearson, Comparing the Areas under Two or More Correlated Receiver Operating
Characteristic Curves, Biometrics 44 (1988), by ranks as Sun and Xu, IEEE Signal Processing Letters 21 (2014); for rows
that come in groups, Obuchowski, Nonparametric Analysis of Clustered ROC Curve Data, Biometrics 53 (1997).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mooring.stats.bootstrap import Estimate, Floats


def separation(scores: Floats, positive: NDArray[np.bool_], groups: NDArray[np.generic]) -> Estimate:
    """Return the AUC of `scores` (n,), higher for likelier positives, with its 95% interval, by `positive` (n,).

    Rows of one of `groups` (n,) count as one draw, positives and negatives alike; where all differ, the variance is
    DeLong's. The interval is Student's, by the number of groups.
    NaN without interval where a class has no row, no interval where there are fewer than two groups.
    """
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return Estimate(float("nan"), None, None)
    ranks = _midranks(scores)
    above = np.empty(len(scores))  # for each row the share of the other class that it is on the right side of
    above[positive] = (ranks[positive] - _midranks(scores[positive])) / few
    above[~positive] = 1 - (ranks[~positive] - _midranks(scores[~positive])) / many
    value = float(above[positive].mean())
    influence = (above - value) / np.where(positive, many, few)
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, weights=influence)
    if len(sums) < 2:
        return Estimate(value, None, None)
    half = stdtrit(len(sums) - 1, 0.975) * sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def _midranks(values: Floats) -> Floats:
    """Return the rank of each value from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Floats = (ends - (counts - 1) / 2.0)[place]
    return found
