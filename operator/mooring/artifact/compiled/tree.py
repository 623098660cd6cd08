"""One tree as plain arrays, whatever grew it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tree:
    """One tree of m nodes, the root first. A row goes left where its feature is <= the threshold.

    `left` (m,) is -1 in leaves; `values` (m, k) are what leaves give.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    """Where NaN goes."""
    values: NDArray[np.float64]

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Which nodes are leaves (m,)."""
        return self.left < 0
