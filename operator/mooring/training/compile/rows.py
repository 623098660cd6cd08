"""The rows on which a compiled model is compared: ones that occur, ones at the trees' thresholds, and random ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.artifact.compiled.tree import Tree
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Feature
from mooring.training.compile.columns import NO_CATEGORY, Columns

BLOCK = 4096
BOUNDARIES = 20_000
"""So many values at and beside thresholds are tried, drawn from all of them."""
MISSING = 0.1
"""The share of missing values in random rows, where there may be any."""


def blocks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows in blocks."""
    for start in range(0, len(frame), BLOCK):
        yield frame.iloc[start : start + BLOCK]


def boundary_rows(frame: pd.DataFrame, columns: Columns, trees: Sequence[Tree], seed: int) -> Iterator[pd.DataFrame]:
    """Yield rows of `frame`, each with one number set to a threshold of the trees or to a neighbour of one.

    Neighbours in float64 and in float32: scikit-learn rounds to the latter before it compares.
    """
    random = np.random.default_rng(seed)
    names, values = _boundaries(columns, trees)
    chosen = random.permutation(len(values))[:BOUNDARIES]
    for start in range(0, len(chosen), BLOCK):
        block = chosen[start : start + BLOCK]
        rows = frame.iloc[random.integers(len(frame), size=len(block))].reset_index(drop=True)
        for name in set(names[block]):
            here = names[block] == name
            rows.loc[here, name] = values[block][here]
        yield rows


def random_rows(features: Sequence[Feature], frame: pd.DataFrame, seed: int) -> Iterator[pd.DataFrame]:
    """Yield blocks of rows without end, every value drawn for itself from what `frame` holds in its column.

    Half of the numbers are drawn evenly between the least and the greatest value instead.
    """
    random = np.random.default_rng(seed)
    while True:
        drawn = {feature.name: _drawn(feature, frame[feature.name].to_numpy(), random) for feature in features}
        yield to_frame(features, drawn)


def _boundaries(columns: Columns, trees: Sequence[Tree]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return features and values (m,), each pair once."""
    names: list[NDArray[np.str_]] = [np.empty(0, dtype=np.str_)]
    values = [np.empty(0)]
    first = len(columns.categories)  # trees have one column for each category feature
    features = np.concatenate([tree.feature[~tree.is_leaf] for tree in trees]) if trees else np.empty(0)
    thresholds = np.concatenate([tree.threshold[~tree.is_leaf] for tree in trees]) if trees else np.empty(0)
    for place, number in enumerate(columns.numbers, first):
        found = _neighbours(np.unique(thresholds[features == place]))
        values.append(found)
        names.append(np.full(len(found), number.feature))
    return np.concatenate(names), np.concatenate(values)


def _neighbours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = values[np.isfinite(values)]
    single = values.astype(np.float32)
    around = [np.nextafter(single, np.float32(side)).astype(np.float64) for side in (-np.inf, np.inf)]
    exact = [np.nextafter(values, side) for side in (-np.inf, np.inf)]
    found = np.unique(np.concatenate([values, single.astype(np.float64), *around, *exact]))
    finite: NDArray[np.float64] = found[np.isfinite(found)]
    return finite


def _drawn(feature: Feature, values: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    found = values[random.integers(len(values), size=BLOCK)]
    missing = random.random(BLOCK) < MISSING
    if feature.datatype == "BYTES":
        if feature.categories is None:  # any text is taken in requests
            found[random.random(BLOCK) < MISSING] = NO_CATEGORY
    elif feature.datatype != "BOOL":
        even = random.random(BLOCK) < 0.5
        spread = np.nanmin(values) + random.random(BLOCK) * np.ptp(values[~np.isnan(values)])
        found[even] = np.round(spread[even]) if feature.datatype == "INT64" else spread[even]
    if feature.nullable:
        found[missing] = None if feature.datatype == "BYTES" else np.nan
    return found
