"""What an earlier pod of the same run left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mooring.api.wire import TrainOrder
from mooring.artifact.errors import ArtifactError
from mooring.artifact.folder import Stored, download, file_entry, read_manifest
from mooring.artifact.manifest import MANIFEST, Manifest
from mooring.artifact.store import Store


def finished_before(store: Store, order: TrainOrder) -> tuple[Manifest, Stored] | None:
    """Return the artifact that an earlier pod of this very run finished; a damaged one is made anew."""
    with tempfile.TemporaryDirectory(prefix="mooring-") as folder:
        try:
            stored = download(store, Path(folder))
            manifest = read_manifest(Path(folder))
        except ArtifactError:
            return None
        files = [file_entry(file) for file in sorted(Path(folder).iterdir()) if file.name != MANIFEST]
        whole = files == sorted(manifest.files, key=lambda file: file.path)
        same_run = (manifest.model, manifest.run, manifest.run_id) == (order.model, order.run, order.run_id)
        return (manifest, stored) if whole and same_run else None
