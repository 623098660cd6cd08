"""The trained pipeline itself, for artifacts without a compiled form. Importing this takes scikit-learn's second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import MODEL, Interface
from mooring.artifact.model import load_model
from mooring.artifact.predict import ask
from mooring.serving.backends.base import Column, Output, Outputs
from mooring.serving.errors import CannotServe


class PipelineBackend:
    """It picks its columns by name, so a batch is made a DataFrame, once."""

    def __init__(self, pipeline: object, manifest: Interface) -> None:
        self._pipeline = pipeline
        self._task = manifest.task
        self._features = manifest.features
        self._names = [feature.name for feature in manifest.features]
        self._outputs = Outputs(manifest)

    @classmethod
    def load(cls, folder: Path, manifest: Interface) -> PipelineBackend:
        """Return the backend of a verified folder; raises CannotServe."""
        try:
            return cls(load_model(folder / MODEL), manifest)
        except ArtifactMismatch as error:
            reason = "UntrustedTypes" if "types" in str(error) else "UnreadableModel"
            raise CannotServe(reason, str(error)) from error

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs; of a classifier both come of the probabilities, so that it is asked once."""
        rows = to_frame(self._features, dict(zip(self._names, columns, strict=True)))
        return self._outputs.of(ask(self._pipeline, self._task, rows))
