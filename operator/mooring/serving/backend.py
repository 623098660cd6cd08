"""What computes the answers. Today scikit-learn's pipeline as it was trained; compiled forms have the same face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Manifest
from mooring.artifact.predict import LABEL, PREDICTION, PROBABILITY, ask

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


class SklearnBackend:
    """The trained pipeline. It picks its columns by name, so a batch is made a DataFrame, once."""

    def __init__(self, pipeline: object, manifest: Manifest) -> None:
        self._pipeline = pipeline
        self._task = manifest.task
        self._features = manifest.features
        self._names = [feature.name for feature in manifest.features]
        self._outputs = [output.name for output in manifest.outputs]
        self._classes = _classes(manifest)

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs; of a classifier both come of the probabilities, so that it is asked once."""
        rows = to_frame(self._features, dict(zip(self._names, columns, strict=True)))
        answers = ask(self._pipeline, self._task, rows)
        if self._task == "Regression":
            found: dict[str, Output] = {PREDICTION: answers.prediction}
        else:
            found = {PROBABILITY: answers.probability, LABEL: self._classes[answers.codes]}
        return [found[name] for name in self._outputs]


def _classes(manifest: Manifest) -> Output:
    """Return the labels by their codes, as objects where they are text."""
    text = any(output.name == LABEL and output.datatype == "BYTES" for output in manifest.outputs)
    return np.array(manifest.classes or [], dtype=object if text else None)
