"""The cgroup that pods run below: it tells which processes are the cluster's, whoever their parent is now.

When containerd's shims are killed, the programs in the containers live on as children of init. Nothing but
their cgroup says that they are ours.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from cluster.mounts import remove_empty
from cluster.settings import CGROUP

ROOT = Path("/sys/fs/cgroup")
POLL_SECONDS = 0.02
DEADLINE_SECONDS = 20.0
V2_CONTROLLERS = ("cpu", "memory", "pids", "cpuset", "io", "hugetlb")


def _hierarchies() -> list[Path]:
    """One folder on cgroup v2; one a controller on v1, of which some names are links to the same one."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.is_symlink()]


def set_up() -> None:
    """Make our cgroup in every hierarchy; the kubelet insists that its root exists."""
    for hierarchy in _hierarchies():
        control = hierarchy / "cgroup.subtree_control"
        if hierarchy == ROOT:
            enabled = control.read_text().split()
            available = (hierarchy / "cgroup.controllers").read_text().split()
            for controller in V2_CONTROLLERS:
                if controller in available and controller not in enabled:
                    control.write_text(f"+{controller}")
        (hierarchy / CGROUP).mkdir(exist_ok=True)


def _folders() -> Iterator[Path]:
    """Our cgroup and all below it, in every hierarchy, the innermost first."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / CGROUP, topdown=False):
            yield Path(folder)


def pids() -> set[int]:
    """The processes in our cgroup: what runs in the pods."""
    found: set[int] = set()
    for folder in _folders():
        try:
            found.update(map(int, (folder / "cgroup.procs").read_text().split()))
        except (FileNotFoundError, OSError):
            continue  # ended between the listing and the reading
    return found


def memory_bytes() -> int:
    """What the pods take, page cache included."""
    for file in (ROOT / "memory" / CGROUP / "memory.usage_in_bytes", ROOT / CGROUP / "memory.current"):
        if file.exists():
            return int(file.read_text())
    return 0


def kill_all() -> bool:
    """Kill every process in our cgroup; whether none is left in the end."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while remaining := pids():
        if time.monotonic() > deadline:
            return False
        for pid in remaining:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(POLL_SECONDS)
    return True


def tear_down() -> None:
    """Remove our cgroup, wherever no process is left in it."""
    remove_empty(_folders())
