"""Processes that outlive the command that started them, and are found again later.

A process id alone says little: after a reboot, or a week, it belongs to someone else. Each record therefore
carries the kernel's start time of the process and the id of the boot; only a process that still matches is ours
to signal.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster.errors import ClusterError
from cluster.paths import LOGS, PROCESSES

POLL_SECONDS = 0.02
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STATE_FIELD, _START_FIELD = 0, 19
"""Fields of /proc/PID/stat, counted behind the parenthesised name, which may itself hold blanks (proc(5))."""


def boot_id() -> str:
    """Which boot of this machine it is."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


@dataclass(frozen=True)
class Process:
    """One process that we started. `fingerprint` is the hash of the settings it was started with."""

    name: str
    pid: int
    start_ticks: int
    boot: str
    fingerprint: str

    @property
    def running(self) -> bool:
        """Whether it is still there: the same process, and not a zombie."""
        fields = _stat(self.pid)
        if fields is None or self.boot != boot_id():
            return False
        return int(fields[_START_FIELD]) == self.start_ticks and fields[_STATE_FIELD] not in {"Z", "X"}

    @property
    def age_seconds(self) -> float:
        """How long it has been running."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.start_ticks / _TICKS_PER_SECOND

    @property
    def memory_bytes(self) -> int:
        """Resident memory, shared pages included; 0 when it is gone."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        if self.running:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def log_file(name: str) -> Path:
    """Where a component's output goes."""
    return LOGS / f"{name}.log"


def recorded(name: str) -> Process | None:
    """The process last started under this name, running or not."""
    try:
        return Process(**json.loads((PROCESSES / f"{name}.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def forget(name: str) -> None:
    """Drop the record of a process that is gone."""
    (PROCESSES / f"{name}.json").unlink(missing_ok=True)


def start(name: str, command: Sequence[str | Path], *, fingerprint: str) -> Process:
    """Start a program in a session of its own, with its output in its log file, and record it."""
    for folder in (LOGS, PROCESSES):
        folder.mkdir(parents=True, exist_ok=True)
    with log_file(name).open("ab") as log:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={"PATH": SYSTEM_PATH, "HOME": "/"},
        )
    fields = _stat(child.pid)
    if fields is None:
        raise ClusterError(f"{name} ended at once; see {log_file(name)}")
    process = Process(name, child.pid, int(fields[_START_FIELD]), boot_id(), fingerprint)
    partial = PROCESSES / f".{name}"
    partial.write_text(json.dumps(asdict(process)))
    partial.rename(PROCESSES / f"{name}.json")
    return process


def stop(processes: Iterable[Process], *, grace_seconds: float) -> None:
    """Ask all of them to end, insist after the grace period, and return when they are gone."""
    remaining = [process for process in processes if process.running]
    for process in remaining:
        process.signal(signal.SIGTERM)
    insist_at = time.monotonic() + grace_seconds
    give_up_at = insist_at + 10
    while remaining:
        if time.monotonic() > insist_at:
            for process in remaining:
                process.signal(signal.SIGKILL)
        if time.monotonic() > give_up_at:
            names = ", ".join(f"{process.name} ({process.pid})" for process in remaining)
            raise ClusterError(f"these processes do not end, even killed: {names}")
        time.sleep(POLL_SECONDS)
        remaining = [process for process in remaining if process.running]
