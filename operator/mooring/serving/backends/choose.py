"""Which backend serves: the compiled form if it is certified and answers the golden rows, else scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.manifest import Golden, Manifest
from mooring.serving.backends.base import Backend
from mooring.serving.backends.compiled import CompiledBackend
from mooring.serving.backends.golden import OneByOne, check_golden
from mooring.serving.errors import CannotServe
from mooring.serving.log import event

SKLEARN = "sklearn"


@dataclass(frozen=True)
class Chosen:
    """A backend that has answered the golden rows, and its kind: linear, onnx or sklearn."""

    backend: Backend
    kind: str


def choose(folder: Path, manifest: Manifest, golden: Golden) -> Chosen:
    """Load from a verified folder; raises CannotServe where not even scikit-learn answers as training recorded."""
    if manifest.compiled is not None:
        try:
            compiled = CompiledBackend.load(folder, manifest)
            check_golden(compiled, manifest, golden)
            check_golden(OneByOne(compiled, manifest), manifest, golden)
            return Chosen(compiled, manifest.compiled.format.lower())
        except (ArtifactMismatch, CannotServe) as problem:
            event("the compiled model is passed over, scikit-learn answers", why=str(problem))
    pipeline = _pipeline(folder, manifest)
    check_golden(pipeline, manifest, golden)
    return Chosen(pipeline, SKLEARN)


def _pipeline(folder: Path, manifest: Manifest) -> Backend:
    try:
        # Not before: it brings scikit-learn with it, which the serving image does not have.
        from mooring.serving.backends.pipeline import PipelineBackend
    except ModuleNotFoundError as error:
        raise CannotServe(
            "NeedsRuntimeImage",
            f"without a compiled form that answers as training recorded, {manifest.model!r} needs {error.name}, which "
            "this image has not: train again, or serve by the runtime image (the operator without `servingImage`)",
        ) from error
    return PipelineBackend.load(folder, manifest)
