"""From a verified folder to a model that may answer: loaded, and asked its golden rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.manifest import GOLDEN, MODEL, Golden, Manifest
from mooring.artifact.model import load_model
from mooring.serving.backend import Backend, SklearnBackend
from mooring.serving.batch import Cost
from mooring.serving.errors import CannotServe
from mooring.serving.golden import check_golden, golden_columns


@dataclass(frozen=True)
class Loaded:
    """A model that answered its golden rows as it did at training."""

    manifest: Manifest
    backend: Backend
    cost: Cost


def load(manifest: Manifest, folder: Path) -> Loaded:
    """Load what was fetched into `folder`; blocks. Raises CannotServe."""
    backend = SklearnBackend(_pipeline(folder), manifest)
    golden = _golden(folder)
    columns = golden_columns(manifest, golden)
    check_golden(backend, manifest, golden, columns)
    return Loaded(manifest, backend, Cost.measure(backend, columns))


def _pipeline(folder: Path) -> object:
    try:
        pipeline: object = load_model(folder / MODEL)
    except ArtifactMismatch as error:
        reason = "UntrustedTypes" if "types" in str(error) else "UnreadableModel"
        raise CannotServe(reason, str(error)) from error
    return pipeline


def _golden(folder: Path) -> Golden:
    try:
        return Golden.model_validate_json((folder / GOLDEN).read_bytes())
    except (OSError, ValueError) as error:
        raise CannotServe("GoldenRowsMissing", f"{GOLDEN} of the artifact cannot be read: {error}"[:500]) from error
