"""Getting an image out of buildah's storage without copying the layers that containerd has already.

`buildah push` reads and compresses every layer each time: with the data libraries in the image, many seconds for
a changed Python file. The storage keeps, for each layer, its files and a recipe that gives back the exact tar
they came from (tar-split: https://github.com/vbatts/tar-split), so the one new layer can be written alone. An archive
that lacks the other layers is importable where they are present. Every layer is checked against its digest.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from cluster.buildah import STORAGE
from cluster.errors import ClusterError

CHUNK_BYTES = 1024 * 1024
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_FILE, _SEGMENT = 1, 2
"""Kinds of a tar-split entry: contents to be taken from a file, and bytes that stand in the recipe itself."""


def write_archive(reference: str, archive: Path, *, present: set[str]) -> None:
    """Write an OCI archive of the image, without the blobs whose digests are in `present`.

    Raises ClusterError when the storage is not as expected; `buildah push` is then the way.
    """
    image = _entry("overlay-images/images.json", "names", reference)
    folder = STORAGE / "overlay-images" / str(image["id"])
    blobs = {_digest(path.read_bytes()): path.read_bytes() for path in folder.iterdir()}
    manifest = blobs.get(str(image["digest"]))
    if manifest is None:
        raise ClusterError(f"buildah's storage has no manifest of {reference}")
    contents = json.loads(manifest)
    with tarfile.open(archive, "w") as tar:
        _add(tar, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        _add(tar, "index.json", _index(reference, manifest))
        for digest in (str(image["digest"]), contents["config"]["digest"]):
            _add(tar, _blob(digest), blobs[digest])
        for layer in contents["layers"]:
            if layer["digest"] not in present:
                _add_layer(tar, layer["digest"])


def _index(reference: str, manifest: bytes) -> bytes:
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
    entry = {"mediaType": MANIFEST_TYPE, "digest": _digest(manifest), "size": len(manifest), "annotations": names}
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()


def _add_layer(tar: tarfile.TarFile, digest: str) -> None:
    layer = _entry("overlay-layers/layers.json", "diff-digest", digest)
    checksum = hashlib.sha256()
    with tempfile.TemporaryFile(dir=STORAGE) as whole:
        for chunk in _layer_bytes(str(layer["id"])):
            checksum.update(chunk)
            whole.write(chunk)
        if f"sha256:{checksum.hexdigest()}" != digest:
            raise ClusterError(f"the layer {digest} in buildah's storage is not what it was")
        entry = tarfile.TarInfo(_blob(digest))
        entry.size = whole.tell()
        whole.seek(0)
        tar.addfile(entry, cast(IO[bytes], whole))


def _layer_bytes(layer: str) -> Iterator[bytes]:
    """The tar of one layer, put together again from its recipe and its files."""
    files = STORAGE / "overlay" / layer / "diff"
    with gzip.open(STORAGE / "overlay-layers" / f"{layer}.tar-split.gz", "rt") as recipe:
        for line in recipe:
            entry = json.loads(line)
            if entry["type"] == _SEGMENT:
                yield base64.b64decode(entry["payload"])
            elif entry["type"] == _FILE and entry.get("size"):
                with (files / entry["name"]).open("rb") as file:
                    while chunk := file.read(CHUNK_BYTES):
                        yield chunk


def _entry(index: str, key: str, wanted: str) -> dict[str, object]:
    """The entry of one of the storage's indexes whose `key` is, or contains, what is wanted."""
    entries = cast(list[dict[str, object]], json.loads((STORAGE / index).read_text()))
    for entry in entries:
        value = entry.get(key)
        if value == wanted or (isinstance(value, list) and wanted in value):
            return entry
    raise ClusterError(f"buildah's storage has no {wanted}")


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
