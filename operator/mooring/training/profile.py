"""Counting the data and the answers on frozen edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers
from mooring.ledger.profile import (
    CATEGORIES,
    EDGES,
    CategoryProfile,
    NumberProfile,
    PredictionProfile,
    Profile,
)
from mooring.training.split import Mask
from mooring.training.target import Target

Floats = NDArray[np.float64]


def profile(features: list[Feature], frame: pd.DataFrame, target: Target, holdout: Mask, answers: Answers) -> Profile:
    """Return the profile of all rows of `frame` (n) and of the answers to its held out ones."""
    return _profile(features, frame, int(holdout.sum()), _predictions(target, holdout, answers))


def sample_profile(features: list[Feature], frame: pd.DataFrame, answers: Answers, positive: int | None) -> Profile:
    """Return the profile of a sample of rows (n) whose truth nobody told, and of the answers to all of them."""
    if len(answers.prediction):
        edges, counts = _counted(answers.prediction)
        predictions = PredictionProfile(of="prediction", edges=edges, counts=counts)
    else:
        edges, counts = _counted(_shown(answers, positive))
        labels = np.bincount(answers.codes, minlength=answers.probability.shape[1]).tolist()
        predictions = PredictionProfile(of="probability", edges=edges, counts=counts, classes=labels)
    return _profile(features, frame, len(frame), predictions)


def _profile(features: list[Feature], frame: pd.DataFrame, held: int, predictions: PredictionProfile) -> Profile:
    numbers = [feature.name for feature in features if feature.datatype != "BYTES"]
    return Profile(
        rows=len(frame),
        numbers=[_number(name, frame[name].to_numpy()) for name in numbers],
        categories=[_category(feature, frame[feature.name]) for feature in features if feature.datatype == "BYTES"],
        holdout_rows=held,
        predictions=predictions,
    )


def frozen_edges(values: Floats) -> Floats:
    """Return the k/16 quantiles (k = 1…15) of values without NaN, each once; they are values that occur."""
    shares = np.arange(1, EDGES + 1) / (EDGES + 1)
    places = np.unique(np.minimum((shares * len(values)).astype(np.int64), len(values) - 1))
    return np.unique(np.partition(values, places)[places])


def bins_of(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return each value's bin: how many edges lie below it."""
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def _counted(values: Floats) -> tuple[list[float], list[int]]:
    edges = frozen_edges(values)
    return edges.tolist(), np.bincount(bins_of(values, edges), minlength=len(edges) + 1).tolist()


def _shown(answers: Answers, positive: int | None) -> Floats:
    """Return the score of each row: the positive class's probability, or that of its label."""
    return answers.probability.max(axis=1) if positive is None else answers.probability[:, positive]


def _number(name: str, values: Floats) -> NumberProfile:
    present = values[~np.isnan(values)]
    edges, counts = _counted(present)
    return NumberProfile(
        name=name,
        edges=edges,
        counts=counts,
        missing=len(values) - len(present),
        low=float(present.min()),
        high=float(present.max()),
    )


def _category(feature: Feature, values: pd.Series) -> CategoryProfile:
    counts = {str(category): int(count) for category, count in values.value_counts().items()}
    top = sorted(sorted(counts), key=lambda category: -counts[category])[:CATEGORIES]
    return CategoryProfile(
        name=feature.name,
        categories=sorted(top),
        counts=[counts[category] for category in sorted(top)],
        other=sum(counts.values()) - sum(counts[category] for category in top),
        listed=feature.categories is not None,
        missing=len(values) - sum(counts.values()),
    )


def _predictions(target: Target, holdout: Mask, answers: Answers) -> PredictionProfile:
    if target.classes is None:
        error = np.abs(answers.prediction - target.values[holdout])
        edges, counts = _counted(answers.prediction)
        return PredictionProfile(of="prediction", edges=edges, counts=counts, error_q90=float(np.quantile(error, 0.9)))
    classes = len(target.classes)
    shown = _shown(answers, target.positive)
    cuts = frozen_edges(shown)
    bins = bins_of(shown, cuts)
    cells = bins * classes + target.codes()[holdout]
    outcomes = np.bincount(cells, minlength=(len(cuts) + 1) * classes).reshape(-1, classes)
    return PredictionProfile(
        of="probability",
        edges=cuts.tolist(),
        counts=outcomes.sum(axis=1).tolist(),
        classes=np.bincount(answers.codes, minlength=classes).tolist(),
        outcomes=outcomes.tolist(),
    )
