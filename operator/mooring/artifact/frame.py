"""The table that a pipeline reads: one way to make it, for training and for serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature, Scalar

Column = Sequence[Scalar] | NDArray[np.float64] | NDArray[np.object_]


def to_frame(features: Sequence[Feature], columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return the features as the pipeline wants them, in their order: float64 with NaN, texts as str or None.

    Text columns get dtype object explicitly: pandas would make them `str` and every None a NaN, which is another
    category to scikit-learn's encoders.
    """
    return pd.DataFrame({feature.name: _series(feature, columns[feature.name]) for feature in features}, copy=False)


def _series(feature: Feature, values: Column) -> pd.Series:
    kind = object if feature.datatype == "BYTES" else np.float64
    return pd.Series(np.asarray(values, dtype=kind), dtype=kind, copy=False)
