"""What computes the answers. Today scikit-learn's pipeline as it was trained; compiled forms have the same face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from mooring.api.modelversion import OutputTensor
from mooring.artifact.manifest import Manifest

Column = npt.NDArray[np.float64] | npt.NDArray[np.object_]
"""One feature of a batch: float64 (missing: NaN), or str objects (missing: None)."""

Scalar = bool | int | float | str
Answers = Sequence[Sequence[Scalar]]
"""The values of each output, row-major."""

Output = npt.NDArray[np.generic]
"""One output of a batch, of shape [rows] or [rows, classes]."""


class Backend(Protocol):
    """A model: features in the manifest's order to outputs in the manifest's order. Called by one thread at a time."""

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return every output for a batch; raises ValueError for values that the model cannot compute with."""


class Pipeline(Protocol):
    """The part of scikit-learn's Pipeline that is used."""

    def predict(self, rows: pd.DataFrame) -> Output:
        """Return one value or label a row."""

    def predict_proba(self, rows: pd.DataFrame) -> Output:
        """Return one probability a row and class."""


class SklearnBackend:
    """The trained pipeline. It picks its columns by name, so a batch is made a DataFrame, once."""

    def __init__(self, pipeline: Pipeline, manifest: Manifest) -> None:
        self._pipeline = pipeline
        self._names = [feature.name for feature in manifest.features]
        self._outputs = [output.name for output in manifest.outputs]
        self._classes = None if manifest.classes is None else _array(manifest, manifest.outputs)

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs; of a classifier both come of the probabilities, so that it is asked once."""
        rows = pd.DataFrame(dict(zip(self._names, columns, strict=True)), copy=False)
        if self._classes is None:
            return [self._pipeline.predict(rows)]
        probability = self._pipeline.predict_proba(rows)
        found = {"probability": probability, "label": self._classes[probability.argmax(axis=1)]}
        return [found[name] for name in self._outputs]


def _array(manifest: Manifest, outputs: Sequence[OutputTensor]) -> Output:
    text = any(output.name == "label" and output.datatype == "BYTES" for output in outputs)
    return np.array(manifest.classes, dtype=object if text else None)
