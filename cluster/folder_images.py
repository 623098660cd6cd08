"""Images of other people's software for tests: folders with a Dockerfile, named by content, built when they change."""

from pathlib import Path

from cluster import buildah
from cluster.base_images import base_key, ensure_base_image
from cluster.cached import content_key
from cluster.containers import image_names, remove_images
from cluster.errors import ClusterError
from cluster.images import build_image, load
from cluster.locks import locked
from cluster.packages import install_missing
from cluster.paths import CACHE, CONTAINERD_SOCKET
from cluster.say import step


def build_folder(folder: Path) -> str:
    """Have the image of a folder's Dockerfile in the local cluster; returns its reference.

    Does nothing when it is there already. Raises ClusterError when the cluster is not up or the build fails.
    """
    if not (folder / "Dockerfile").is_file():
        raise ClusterError(f"{folder} has no Dockerfile")
    if not CONTAINERD_SOCKET.exists():
        raise ClusterError("the cluster is not up, so there is nowhere to put images; first: python3 -m cluster up")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    key = content_key([base_key(), *(part for file in files for part in (file.name, file.read_bytes()))])
    name = f"localhost/mooring-test-{folder.resolve().name}"
    reference = f"{name}:{key}"
    if reference in image_names():
        return reference
    install_missing()
    with locked(CACHE / "locks" / "images", waiting_for="another build of images"):
        ensure_base_image()
        if not buildah.image_exists(reference):
            build_image(folder, reference)
        with step(f"imported {reference}"):
            load(reference)
        _remove_others(name, reference)
    return reference


def _remove_others(name: str, newest: str) -> None:
    def others(names: set[str]) -> list[str]:
        return sorted(other for other in names if other.startswith(f"{name}:") and other != newest)

    remove_images(others(image_names()))
    if old := others(buildah.names()):
        buildah.buildah(["rmi", *old])
