"""From an order to a model that may answer: fetched, verified, loaded, and asked its golden rows."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mooring.api.wire import ARTIFACT_PREFIX, ServeOrder
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing, StoreRefused, StoreUnavailable
from mooring.artifact.folder import fetch
from mooring.artifact.manifest import GOLDEN, MODEL, Golden, Manifest
from mooring.artifact.model import load_model
from mooring.serving.backend import Backend, Pipeline, SklearnBackend
from mooring.serving.batch import Cost
from mooring.serving.errors import CannotServe
from mooring.serving.golden import check_golden, golden_columns
from mooring.serving.log import event


@dataclass(frozen=True)
class Loaded:
    """A model that answered its golden rows as it did at training."""

    manifest: Manifest
    backend: Backend
    cost: Cost


def load(order: ServeOrder) -> Loaded:
    """Load the version that is ordered; blocks. Raises CannotServe, with `retry` where the store was the reason."""
    with tempfile.TemporaryDirectory(prefix="mooring-") as scratch:
        folder = Path(scratch)
        manifest = _fetch(order, folder)
        pipeline = _pipeline(folder)
        golden = _golden(folder)
    if manifest.model != order.model:
        raise CannotServe("WrongModel", f"the artifact is of model {manifest.model!r}, the order of {order.model!r}")
    backend = SklearnBackend(pipeline, manifest)
    columns = golden_columns(manifest, golden)
    check_golden(backend, manifest, golden, columns)
    return Loaded(manifest, backend, Cost.measure(backend, columns))


def _fetch(order: ServeOrder, folder: Path) -> Manifest:
    try:
        return fetch(order.artifact, ARTIFACT_PREFIX, folder)
    except StoreUnavailable as error:
        raise CannotServe("StoreUnavailable", str(error), retry=True) from error
    except StoreRefused as error:
        raise CannotServe("StoreRefused", str(error)) from error
    except ArtifactMissing as error:
        raise CannotServe("ArtifactMissing", str(error)) from error
    except ArtifactMismatch as error:
        raise CannotServe("DigestMismatch", str(error)) from error


def _pipeline(folder: Path) -> Pipeline:
    try:
        pipeline: Pipeline = load_model(folder / MODEL)
    except ArtifactMismatch as error:
        reason = "UntrustedTypes" if "types" in str(error) else "UnreadableModel"
        raise CannotServe(reason, str(error)) from error
    return pipeline


def _golden(folder: Path) -> Golden:
    try:
        return Golden.model_validate_json((folder / GOLDEN).read_bytes())
    except (OSError, ValueError) as error:
        raise CannotServe("GoldenRowsMissing", f"{GOLDEN} of the artifact cannot be read: {error}"[:500]) from error


def load_patiently(order: ServeOrder, seconds: float) -> Loaded:
    """Load, and try again for that many seconds while the store cannot be reached; blocks, raises CannotServe."""
    deadline = time.monotonic() + seconds
    pause = 0.5
    while True:
        try:
            return load(order)
        except CannotServe as problem:
            if not problem.retry or time.monotonic() + pause > deadline:
                raise
            event("the artifact cannot be fetched yet", reason=problem.reason, why=problem.message, again_in=pause)
        time.sleep(pause)
        pause = min(pause * 2, 5.0)
