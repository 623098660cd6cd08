"""From a verified folder to a model that may answer: loaded, and asked its golden rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.artifact.manifest import GOLDEN, PROFILE, Golden, Manifest
from mooring.artifact.profile import Profile
from mooring.serving.backends import SKLEARN, Backend, choose, golden_columns
from mooring.serving.batch import Cost
from mooring.serving.errors import CannotServe


@dataclass(frozen=True)
class Loaded:
    """A model that answered its golden rows as it did at training."""

    manifest: Manifest
    backend: Backend
    cost: Cost
    kind: str = SKLEARN
    """What computes: linear, onnx or sklearn."""
    profile: Profile | None = None
    """What the ledger counts on; None for a model that came without."""


def load(manifest: Manifest, folder: Path) -> Loaded:
    """Load what was fetched into `folder`; blocks. Raises CannotServe."""
    golden = _golden(folder)
    chosen = choose(folder, manifest, golden)
    cost = Cost.measure(chosen.backend, golden_columns(manifest, golden))
    return Loaded(manifest, chosen.backend, cost, chosen.kind, _profile(folder))


def _golden(folder: Path) -> Golden:
    try:
        return Golden.model_validate_json((folder / GOLDEN).read_bytes())
    except (OSError, ValueError) as error:
        raise CannotServe("GoldenRowsMissing", f"{GOLDEN} of the artifact cannot be read: {error}"[:500]) from error


def _profile(folder: Path) -> Profile | None:
    try:
        return Profile.model_validate_json((folder / PROFILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CannotServe("UnreadableProfile", f"{PROFILE} of the artifact cannot be read: {error}"[:500]) from error
