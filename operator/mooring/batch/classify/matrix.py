"""Rows of two samples as one matrix: numbers as they are, texts as numbers of categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature

CATEGORIES = 250
"""The most frequent are told apart; scikit-learn's histograms have 255 bins."""


def matrix_of(table: pa.Table, features: Sequence[Feature], learned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return rows [n, features] with NaN for missing values. Texts are numbered by how often rows `learned` have them.

    All that are not among the most frequent there are one category.
    """
    return np.column_stack([_column(table.column(one.name), one, learned) for one in features])


def _column(column: pa.ChunkedArray, feature: Feature, learned: NDArray[np.bool_]) -> NDArray[np.float64]:
    if feature.datatype != "BYTES":
        numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
        # What no row has that is learned from tells nothing, and scikit-learn falls over it.
        return numbers if np.isfinite(numbers[learned]).any() else np.zeros(len(numbers))
    encoded = pc.dictionary_encode(column).combine_chunks()
    places = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(places[learned & (places >= 0)], minlength=len(encoded.dictionary))
    order = np.argsort(-counts, kind="stable")[:CATEGORIES]
    codes = np.full(len(counts) + 1, CATEGORIES, dtype=np.float64)
    codes[order] = np.where(counts[order] > 0, np.arange(len(order)), CATEGORIES)
    codes[-1] = np.nan  # where a missing value's -1 leads
    found: NDArray[np.float64] = codes[places]
    return found
