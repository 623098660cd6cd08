"""The containers and images in our containerd, through its own command `ctr`."""

import os
import re
import shutil
import signal
from pathlib import Path

from cluster import cgroups
from cluster.health import accepts, wait_for
from cluster.mounts import remove_empty, unmount_all
from cluster.paths import CONTAINERD_SOCKET, CONTAINERD_STATE, STATE
from cluster.processes import Process, boot_id
from cluster.say import say
from cluster.settings import CGROUP
from cluster.shell import run

NAMESPACE = "k8s.io"
SHIM_SECONDS = 5.0
_CTR = ("ctr", "--address", str(CONTAINERD_SOCKET), "--namespace", NAMESPACE)
LEGACY_LOGS = Path("/var/log/containers")
DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
RUNTIME = Path("/run/containerd")
EMPTIED = (
    LEGACY_LOGS,
    DEVICE_PLUGINS,
    DEVICE_PLUGINS.parent,
    RUNTIME / "runc" / NAMESPACE,
    RUNTIME / "runc",
    RUNTIME / "s",
    RUNTIME,
)
"""Folders outside the state that programs make whatever they are told; removed when nobody else uses them."""


def image_names() -> set[str]:
    """Every image that pods can use, by its full name."""
    return set(run([*_CTR, "images", "list", "--quiet"]).split())


def blobs() -> set[str]:
    """The digests of everything that images consist of here."""
    return set(run([*_CTR, "content", "list", "--quiet"]).split())


def import_image(archive: Path) -> None:
    """Import an OCI archive under the names that it carries."""
    run([*_CTR, "images", "import", archive])


def remove_images(names: list[str]) -> None:
    """Forget images; containers that still run on one keep their files."""
    if names:
        run([*_CTR, "images", "remove", *names])


def remove_unnamed_images() -> None:
    """Forget the kubelet's entries, named by digest, for images that have lost their own name."""
    rows = [line.split()[:3] for line in run([*_CTR, "images", "list"]).splitlines()[1:]]
    named = {digest for name, _, digest in rows if not name.startswith("sha256:")}
    remove_images([name for name, _, digest in rows if name.startswith("sha256:") and digest not in named])


def remove_containers() -> bool:
    """Forget containers that an earlier cluster left, with their file systems; whether there were any."""
    names = run([*_CTR, "containers", "list", "--quiet"]).split()
    if names:
        run([*_CTR, "containers", "remove", *names])
    return bool(names)


def shims() -> list[Process]:
    """The shims of our containerd, known by its socket in their command line: they outlive it."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            ticks = int(re.sub(r".*\) ", "", (folder / "stat").read_text()).split()[19])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(b"containerd-shim-runc-v2") and os.fsencode(CONTAINERD_SOCKET) in words:
            found.append(Process("shim", int(folder.name), ticks, boot_id(), ""))
    return found


def kill_everything() -> None:
    """Kill all pods and their shims at once, and take away the mounts and sockets that they leave.

    For when the kubelet is stopped: it would start them again. Containers are not asked to end: nobody is left
    who waits for what they would still do.
    """
    if not cgroups.kill_all():
        say(f"some processes in the cgroup {CGROUP} do not end, even killed")
    bundles = list(CONTAINERD_STATE.glob(f"*/{NAMESPACE}/*"))
    found = shims()
    for shim in found:
        shim.signal(signal.SIGKILL)
    wait_for(lambda: not any(shim.running for shim in found), seconds=SHIM_SECONDS)
    _remove_traces_of_shims(bundles)
    unmount_all()
    cgroups.tear_down()
    _remove_traces_of_kubelet()


def _remove_traces_of_shims(bundles: list[Path]) -> None:
    """A shim's socket and runc's record of its container lie in /run/containerd, whatever containerd's state is."""
    for bundle in bundles:
        shutil.rmtree(RUNTIME / "runc" / NAMESPACE / bundle.name, ignore_errors=True)
    # A socket's name is a hash that does not say whose it was. One that nobody listens on is of no use to anyone.
    for socket in (RUNTIME / "s").glob("*"):
        if not accepts(str(socket)):
            socket.unlink(missing_ok=True)


def _remove_traces_of_kubelet() -> None:
    """The two places outside its root that the kubelet writes to, whatever it is told."""
    if LEGACY_LOGS.is_dir():
        for link in LEGACY_LOGS.iterdir():
            if link.is_symlink() and link.readlink().is_relative_to(STATE):
                link.unlink()
    for name in ("kubelet.sock", "kubelet_internal_checkpoint"):
        (DEVICE_PLUGINS / name).unlink(missing_ok=True)
    remove_empty(EMPTIED)
