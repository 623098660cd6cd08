"""An artifact's folder to a folder that serves by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory

from mooring.artifact.compiled.table import COMPILED, LEAVES, ONNX
from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.folder import download, read_manifest
from mooring.artifact.manifest import CARD, GOLDEN, MANIFEST, SAMPLE, Manifest
from mooring.artifact.store import Store

RUNNER = Path(__file__).parent / "runner"
PACKAGE = "mooring_edge"
SERVE = f'''\
"""Answers predictions of the model in this folder: python serve.py --port 8080."""

import sys
from pathlib import Path

from {PACKAGE}.server import main

sys.exit(main(Path(__file__).resolve().parent))
'''
NEEDS = {"Linear": (), "Onnx": ("numpy", "onnxruntime")}
README = """\
# {version}

A model of Mooring ({task}, {estimator}) with a server of its own.

    {install}python serve.py --port 8080
    curl http://127.0.0.1:8080/v2/models/{model}
    curl http://127.0.0.1:8080/v2/models/{model}/infer -d '{example}'

It needs Python 3.11 or newer{needs}.

It speaks the Open Inference Protocol, version 2, over HTTP (also with binary tensors), as Triton, MLServer and KServe
do: /v2/health/live, /v2/health/ready, /v2/models/{model}, …/infer. Before it listens it compares its files with
their digests, and answers the rows that training recorded. It keeps no ledger, knows no keys and no TLS, and listens
on this machine alone unless --host says otherwise.

Artifact: {uri}, {digest}
"""


class CannotExport(Exception):
    """The artifact cannot leave the cluster so; the message says why and what else to do."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    version: str
    digest: str
    needs: tuple[str, ...]
    """Requirements beyond the standard library, pinned."""


def export(
    uri: str, credentials: Mapping[str, str], to: Path, *, digest: str | None = None, version: str | None = None
) -> Exported:
    """Write the folder `to`, which must not exist or be empty.

    Raises CannotExport, ArtifactError, StoreError.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise CannotExport(f"{to} is there already, and not empty: name another folder")
    with TemporaryDirectory(prefix="mooring-") as scratch:
        fetched = Path(scratch, "artifact")
        stored = download(Store(uri.rstrip("/") + "/", credentials), fetched, leave=(SAMPLE,))
        if digest not in (None, stored.digest):
            raise ArtifactMismatch(f"the files of {uri} have digest {stored.digest}, expected was {digest}")
        manifest = read_manifest(fetched)
        if manifest.compiled is None:
            raise CannotExport(
                f"{manifest.model!r} has no compiled form of Mooring's: serve it by the runtime image, "
                "or train with an estimator that is compiled"
            )
        name = version or f"{manifest.model}@{stored.digest.removeprefix('sha256:')[:12]}"
        needs = tuple(f"{library}=={installed(library)}" for library in NEEDS[manifest.compiled.format])
        made = Path(scratch, "made")
        _write(made, fetched, manifest)
        about = {"version": name, "digest": stored.digest, "uri": uri}
        (made / "export.json").write_text(json.dumps(about, indent=1))
        (made / "requirements.txt").write_text("".join(f"{need}\n" for need in needs) or "# the standard library\n")
        (made / "README.md").write_text(_readme(manifest, name, uri, stored.digest, needs))
        shutil.copytree(made, to, dirs_exist_ok=True)
    return Exported(name, stored.digest, needs)


def _write(made: Path, fetched: Path, manifest: Manifest) -> None:
    (made / "model").mkdir(parents=True)
    for name in (MANIFEST, COMPILED, ONNX, LEAVES, GOLDEN, CARD):
        if (fetched / name).exists():
            shutil.copyfile(fetched / name, made / "model" / name)
    (made / PACKAGE).mkdir()
    linear = manifest.compiled is not None and manifest.compiled.format == "Linear"
    for file in sorted(RUNNER.glob("*.py")):
        if not (linear and file.name == "trees.py"):
            shutil.copyfile(file, made / PACKAGE / file.name)
    (made / "serve.py").write_text(SERVE)


def _readme(manifest: Manifest, version: str, uri: str, digest: str, needs: tuple[str, ...]) -> str:
    examples = {"BYTES": "…", "BOOL": True, "INT64": 1, "FP64": 0.5}
    inputs = [
        {
            "name": feature.name,
            "shape": [1],
            "datatype": feature.datatype,
            "data": [feature.categories[0] if feature.categories else examples[feature.datatype]],
        }
        for feature in manifest.features
    ]
    return README.format(
        version=version,
        task=manifest.task,
        estimator=manifest.estimator,
        model=manifest.model,
        example=json.dumps({"inputs": inputs}),
        install="pip install -r requirements.txt\n    " if needs else "",
        needs=f", {' and '.join(needs)}" if needs else " and nothing else",
        uri=uri,
        digest=digest,
    )
