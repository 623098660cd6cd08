"""What an artifact's `profile.json` says: the data that the model knows, as counts on frozen edges.

Training writes it, serving pods count on its edges and tell it, and the operator holds what they counted against it.

A bin of a number is (edge before, edge]: bin 0 holds values up to and including `edges[0]`, the last one values above
`edges[-1]`. All counts are whole, so that later ones add and subtract exactly.
"""

from __future__ import annotations

from typing import Literal

from mooring.api.base import Model

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


class Profile(Model):
    """The reference."""

    format_version: Literal[1] = 1
    rows: int
    numbers: list[NumberProfile]
    categories: list[CategoryProfile]
    holdout_rows: int
    predictions: PredictionProfile
