"""`sample.parquet`: rows of the training data, features only, and what captured rows are compared with.

No pod that serves reads it or is even given it (`folder.fetch_files`); its image has no Arrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from mooring.api.modelversion import Artifact, Datatype
from mooring.artifact.digest import files_digest
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing
from mooring.artifact.manifest import MANIFEST, SAMPLE, Feature, FileEntry, Manifest
from mooring.artifact.store import Store

ARROW_TYPES: Mapping[Datatype, pa.DataType] = {
    "BOOL": pa.bool_(),
    "INT64": pa.int64(),
    "FP64": pa.float64(),
    "BYTES": pa.string(),
}
"""Of features, in files."""
_FILE_LIMIT = 64


def schema_of(features: Sequence[Feature]) -> pa.Schema:
    """Return the columns of rows with a model's features, in their order."""
    return pa.schema([(feature.name, ARROW_TYPES[feature.datatype]) for feature in features])


def write_sample(file: Path, features: Sequence[Feature], rows: pd.DataFrame) -> None:
    """Write rows as the pipeline reads them (float64 with NaN, texts with None) with the model's own types."""
    columns = [
        pa.array(rows[field.name].to_numpy(), from_pandas=True).cast(field.type) for field in schema_of(features)
    ]
    table = pa.Table.from_arrays(columns, schema=schema_of(features))
    pyarrow.parquet.write_table(table, file, compression="zstd")


def fetch_sample(artifact: Artifact, credentials: Mapping[str, str]) -> tuple[Manifest, pa.Table]:
    """Return the manifest and the sample of an artifact of ours, both verified, without the rest of the folder.

    The artifact's digest covers name, size and SHA-256 of every file. The manifest has those of the others: so the two
    files that are read vouch for it, and it for them.
    Raises ArtifactMissing where there is no sample, ArtifactMismatch, StoreRefused, StoreUnavailable.
    """
    store = Store(artifact.uri.rstrip("/") + "/", credentials)
    found = {entry.path: entry for entry in store.files(limit=_FILE_LIMIT)}
    if MANIFEST not in found or SAMPLE not in found:
        raise ArtifactMissing(f"the artifact's folder {store.location} has no {SAMPLE}")
    content = {name: bytes(store.read(found[name])) for name in (MANIFEST, SAMPLE)}
    try:
        manifest = Manifest.model_validate_json(content[MANIFEST])
    except ValueError:
        raise ArtifactMismatch(f"{MANIFEST} of {store.location} is not one that this Mooring reads") from None
    files = {entry.path: entry for entry in manifest.files} | {name: _entry(name, content[name]) for name in content}
    try:
        digest = files_digest(files.values())
    except ValueError:
        digest = None  # a name that no file of ours has
    if digest != artifact.digest:
        raise ArtifactMismatch(f"the files of {store.location} are not the recorded ones: somebody changed them since")
    return manifest, pyarrow.parquet.read_table(pa.BufferReader(content[SAMPLE]))


def _entry(name: str, content: bytes) -> FileEntry:
    return FileEntry(path=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
