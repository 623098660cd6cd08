"""What drift is measured against: whole counts of the data that the model knows, on frozen edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import Final, Literal

from mooring.stats.drift.losses import ZERO_ONE, Costs, LossName, costs_of

APART: Final = 3
"""Cells after the bins of a column. number: under, over, missing; text: other, unseen, missing."""


@dataclass(frozen=True)
class Column:
    """A feature in the reference."""

    name: str
    kind: Literal["number", "text"]
    counts: tuple[int, ...]
    """Rows by bin on ascending edges; of a text by category."""
    other: int | None = 0
    """Of a text: rows with a rarer category. None: a rarer one and one never seen are counted as the same."""
    missing: int = 0
    blocks: float = 0.0
    """The greatest distance between blocks of time of the reference: less than that is its season, not drift."""

    def __post_init__(self) -> None:
        """Refuse counts below zero."""
        if min((*self.counts, self.other or 0, self.missing)) < 0 or not 0 <= self.blocks <= 1:
            raise ValueError(f"{self.name}: counts are not below zero, and the distance of blocks is a share")

    @property
    def known(self) -> tuple[int, ...]:
        """Rows in the cells whose shares are compared."""
        return self.counts if self.kind == "number" or self.other is None else (*self.counts, self.other)

    @property
    def cells(self) -> int:
        """How many cells a window has of it."""
        return len(self.counts) + APART


@dataclass(frozen=True)
class Predictions:
    """What the model answered out of sample. Cells of a window: bin * classes + the index of the label."""

    bins: int
    classes: int = 1
    scores: tuple[int, ...] = ()
    """Rows by bin; empty where nobody knows."""
    labels: tuple[int, ...] = ()
    """Rows by label; empty for a regression, and where nobody knows."""
    edges: tuple[float, ...] = ()
    """Scores between the bins, ascending; empty where nobody knows."""
    positive: int | None = None
    """Of two classes the one whose probability the score is. None: it is that of the label, or no probability."""
    loss_edges: tuple[float, ...] = ()
    """Of a regression: outcome j of a truth is |error| / `error_q90` in (edge before, edge]; 1 is one of the edges.
    Empty: the outcome is the true class, and with one class 0 where the prediction held and 1 where it was lost."""
    error_q90: float | None = None
    """Of a regression: the 0.9 quantile of its absolute errors out of sample."""
    blocks: float = 0.0
    """The greatest distance of scores between blocks of time, as of a `Column`."""
    label_blocks: float = 0.0
    """The same of a label's share."""
    loss: LossName = "zero_one"
    """By which harm is judged. Others than zero_one are of probabilities, whose edges are known."""

    def __post_init__(self) -> None:
        """Refuse counts of another shape."""
        if self.edges and len(self.edges) != self.bins - 1:
            raise ValueError("there is an edge between two bins of predictions, or none is known")
        if self.loss_edges and 1.0 not in self.loss_edges:
            raise ValueError("1 is an edge of losses: beyond it a prediction is lost")
        if self.bins < 1 or self.classes < 1:
            raise ValueError("predictions have at least one bin and one class")
        if len(self.scores) not in (0, self.bins) or len(self.labels) not in (0, self.classes):
            raise ValueError("predictions have as many scores as bins, and as many labels as classes, or none")
        if min((*self.scores, *self.labels), default=0) < 0:
            raise ValueError("predictions are not below zero")
        if not (0 <= self.blocks <= 1 and 0 <= self.label_blocks <= 1):
            raise ValueError("the distance of blocks is a share")
        if self.loss != "zero_one" and (self.classes < 2 or len(self.edges) != self.bins - 1):
            raise ValueError(f"{self.loss} is a loss of classes whose probabilities are binned on known edges")

    @property
    def outcomes(self) -> int:
        """How many different truths a prediction may have."""
        return len(self.loss_edges) + 1 if self.loss_edges else max(2, self.classes)

    def lost(self, stratum: int, outcome: int) -> bool:
        """Return whether a prediction was lost: a wrong label, or an error above the reference's q90."""
        if self.loss_edges:
            return outcome > self.loss_edges.index(1.0)
        return outcome != stratum % self.classes

    def came(self, stratum: int, outcome: int) -> bool:
        """Return whether that came which the loss is about.

        zero_one: the prediction was lost; of probabilities: the positive class, or a right label.
        """
        if self.loss == "zero_one":
            return self.lost(stratum, outcome)
        return outcome == (stratum % self.classes if self.positive is None else self.positive)

    def came_of(self, stratum: int, rows: int, lost: int) -> int:
        """Return of how many rows of a stratum that came, if so many were lost."""
        is_lost = self.loss == "zero_one" or (self.positive is not None and stratum % self.classes != self.positive)
        return lost if is_lost else rows - lost

    @cached_property
    def costs(self) -> tuple[Costs, ...]:
        """The loss of a truth in each bin, where that did not come and where it did."""
        if self.loss == "zero_one":
            return (ZERO_ONE,) * self.bins
        return costs_of(self.loss, self.edges, least=1 / self.classes if self.positive is None else 0.0)


@dataclass(frozen=True)
class Losses:
    """What the model lost out of sample: each row a number from 0 to 1 (`losses`)."""

    rows: int
    lost: float
    """The sum over the rows; of losses of 0 and 1 how many were lost."""
    strata: tuple[int, ...] = ()
    """Of the rows, those of each stratum of predictions; empty where nobody knows."""
    strata_lost: tuple[float, ...] = ()
    """The sum over each of those."""
    loss: LossName = "zero_one"
    told: tuple[tuple[float, int], ...] = ()
    """(loss, rows) of all rows where a loss may lie between 0 and 1; empty: each is one of the two."""

    def __post_init__(self) -> None:
        """Refuse more losses than rows."""
        if not 0 <= self.lost <= self.rows:
            raise ValueError("losses are at least none and at most one a row")
        if len(self.strata) != len(self.strata_lost) or (
            self.strata and not (sum(self.strata) == self.rows and isclose(sum(self.strata_lost), self.lost))
        ):
            raise ValueError("the strata's rows and losses add up to all")
        if any(not 0 <= lost <= rows for rows, lost in zip(self.strata, self.strata_lost, strict=True)):
            raise ValueError("losses of a stratum are at least none and at most one a row")
        if self.loss != "zero_one" and sum(rows for _, rows in self.told) != self.rows:
            raise ValueError(f"the reference of {self.loss} has the loss of every row")

    @classmethod
    def of(cls, answers: Predictions, strata: Sequence[int], lost: Sequence[int]) -> Losses:
        """Return the losses of `answers`, where of each stratum so many rows were lost by the label (or the error)."""
        if answers.loss == "zero_one":
            return cls(sum(strata), sum(lost), tuple(strata), tuple(lost))
        if len(strata) != answers.bins * answers.classes:
            raise ValueError("losses are of the strata of predictions")
        told: list[tuple[float, int]] = []
        sums = []
        for stratum, (rows, wrong) in enumerate(zip(strata, lost, strict=True)):
            came, costs = answers.came_of(stratum, rows, wrong), answers.costs[stratum // answers.classes]
            told += [(costs[0], rows - came), (costs[1], came)]
            sums.append(costs[0] * (rows - came) + costs[1] * came)
        return cls(
            sum(strata), sum(sums), tuple(strata), tuple(sums), answers.loss, tuple(one for one in told if one[1])
        )


@dataclass(frozen=True)
class Reference:
    """Of one model version."""

    columns: tuple[Column, ...]
    predictions: Predictions
    losses: Losses = Losses(0, 0)

    def __post_init__(self) -> None:
        """Refuse losses of other strata."""
        if len(self.losses.strata) not in (0, self.predictions.bins * self.predictions.classes):
            raise ValueError("losses are of the strata of predictions, or of none")
        if self.losses.rows and self.losses.loss != self.predictions.loss:
            raise ValueError(f"losses by {self.losses.loss} say nothing of {self.predictions.loss}")

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each column's cells begin in a window's; after the last one begin those of predictions."""
        found = [0]
        for column in self.columns:
            found.append(found[-1] + column.cells)
        return tuple(found)

    @property
    def size(self) -> int:
        """How many cells a window has."""
        return self.starts[-1] + self.predictions.bins * self.predictions.classes
