"""What every backend is to the rest of the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mooring.artifact.manifest import Interface
from mooring.artifact.predict import LABEL, PREDICTION, PROBABILITY
from mooring.artifact.predict import Answers as Found
from mooring.ledger.packed import Packed

Values = Sequence[float | str | None]
"""One feature's values as a request brings them: for one row an array of each would cost more than the model."""

Column = Values | npt.NDArray[np.float64] | npt.NDArray[np.object_]
"""One feature of a batch: numbers (missing: NaN or None), or texts (missing: None)."""

Scalar = bool | int | float | str
Answers = Sequence[Sequence[Scalar]]
"""The values of each output, row-major."""

Output = npt.NDArray[np.generic]
"""One output of a batch, of shape [rows] or [rows, classes]."""


class Backend(Protocol):
    """A model: features in the manifest's order to outputs in the manifest's order. Called by one thread at a time."""

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return every output for a batch; raises ValueError for values that the model cannot compute with."""


@runtime_checkable
class AnswersFew(Protocol):
    """A backend that is faster with a few rows, where it may answer them."""

    def few(self, rows: Packed) -> Answers | None:
        """Return every output, flat, for a few rows; None where `predict` is to be asked."""


class Outputs:
    """Puts answers into the manifest's outputs."""

    def __init__(self, manifest: Interface) -> None:
        self._names = [output.name for output in manifest.outputs]
        self._regression = manifest.task == "Regression"
        text = any(output.name == LABEL and output.datatype == "BYTES" for output in manifest.outputs)
        self._classes: Output = np.array(manifest.classes or [], dtype=object if text else None)
        self._first, self._second = [*self._classes.tolist(), None, None][:2]

    def of_few(self, found: list[float]) -> Answers:
        """Return the outputs, flat, by the predictions, or by the second of two classes' probabilities."""
        if self._regression:
            return [found]
        of = {
            PROBABILITY: [share for second in found for share in (1.0 - second, second)],
            LABEL: [self._second if second > 1.0 - second else self._first for second in found],
        }
        return [of[name] for name in self._names]

    def of(self, answers: Found) -> list[Output]:
        """Return the outputs; labels are objects where they are text."""
        if self._regression:
            found: dict[str, Output] = {PREDICTION: answers.prediction}
        else:
            found = {PROBABILITY: answers.probability, LABEL: self._classes[answers.codes]}
        return [found[name] for name in self._names]
