"""A compiled model: numpy, and ONNX Runtime where there are trees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mooring.artifact.compiled import CompiledModel, load_compiled
from mooring.artifact.manifest import Interface
from mooring.ledger.packed import Packed
from mooring.serving.backends.base import Answers, Column, Output, Outputs


class CompiledBackend:
    """It takes values as a request brings them: no array for each feature, no DataFrame."""

    def __init__(self, model: CompiledModel, manifest: Interface) -> None:
        self._ask = model.ask
        self._few = model.few
        self._outputs = Outputs(manifest)

    @classmethod
    def load(cls, folder: Path, manifest: Interface) -> CompiledBackend:
        """Return the backend of a verified folder; raises ArtifactMismatch."""
        return cls(load_compiled(folder, manifest.task, manifest.features), manifest)

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs."""
        return self._outputs.of(self._ask(columns))

    def few(self, rows: Packed) -> Answers | None:
        """Return the outputs of a few rows, or None."""
        found = self._few(rows)
        return None if found is None else self._outputs.of_few(found)
