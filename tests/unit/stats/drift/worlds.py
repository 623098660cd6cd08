"""Streams whose truth is known: normal numbers by their sixteenths, cut as `profile.json` cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from mooring.stats.drift import Column, Counted, Losses, Predictions, Reference, Truth

HOUR = 3_600_000
DAY = 24 * HOUR
_NORMAL = NormalDist()
_EDGES = [_NORMAL.inv_cdf(k / 16) for k in range(1, 16)]


def shares(shift: float = 0.0) -> list[float]:
    """Return the shares of the 16 bins when everything moves by so many standard deviations."""
    below = [0.0, *(_NORMAL.cdf(edge - shift) for edge in _EDGES), 1.0]
    return [high - low for low, high in pairwise(below)]


class World:
    """Draws references and windows of normal features and of a score."""

    def __init__(self, seed: int, features: int) -> None:
        self.random = np.random.default_rng(seed)
        self.features = features

    def reference(self, rows: int, blocks: float = 0.0, losses: Losses = Losses(0, 0)) -> Reference:  # noqa: B008
        columns = [Column(f"f{number}", "number", self.draw(rows), blocks=blocks) for number in range(self.features)]
        scores = self.draw(rows)
        return Reference(tuple(columns), Predictions(16, 1, scores), losses)

    def window(self, rows: int, *, shift: float = 0.0, of: Sequence[int] = (0,), score: float = 0.0) -> list[int]:
        """Return the cells of a window in which the features `of` are shifted."""
        cells: list[int] = []
        for number in range(self.features):
            cells += [*self.draw(rows, shift if number in of else 0.0), 0, 0, 0]
        return [*cells, *self.draw(rows, score)]

    def draw(self, rows: int, shift: float = 0.0) -> tuple[int, ...]:
        return tuple(map(int, self.random.multinomial(rows, shares(shift))))


def truths_of(day: int, at: int, labelled: int, lost: int, classes: int = 1) -> tuple[Truth, Truth]:
    """Return the truths of so many predictions of label 0 in a bin."""
    return Truth(day, at * classes, 0, labelled - lost), Truth(day, at * classes, 1, lost)


def hour(number: int, rows: int, cells: Sequence[int] | None, truths: tuple[Truth, ...] = ()) -> Counted:
    """Return what was counted in an hour since 1970."""
    return Counted(number * HOUR, (number + 1) * HOUR, rows, cells, truths)
