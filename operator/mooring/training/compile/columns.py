"""The fitted ColumnTransformer of `mooring.training.pipeline`, read out as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mooring.artifact.compiled.table import CategoryColumn, IndicatorColumn, NumberColumn

NO_CATEGORY = "\x00no category of any data"


@dataclass(frozen=True)
class Columns:
    """The matrix's columns, in their order."""

    categories: list[CategoryColumn] = field(default_factory=list)
    numbers: list[NumberColumn] = field(default_factory=list)
    indicators: list[IndicatorColumn] = field(default_factory=list)


def read_columns(pipeline: Pipeline) -> Columns:
    """Return the table of a pipeline's preprocessing."""
    found = Columns()
    for name, transformer, columns in pipeline.named_steps["preprocess"].transformers_:
        if name == "categories":
            found.categories.extend(_categories(transformer, list(columns)))
        elif name == "numbers":
            numbers, indicators = _numbers(transformer, list(columns))
            found.numbers.extend(numbers)
            found.indicators.extend(indicators)
    return found


def _categories(encoder: Any, names: Sequence[str]) -> list[CategoryColumn]:
    """Ask the encoder itself for the code of every category, so that its rules for rare ones need not be repeated."""
    one_hot = isinstance(encoder, OneHotEncoder)
    widths = [_width(encoder, index) for index in range(len(names))] if one_hot else [1] * len(names)
    starts = np.concatenate([[0], np.cumsum(widths)])
    read = []
    for index, name in enumerate(names):
        known = [category for category in encoder.categories_[index] if category is not None]
        asked = [*known, None, NO_CATEGORY]
        texts = {other: [encoder.categories_[at][0]] * len(asked) for at, other in enumerate(names)} | {name: asked}
        # dtype object, since None would be NaN otherwise, which is another category.
        found_codes = encoder.transform(pd.DataFrame(texts, dtype=object))
        block = _dense(found_codes)[:, starts[index] : starts[index + 1]]
        codes = np.where(block.any(axis=1), block.argmax(axis=1), -1) if one_hot else block[:, 0]
        *listed, missing, unknown = codes.astype(int).tolist()
        width = widths[index] if one_hot else None
        column = CategoryColumn(
            feature=name, categories=known, codes=listed, missing=missing, unknown=unknown, width=width
        )
        read.append(column)
    return read


def _width(encoder: OneHotEncoder, index: int) -> int:
    rare = encoder.infrequent_categories_[index] if hasattr(encoder, "infrequent_categories_") else None
    categories = len(encoder.categories_[index])
    return categories if rare is None else categories - len(rare) + 1


def _dense(found: Any) -> NDArray[np.float64]:
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64)


def _numbers(transformer: Any, names: Sequence[str]) -> tuple[list[NumberColumn], list[IndicatorColumn]]:
    """Read imputer and scaler where there are any; else the numbers pass as they are."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    imputer = next((step for step in steps if isinstance(step, SimpleImputer)), None)
    scaler = next((step for step in steps if isinstance(step, StandardScaler)), None)
    indicated = [names[at] for at in imputer.indicator_.features_] if imputer is not None else []
    width = len(names) + len(indicated)
    fills = imputer.statistics_.tolist() if imputer is not None else [None] * len(names)
    means = scaler.mean_.tolist() if scaler is not None else [0.0] * width
    scales = scaler.scale_.tolist() if scaler is not None else [1.0] * width
    columns = [
        NumberColumn(feature=name, fill=fill, mean=mean, scale=scale)
        for name, fill, mean, scale in zip(names, fills, means, scales, strict=False)
    ]
    indicators = [
        IndicatorColumn(feature=name, mean=mean, scale=scale)
        for name, mean, scale in zip(indicated, means[len(names) :], scales[len(names) :], strict=True)
    ]
    return columns, indicators
