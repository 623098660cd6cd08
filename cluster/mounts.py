"""What containers and pods leave in the file system when they are killed rather than stopped."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from cluster.paths import STATE


def mounts_below(folder: Path) -> list[Path]:
    """Mount points at or below `folder`, the innermost first; blanks in paths are octal in /proc (proc(5))."""
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = Path(line.split()[4].encode().decode("unicode_escape"))
        if point.is_relative_to(folder):
            points.append(point)
    return points[::-1]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove the folders that nobody uses: the kernel knows best, and refuses for the others."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            continue


def unmount_all() -> None:
    """Unmount everything below the state folder, lazily if something still holds it."""
    while points := mounts_below(STATE):
        before = len(points)
        subprocess.run(["umount", "-n", "-l", *map(str, points)], capture_output=True, check=False)
        if len(mounts_below(STATE)) >= before:
            break
