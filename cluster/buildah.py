"""buildah with a storage of its own in the cache, so that nothing of it lands in the user's container storage."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster.paths import CACHE
from cluster.shell import run

FOLDER = CACHE / "buildah"
STORAGE = FOLDER / "storage"
POLICY = FOLDER / "policy.json"
REGISTRIES = FOLDER / "registries.conf"
SETTINGS = FOLDER / "containers.conf"


def _environment() -> dict[str, str]:
    """No registry is searched for a short name: what is not here already is an error, not a download."""
    temporary = FOLDER / "tmp"
    if not POLICY.exists():
        temporary.mkdir(parents=True, exist_ok=True)
        # Builds use the host's network, but buildah locks this folder all the same: by default one in /etc.
        SETTINGS.write_text(f'[network]\nnetwork_backend = "cni"\nnetwork_config_dir = "{FOLDER / "cni"}"\n')
        REGISTRIES.write_text("unqualified-search-registries = []\n")
        POLICY.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    return {
        "TMPDIR": str(temporary),  # cache mounts of RUN lie here too, so wheels survive between builds
        "CONTAINERS_CONF": str(SETTINGS),
        "CONTAINERS_REGISTRIES_CONF": str(REGISTRIES),
        "BUILDAH_ISOLATION": "chroot",
    }


def buildah(arguments: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str:
    """Run a buildah command and return what it printed."""
    storage: list[str | Path] = [
        "--root",
        STORAGE,
        "--runroot",
        FOLDER / "run",
        "--storage-driver",
        "overlay",
    ]
    return run(["buildah", *storage, *arguments], env={**_environment(), **(env or {})})


def image_exists(name: str) -> bool:
    """Whether the storage has an image of this name."""
    return name in names()


def names() -> set[str]:
    """The names of all images in the storage."""
    listed = buildah(["images", "--format", "{{.Name}}:{{.Tag}}"])
    return set(listed.split())


def export(name: str, archive: Path) -> None:
    """Write an image as an OCI archive that containerd can import."""
    policy: list[str | Path] = ["--signature-policy", POLICY]
    buildah(["push", "--quiet", "--disable-compression", *policy, name, f"oci-archive:{archive}:{name}"])
