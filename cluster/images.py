"""The project's own images: built from its Dockerfile, named by their content, put where pods find them."""

import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import buildah
from cluster.base_images import BASE_IMAGE, base_archive, base_key, ensure_base_image
from cluster.cached import content_key
from cluster.containers import blobs, image_names, import_image, remove_images, remove_unnamed_images
from cluster.errors import ClusterError
from cluster.layers import write_archive
from cluster.locks import locked
from cluster.packages import install_missing
from cluster.paths import CACHE, CONTAINERD_SOCKET, REPOSITORY
from cluster.pip_settings import CACHE_IN_BUILD, certificate_mounts, pip_configuration
from cluster.say import say, step

TARGETS = ("operator", "serving", "runtime")
CHAINS = (("operator",), ("serving", "runtime"))
"""Built side by side; within one in order, as the later finds the layers of the earlier."""
INPUTS = ("Dockerfile", ".dockerignore", "pyproject.toml", "requirements", "operator")
KEPT = 3
"""Versions kept of each image: a rollback in a test, and a branch switched back and forth, need no build."""
HISTORY = CACHE / "images.json"


def content_hash(root: Path = REPOSITORY) -> str:
    """The hash of everything that the images are made of."""
    files: list[Path] = []
    for name in INPUTS:
        path = root / name
        files += sorted(path.rglob("*")) if path.is_dir() else [path]
    parts: list[bytes | str] = [base_key()]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            parts += [str(file.relative_to(root)), file.read_bytes()]
    return content_key(parts)


def build(root: Path = REPOSITORY) -> dict[str, str]:
    """Have the images of this checkout in the local cluster: target name to image reference.

    Does nothing when they are there already. Raises ClusterError when the cluster is not up or a build fails.
    """
    if not CONTAINERD_SOCKET.exists():
        raise ClusterError("the cluster is not up, so there is nowhere to put images; first: python3 -m cluster up")
    key = content_hash(root)
    references = {target: f"localhost/mooring-{target}:{key}" for target in TARGETS}
    if not set(references.values()) - image_names():
        return references
    install_missing()
    with locked(CACHE / "locks" / "images", waiting_for="another build of the images"):
        ensure_base_image()
        missing = set(references.values()) - image_names()
        wanted = {target: reference for target, reference in references.items() if reference in missing}
        with ThreadPoolExecutor(max_workers=len(CHAINS)) as pool:
            for job in [pool.submit(_build_chain, root, chain, wanted) for chain in CHAINS]:
                job.result()
        for reference in sorted(missing):
            with step(f"imported {reference}"):
                load(reference)
        _prune(key)
    return references


def load_base() -> str:
    """Have the base image (Python and a shell) in the local cluster, for test pods; returns its reference."""
    if BASE_IMAGE not in image_names():
        with step("imported the base image"):
            import_image(base_archive())
    return BASE_IMAGE


def load(reference: str) -> None:
    """Bring an image from buildah's storage into the cluster: only what is not there already, if possible."""
    archive = CACHE / "buildah" / "tmp" / f"{content_key([reference])}-{time.monotonic_ns()}.oci"
    with locked(CACHE / "locks" / "import", waiting_for="another import, of which this one may use the layers"):
        try:
            write_archive(reference, archive, present=blobs())
            import_image(archive)
        except (ClusterError, OSError, ValueError, KeyError) as error:
            say(f"could not import only what is new ({error}); importing the whole image")
            archive.unlink(missing_ok=True)
            buildah.export(reference, archive)
            import_image(archive)
        finally:
            archive.unlink(missing_ok=True)


def _build_chain(root: Path, chain: Iterable[str], wanted: Mapping[str, str]) -> None:
    for target in chain:
        if target in wanted:
            _build(root, target, wanted[target])


def _build(root: Path, target: str, reference: str) -> None:
    wheels, settings = CACHE / "pip", CACHE / "pip.conf"
    wheels.mkdir(exist_ok=True)
    settings.write_text(pip_configuration())
    mounts = [f"{settings}:/etc/pip.conf:ro", f"{wheels}:{CACHE_IN_BUILD}", *certificate_mounts()]
    options = ["--quiet", "--layers", "--isolation", "chroot", "--network", "host", "--pull-never"]
    options += ["--signature-policy", str(buildah.POLICY), "--build-arg", f"BASE_IMAGE={BASE_IMAGE}"]
    for mount in mounts:
        options += ["--volume", mount]
    with step(f"built {reference}"):
        buildah.buildah(["build", *options, "--target", target, "--tag", reference, root])


def _prune(newest: str) -> None:
    """Forget all but the last few versions, in the cluster and in buildah's storage."""
    try:
        history: list[str] = json.loads(HISTORY.read_text())
    except (FileNotFoundError, ValueError):
        history = []
    history = [*(key for key in history if key != newest), newest][-KEPT:]
    HISTORY.write_text(json.dumps(history))
    ours = tuple(f"localhost/mooring-{target}:" for target in TARGETS)

    def outdated(names: set[str]) -> list[str]:
        return sorted(name for name in names if name.startswith(ours) and name.rpartition(":")[2] not in history)

    remove_images(outdated(image_names()))
    remove_unnamed_images()
    if old := outdated(buildah.names()):
        buildah.buildah(["rmi", *old])
