"""From a verified folder to a model that may answer: loaded, and asked its golden rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.api.wire import ServeOrder
from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.folder import read_manifest
from mooring.artifact.manifest import GOLDEN, PROFILE, Golden, Interface, Manifest
from mooring.ledger.profile import Profile
from mooring.serving.backends import SKLEARN, Backend, choose, golden_columns
from mooring.serving.batch import Cost
from mooring.serving.errors import CannotServe
from mooring.serving.slices import sliced_features


@dataclass(frozen=True)
class Loaded:
    """A model that answered its golden rows as it did at training."""

    manifest: Interface
    backend: Backend
    cost: Cost
    kind: str = SKLEARN
    """What computes: linear, onnx or sklearn."""
    profile: Profile | None = None
    """What the ledger counts on; None for a model that came without."""


def load_ordered(order: ServeOrder, folder: Path) -> Loaded:
    """Load what `order` names and was fetched into `folder`; blocks. Raises CannotServe."""
    if order.artifact.format != "Skops":
        # Not before: who serves models of Mooring's own needs none of it.
        from mooring.serving.brought import load_brought

        return load_brought(order, folder)
    try:
        manifest = read_manifest(folder)
    except ArtifactMismatch as error:
        raise CannotServe("UnreadableModel", str(error)) from error
    if manifest.model != order.model:
        raise CannotServe("WrongModel", f"the artifact is of model {manifest.model!r}, the order of {order.model!r}")
    return load(manifest, folder)


def load(manifest: Manifest, folder: Path) -> Loaded:
    """Load a model of Mooring's own that was fetched into `folder`; blocks. Raises CannotServe."""
    golden = read_golden(folder)
    chosen = choose(folder, manifest, golden)
    cost = Cost.measure(chosen.backend, golden_columns(manifest, golden))
    return Loaded(manifest, chosen.backend, cost, chosen.kind, read_profile(folder, manifest))


def read_golden(folder: Path) -> Golden:
    """Return the golden rows of a verified folder; raises CannotServe."""
    try:
        return Golden.model_validate_json((folder / GOLDEN).read_bytes())
    except (OSError, ValueError) as error:
        raise CannotServe("GoldenRowsMissing", f"{GOLDEN} of the artifact cannot be read: {error}"[:500]) from error


def read_profile(folder: Path, manifest: Interface) -> Profile | None:
    """Return the reference of a verified folder, None where there is none; raises CannotServe."""
    try:
        found = Profile.model_validate_json((folder / PROFILE).read_bytes())
        sliced_features(manifest, found)
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CannotServe("UnreadableProfile", f"{PROFILE} of the artifact cannot be read: {error}"[:500]) from error
