"""The project's own images: built from its Dockerfile, named by their content, put where pods find them."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
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

TARGETS = ("operator", "serving", "runtime", "envoy")
CHAINS = (("operator", "envoy"), ("serving", "runtime"))
"""Built side by side; within one in order, as the later finds the layers of the earlier."""
INPUTS = ("Dockerfile", ".dockerignore", "pyproject.toml", "requirements", "operator")
OWN_INPUTS = {"envoy": ("Dockerfile", "requirements/envoy.txt")}
"""An image that is made of less changes its name less often: new code of ours is no new Envoy."""
KEPT = 3
"""Versions kept of each image: a rollback in a test, and a branch switched back and forth, need no build."""
HISTORY = CACHE / "images.json"


def content_hash(target: str, root: Path = REPOSITORY) -> str:
    """The hash of everything that an image is made of."""
    files: list[Path] = []
    for name in OWN_INPUTS.get(target, INPUTS):
        path = root / name
        files += sorted(path.rglob("*")) if path.is_dir() else [path]
    parts: list[bytes | str] = [base_key()]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            parts += [str(file.relative_to(root)), file.read_bytes()]
    return content_key(parts)


def build(root: Path = REPOSITORY, targets: Sequence[str] = TARGETS) -> dict[str, str]:
    """Have the images of this checkout in the local cluster: target name to image reference.

    Does nothing when they are there already. Raises ClusterError when the cluster is not up or a build fails.
    """
    if not CONTAINERD_SOCKET.exists():
        raise ClusterError("the cluster is not up, so there is nowhere to put images; first: python3 -m cluster up")
    references = {target: f"localhost/mooring-{target}:{content_hash(target, root)}" for target in targets}
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
        if set(targets) == set(TARGETS):
            _prune(sorted(references.values()))
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
            build_image(root, wanted[target], "--target", target)


def build_image(folder: Path, reference: str, *more: str) -> None:
    """Build a folder's Dockerfile in buildah's storage, with the machine's settings of pip and a cache of wheels."""
    wheels, settings = CACHE / "pip", CACHE / "pip.conf"
    wheels.mkdir(exist_ok=True)
    settings.write_text(pip_configuration())
    mounts = [f"{settings}:/etc/pip.conf:ro", f"{wheels}:{CACHE_IN_BUILD}", *certificate_mounts()]
    options = ["--quiet", "--layers", "--isolation", "chroot", "--network", "host", "--pull-never"]
    options += ["--signature-policy", str(buildah.POLICY), "--build-arg", f"BASE_IMAGE={BASE_IMAGE}"]
    for mount in mounts:
        options += ["--volume", mount]
    with step(f"built {reference}"):
        buildah.buildah(["build", *options, *more, "--tag", reference, folder])


def _prune(newest: list[str]) -> None:
    """Forget all but the images of the last few builds, in the cluster and in buildah's storage."""
    try:
        history = [entry for entry in json.loads(HISTORY.read_text()) if isinstance(entry, list)]
    except (FileNotFoundError, ValueError):
        history = []
    history = [*(entry for entry in history if entry != newest), newest][-KEPT:]
    HISTORY.write_text(json.dumps(history))
    ours = tuple(f"localhost/mooring-{target}:" for target in TARGETS)
    kept = {name for entry in history for name in entry}

    def outdated(names: set[str]) -> list[str]:
        return sorted(name for name in names if name.startswith(ours) and name not in kept)

    remove_images(outdated(image_names()))
    remove_unnamed_images()
    if old := outdated(buildah.names()):
        buildah.buildah(["rmi", *old])
