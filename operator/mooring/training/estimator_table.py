"""Writes `api/estimators.json` from scikit-learn's own constraints: `python -m mooring.training.estimator_table`.

What a string in a recipe cannot say (objects, callables, arrays) and what Mooring decides itself is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from sklearn.base import is_regressor
from sklearn.utils import _param_validation as validation

from mooring import api
from mooring.api.estimators import MOORING_DECIDES, Constraint, EstimatorEntry, Family
from mooring.api.trainingjob import Estimator
from mooring.training.pipeline import estimator_class

TABLE = Path(api.__file__).parent / "estimators.json"
_KINDS = {"Integral": "int", "Real": "real", "RealNotInt": "fraction"}


def generate() -> str:
    """Return the table's text."""
    entries = {name: _entry(estimator_class(name)) for name in get_args(Estimator)}
    rendered = {name: entry.model_dump(exclude_defaults=True) for name, entry in entries.items()}
    return json.dumps(rendered, indent=1, sort_keys=True) + "\n"


def _entry(estimator: Any) -> EstimatorEntry:
    family: Family = "Regression" if is_regressor(estimator()) else "Classification"
    parameters = {}
    for name, raw in sorted(estimator._parameter_constraints.items()):
        constraints = tuple(constraint for item in _as_list(raw) for constraint in _constraint(item))
        if name not in MOORING_DECIDES and any(constraint.type != "none" for constraint in constraints):
            parameters[name] = constraints
    return EstimatorEntry(family=family, parameters=parameters)


def _as_list(raw: object) -> list[object]:
    return raw if isinstance(raw, list) else []  # the string "no_validation" otherwise


def _constraint(item: object) -> list[Constraint]:
    """Return the item as our constraint, or nothing where a string cannot express it."""
    if item is None:
        return [Constraint(type="none")]
    if item == "boolean":
        return [Constraint(type="boolean")]
    if isinstance(item, validation.Interval):
        low, high = (None if bound is None else float(bound) for bound in (item.left, item.right))
        return [Constraint(type=_KINDS[item.type.__name__], low=low, high=high, closed=item.closed)]
    if isinstance(item, validation.StrOptions):
        return [Constraint(type="option", options=tuple(sorted(item.options - item.deprecated)))]
    return []


if __name__ == "__main__":
    TABLE.write_text(generate())
