"""What an artifact's `compiled.json` says: how a row becomes numbers, and how the numbers become an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from mooring.api.base import Model

COMPILED = "compiled.json"
ONNX = "model.onnx"
LEAVES = "leaves.npy"

Link = Literal["Identity", "Exp", "Share", "Logistic", "Softmax"]
"""From scores to answers: as they are; e^score; shares of trees; 1/(1 + e^-score); e^score by their sum.

Share and Logistic with one score give two classes: 1 - p and p.
"""


class CategoryColumn(Model):
    """A text feature: one matrix column of codes, or `width` columns of which the code's is 1."""

    feature: str
    categories: list[str]
    codes: list[int]
    """Of each category; below zero with `width`: all columns are 0."""
    missing: int
    """The code of a missing value."""
    unknown: int
    """The code of any other text."""
    width: int | None = None


class NumberColumn(Model):
    """A number feature: one matrix column, (value - mean) / scale."""

    feature: str
    fill: float | None = None
    """What stands for a missing value; absent: NaN, which the trees know."""
    mean: float = 0.0
    scale: float = 1.0


class IndicatorColumn(Model):
    """One matrix column that is 1 where a number feature is missing, else 0; scaled as numbers are."""

    feature: str
    mean: float = 0.0
    scale: float = 1.0


class Linear(Model):
    """scores = matrix · coefficientsᵀ + intercepts."""

    kind: Literal["Linear"] = "Linear"
    coefficients: list[list[float]]
    """[scores, matrix columns]"""
    intercepts: list[float]

    @property
    def has_one_score(self) -> bool:
        """Whether a row has one score."""
        return len(self.intercepts) == 1


class Trees(Model):
    """scores = (baseline + the sum of what each tree of `model.onnx` gives) / divisor."""

    kind: Literal["Trees"] = "Trees"
    baseline: list[float]
    divisor: float = 1.0
    rounds_to_single: bool
    """The matrix is rounded to float32 before the comparisons, which are made in float64: so scikit-learn's trees do.
    Histogram boosting compares in float64 throughout."""
    has_leaves: bool = False
    """The trees give rows of `leaves.npy`, [rows, scores], instead of scores."""

    @property
    def has_one_score(self) -> bool:
        """Whether a row has one score."""
        return len(self.baseline) == 1 and not self.has_leaves


class Table(Model):
    """The compiled form. The matrix's columns are the categories', the numbers' and the indicators', in this order."""

    format_version: Literal[1] = 1
    categories: list[CategoryColumn]
    numbers: list[NumberColumn]
    indicators: list[IndicatorColumn] = Field(default_factory=list)
    estimator: Annotated[Linear | Trees, Field(discriminator="kind")]
    link: Link

    def keeps_order(self, features: Sequence[str]) -> bool:
        """Return whether texts and numbers stand here in the order of the manifest's features."""
        texts, numbers = ([column.feature for column in columns] for columns in (self.categories, self.numbers))
        known = set(texts)
        return [name for name in features if name in known] == texts and [
            name for name in features if name not in known
        ] == numbers
