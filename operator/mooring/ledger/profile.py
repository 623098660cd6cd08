"""What an artifact's `profile.json` says: the data that the model knows, as counts on frozen edges.

Training writes it, serving pods count on its edges and tell it, and the operator holds what they counted against it.

A bin of a number is (edge before, edge]: bin 0 holds values up to and including `edges[0]`, the last one values above
`edges[-1]`. All counts are whole, so that later ones add and subtract exactly.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from mooring.api.base import Model
from mooring.ledger.segments import check_segments

EDGES = 15
CATEGORIES = 50


class NumberProfile(Model):
    """A feature of type BOOL, INT64 or FP64 in every row with a target."""

    name: str
    edges: list[float]
    """At most 15, ascending and different: the k/16 quantiles."""
    counts: list[int]
    """Rows in each of the len(edges) + 1 bins."""
    missing: int
    low: float
    high: float
    """The least and the greatest value seen."""
    blocks: float | None = None
    """The greatest distance (Kolmogorov-Smirnov) of a block of time from the whole. None: no time is known."""


class CategoryProfile(Model):
    """A feature of type BYTES in every row with a target."""

    name: str
    categories: list[str]
    """The 50 most frequent, ascending by name."""
    counts: list[int]
    other: int
    """Rows with a category beyond those."""
    listed: bool = True
    """False: the categories were too many to list, so that one never seen at training is counted as `other`."""
    missing: int
    blocks: float | None = None
    """The greatest distance of a category's share (the rarer ones together) in a block of time from that in the whole.
    None: no time is known."""


class PredictionProfile(Model):
    """What the model answers to the held out rows: out of sample."""

    of: Literal["probability", "prediction"]
    """The positive class's probability, the label's probability (more than two classes), or the prediction."""
    edges: list[float]
    counts: list[int]
    classes: list[int] | None = None
    """Held out rows answered with each class."""
    outcomes: list[list[int]] | None = None
    """For each bin the rows whose true class is each of `classes`."""
    error_q90: float | None = None
    """Regression: the 0.9 quantile of the absolute error."""
    positive: int | None = None
    """The place in `classes` of the one whose probability is binned, where there are two."""
    strata: list[int] | None = None
    """Held out rows by bin * classes + the index of the predicted label; of a regression by bin."""
    losses: list[int] | None = None
    """Of those: wrong labels; errors above `error_q90`. None, like `strata`, where nobody told the truth."""
    blocks: float | None = None
    """The greatest distance of a block of time from all held out rows, by score."""
    label_blocks: float | None = None
    """The same of a label's share; None for a regression, and like `blocks` where no time is known."""


class NumberCounts(Model):
    """A segment's rows by a number, on the edges, and between the extremes, of all rows."""

    counts: list[int]
    missing: int
    blocks: float | None = None


class CategoryCounts(Model):
    """A segment's rows by a category, of those that all rows have."""

    counts: list[int]
    other: int
    missing: int
    blocks: float | None = None


class PredictionCounts(Model):
    """What the model answers to a segment's held out rows, on the edges of all, and as `PredictionProfile` has it."""

    counts: list[int]
    classes: list[int] | None = None
    outcomes: list[list[int]] | None = None
    strata: list[int] | None = None
    losses: list[int] | None = None
    """Of a regression: errors above the q90 of all."""
    blocks: float | None = None
    label_blocks: float | None = None


def segment_name(column: str, value: float | str) -> str:
    """Return how people read a segment: `SEX=2`."""
    whole = isinstance(value, float) and value.is_integer()
    return f"{column}={int(value) if whole else value}"


class SegmentProfile(Model):
    """The rows with one value of a column that the recipe slices by."""

    column: str
    value: float | str
    rows: int
    numbers: list[NumberCounts]
    """In the order of the whole, like `categories`."""
    categories: list[CategoryCounts]
    holdout_rows: int
    predictions: PredictionCounts

    @property
    def name(self) -> str:
        """How people read it: `SEX=2`."""
        return segment_name(self.column, self.value)


class Profile(Model):
    """The reference."""

    format_version: Literal[1] = 1
    rows: int
    numbers: list[NumberProfile]
    categories: list[CategoryProfile]
    holdout_rows: int
    predictions: PredictionProfile
    segments: list[SegmentProfile] | None = None
    """By the columns of the recipe's slices, and in each in the order of the values. None: the recipe has none."""

    @model_validator(mode="after")
    def _segments_fit(self) -> Self:
        if self.segments is not None:
            check_segments(self, self.segments)
        return self

    def within(self, segment: SegmentProfile) -> Profile:
        """Return the reference of one segment: its counts, on the edges of all rows."""
        both = zip(self.numbers, segment.numbers, strict=True)
        each = zip(self.categories, segment.categories, strict=True)
        return Profile(
            rows=segment.rows,
            numbers=[whole.model_copy(update=dict(part)) for whole, part in both],
            categories=[whole.model_copy(update=dict(part)) for whole, part in each],
            holdout_rows=segment.holdout_rows,
            predictions=self.predictions.model_copy(update=dict(segment.predictions)),
        )
