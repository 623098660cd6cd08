"""Images that stand in for what a registry would give: Python on Debian, the pause program, the S3 server."""

import os
import platform
import tarfile
from pathlib import Path

from cluster import buildah
from cluster.cached import cached_file, content_key
from cluster.config_files import PAUSE_IMAGE
from cluster.gobuild import GATEWAY, PAUSE, S3, Program, build, program_key
from cluster.packages import apt_mirror
from cluster.say import step
from cluster.shell import run

SUITE = "trixie"
BASE_PACKAGES = ("ca-certificates", "libgomp1", "python3", "python3-pip", "python3-venv")
BASE_RECIPE = "1"
"""Raise it to have the base image made again with the same packages, for their updates."""
BASE_IMAGE = "localhost/python:3.13-slim"
"""The name that the short `python:3.13-slim` of a Dockerfile's FROM finds first in the local storage."""

_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def base_key() -> str:
    """The hash of the base image's recipe."""
    return content_key([BASE_RECIPE, SUITE, *BASE_PACKAGES, _ARCHITECTURE])


def base_tarball() -> Path:
    """The root file system of the base image."""

    def make(target: Path) -> None:
        include = ",".join(BASE_PACKAGES)
        # Documentation and package lists are a third of a minimal Debian, and nobody reads them in a container.
        drop = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "info", "locale")]
        clean = "--customize-hook=rm -rf $1/var/lib/apt/lists/* $1/var/cache/*"
        link = "--customize-hook=ln -s python3 $1/usr/bin/python"
        options = ["--quiet", "--variant=minbase", "--format=tar", f"--include={include}", *drop, clean, link]
        run(["mmdebstrap", *options, SUITE, target, apt_mirror()])

    return cached_file("base", base_key(), "made the base image from Debian packages", make)


def ensure_base_image() -> str:
    """Have the base image in buildah's storage; returns its name."""
    keyed = f"localhost/mooring-base:{base_key()}"
    if not {keyed, BASE_IMAGE} <= buildah.names():
        tarball = base_tarball()
        with step("put the base image into buildah's storage"):
            _image_of(keyed, tarball, entrypoint=None)
            buildah.buildah(["tag", keyed, BASE_IMAGE])
    return BASE_IMAGE


def base_archive() -> Path:
    """The base image as an OCI archive, for pods that only need a shell and Python."""

    def make(target: Path) -> None:
        ensure_base_image()
        buildah.export(BASE_IMAGE, target)

    return cached_file("base-archive", base_key(), "exported the base image", make)


def s3_image() -> str:
    """The name of the S3 server's image, which changes with its content."""
    return f"localhost/mooring-s3:{program_key(S3)}"


def s3_archive() -> Path:
    """The S3 server alone in an image, as an OCI archive."""
    return _program_archive(S3, s3_image(), "/usr/local/bin/versitygw")


def gateway_image() -> str:
    """The name of the image of the Gateway API's controller."""
    return f"localhost/mooring-gateway:{program_key(GATEWAY)}"


def gateway_archive() -> Path:
    """The controller alone in an image, at the place where its own manifests look for it."""
    return _program_archive(GATEWAY, gateway_image(), "/usr/local/bin/envoy-gateway")


def pause_archive() -> Path:
    """The pause program alone in an image, as an OCI archive."""
    return _program_archive(PAUSE, PAUSE_IMAGE, "/pause")


def _program_archive(program: Program, name: str, path: str) -> Path:
    def make(target: Path) -> None:
        binary = build(program)
        layer = target.with_suffix(".layer")
        with tarfile.open(layer, "w") as tar:
            tar.add(binary, arcname=path.lstrip("/"), filter=_executable_of_root)
        _image_of(name, layer, entrypoint=path)
        layer.unlink()
        buildah.export(name, target)

    return cached_file(f"{program.name}-image", program_key(program), f"made the {program.name} image", make)


def _executable_of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755
    return entry


def _image_of(name: str, tarball: Path, *, entrypoint: str | None) -> None:
    """Commit one tar as an image of one layer."""
    container = buildah.buildah(["from", "scratch"]).strip()
    try:
        buildah.buildah(["add", "--quiet", container, tarball, "/"])
        if entrypoint:
            # No shell is in the image, so the entry point must be the list form.
            buildah.buildah(["config", "--entrypoint", f'["{entrypoint}"]', container])
        else:
            buildah.buildah(["config", "--cmd", "/usr/bin/python3", "--env", "LANG=C.UTF-8", container])
        buildah.buildah(["commit", "--quiet", "--signature-policy", os.fspath(buildah.POLICY), container, name])
    finally:
        buildah.buildah(["rm", container])
