"""The estimators that a recipe may name, and what their parameters may be: checked before a Job exists.

The table is scikit-learn's own (`_parameter_constraints`), written to `estimators.json` by
`python -m mooring.training.estimator_table`, so that the operator needs no scikit-learn.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, TypeAdapter

from mooring.api.trainingjob import Estimator, Parameter, Task

Value = bool | int | float | str | None
Family = Literal["Classification", "Regression"]

MOORING_DECIDES = {
    "random_state": "is run.seed",
    "n_jobs": "follows from run.resources",
    "verbose": "is Mooring's",
    "warm_start": "is Mooring's: every run fits anew",
    "categorical_features": "follows from the columns' types",
}
"""Parameters of scikit-learn that a recipe cannot set, and why."""


class ParametersRefused(ValueError):
    """Parameters do not exist or do not fit the estimator; the message lists every problem."""


class Constraint(BaseModel, frozen=True):
    """One kind of value that a parameter may have. Of several, one must hold."""

    type: Literal["none", "boolean", "option", "int", "real", "fraction"]
    """`fraction` is a real number that must be written with a point: scikit-learn tells 1 (one) from 1.0 (all)."""
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    closed: Literal["left", "right", "both", "neither"] = "both"

    def describe(self) -> str:
        """Return the constraint in words."""
        if self.type in ("none", "boolean"):
            return "None" if self.type == "none" else "true or false"
        if self.type == "option":
            return "one of " + ", ".join(self.options)
        noun = {"int": "a whole number", "real": "a number", "fraction": "a number with a point"}[self.type]
        return f"{noun} {self._range()}".rstrip()

    def contains(self, number: float) -> bool:
        """Return whether the interval holds the number."""
        if math.isnan(number):
            return False
        above = self.low is None or number > self.low or (number == self.low and self.closed in ("left", "both"))
        below = self.high is None or number < self.high or (number == self.high and self.closed in ("right", "both"))
        finite = not math.isinf(number) or (self.high is None and self.closed in ("right", "both") and number > 0)
        return above and below and finite

    def _range(self) -> str:
        low, high = (f"{bound:g}" if bound is not None else "" for bound in (self.low, self.high))
        parts = []
        if low:
            parts.append((">= " if self.closed in ("left", "both") else "> ") + low)
        if high:
            parts.append(("<= " if self.closed in ("right", "both") else "< ") + high)
        return " and ".join(parts)


class EstimatorEntry(BaseModel, frozen=True):
    """One estimator of the table."""

    family: Family
    parameters: dict[str, tuple[Constraint, ...]]


@cache
def table() -> dict[str, EstimatorEntry]:
    """Return the table by the estimators' names."""
    text = files("mooring.api").joinpath("estimators.json").read_bytes()
    return TypeAdapter(dict[str, EstimatorEntry]).validate_json(text)


def estimator_task(estimator: Estimator) -> Family:
    """Return whether an estimator classifies or regresses."""
    return table()[estimator].family


def task_mismatch(estimator: Estimator, task: Task) -> str | None:
    """Return a sentence that says why the estimator cannot do the task, or None where it can."""
    wanted: Family = "Regression" if task == "Regression" else "Classification"
    if estimator_task(estimator) == wanted:
        return None
    fitting = ", ".join(name for name, entry in table().items() if entry.family == wanted)
    return f"{estimator} cannot do {task}; use one of {fitting}"


def validate_parameters(estimator: Estimator, parameters: Iterable[Parameter]) -> dict[str, Value]:
    """Return the parameters typed as scikit-learn wants them.

    Raises ParametersRefused, whose message lists everything that is wrong.
    """
    known = table()[estimator].parameters
    values: dict[str, Value] = {}
    problems: list[str] = []
    for parameter in parameters:
        name, text = parameter.name, parameter.value.strip()
        if name not in known:
            problems.append(_unknown(estimator, name, list(known)))
        elif name in values:
            problems.append(f"{name} is given twice")
        else:
            try:
                values[name] = _typed(text, known[name])
            except ValueError:
                allowed = " or ".join(constraint.describe() for constraint in known[name])
                problems.append(f"{name} of {estimator} cannot be {text!r}: it must be {allowed}")
    if problems:
        raise ParametersRefused("; ".join(problems))
    return values


def _unknown(estimator: str, name: str, known: list[str]) -> str:
    if name in MOORING_DECIDES:
        return f"{name} cannot be set: it {MOORING_DECIDES[name]}"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{estimator} has no parameter {name}" + (f"; did you mean {near[0]}?" if near else "")


def _typed(text: str, constraints: tuple[Constraint, ...]) -> Value:
    """Return the value that `text` stands for under the first constraint that holds; raises ValueError."""
    for constraint in constraints:
        if constraint.type == "none" and text in ("None", "null"):
            return None
        if constraint.type == "boolean" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if constraint.type == "option" and text in constraint.options:
            return text
        if constraint.type in ("int", "real", "fraction"):
            number = _number(text, constraint.type)
            if number is not None and constraint.contains(number):
                return number
    raise ValueError(text)


def _number(text: str, kind: str) -> int | float | None:
    whole = re.fullmatch(r"[+-]?\d{1,18}", text) is not None
    if kind == "int":
        return int(text) if whole else None
    if kind == "fraction" and whole:
        return None
    return float(text)
