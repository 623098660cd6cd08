"""Load from wrk, and what it costs the server: requests, percentiles, CPU of the whole process tree."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.peers.environments import Unavailable

LOAD_CORE = "1" if (os.cpu_count() or 1) > 1 else "0"
SERVER_CORE = "0"
_TICK = os.sysconf("SC_CLK_TCK")
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
file:close()
local mean = {delay}
if mean > 0 then
  math.randomseed(17)
  function delay()  -- exponential, in whole milliseconds, right on average
    local d = -mean * math.log(1 - math.random())
    return math.floor(d) + (math.random() < d % 1 and 1 or 0)
  end
end
"""


@contextmanager
def first(pid: int) -> Iterator[list[str]]:
    """Put a process and all below it before whoever else uses the machine, where that is permitted.

    Yields the words that do the same for a command. For the seconds of one measurement only: others wait meanwhile.
    """
    threads = [int(task.name) for process in tree(pid) for task in Path(f"/proc/{process}/task").glob("*")]
    try:
        _schedule(threads, os.SCHED_RR, 10)
    except PermissionError:
        yield []
        return
    try:
        yield ["chrt", "--rr", "10"]
    finally:
        _schedule(threads, os.SCHED_OTHER, 0)


def _schedule(threads: Iterable[int], policy: int, priority: int) -> None:
    for thread in threads:
        with suppress(ProcessLookupError):
            os.sched_setscheduler(thread, policy, os.sched_param(priority))


@dataclass(frozen=True)
class Question:
    """One request, repeated."""

    port: int
    path: str
    body: Path
    content_type: str = "application/json"


@dataclass(frozen=True)
class Cell:
    """One measurement: requests a second, CPU µs a request, milliseconds at two percentiles."""

    rate: float
    cpu: float
    p50: float
    p99: float


def measure(wrk: str, pid: int, question: Question, connections: int, seconds: float, *, delay: float = 0.0) -> Cell:
    """Ask from `connections` at once, each pausing `delay` ms on average; raises Unavailable where answers are errors.

    The CPU is that of the process `pid` and all below it.
    """
    script = question.body.with_suffix(".lua")
    script.write_text(_SCRIPT.format(content_type=question.content_type, body=question.body, delay=delay))
    url = f"http://127.0.0.1:{question.port}{question.path}"
    command = [
        "taskset",
        "-c",
        LOAD_CORE,
        wrk,
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--latency",
        "-s",
    ]
    with first(pid) as words:
        before = cpu_seconds(pid)
        said = subprocess.run([*words, *command, str(script), url], capture_output=True, text=True, check=False).stdout
        spent = cpu_seconds(pid) - before
    requests, rate = _number(r"(\d+) requests in", said), _number(r"Requests/sec:\s+([\d.]+)", said)
    if not requests or "Non-2xx" in said or _number(r"timeout (\d+)", said) > connections:
        raise Unavailable("answers errors under load: " + " ".join(said.split())[-160:])
    return Cell(rate, spent / requests * 1e6, _milliseconds("50%", said), _milliseconds("99%", said))


def at_half_load(wrk: str, pid: int, question: Question, seconds: float, full: Cell) -> Cell:
    """Ask half as often as the server can answer, at random times, from 64 connections."""
    pause = 64 / (full.rate / 2) * 1e3 - full.p50 / 8
    return measure(wrk, pid, question, 64, seconds, delay=max(pause, 0.1))


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process and of all below it, in seconds."""
    return sum(_own_cpu(process) for process in tree(pid))


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for process in found:
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            found += map(int, _read(task).split())
    return found


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process and all below it, in MiB; what they share counts once for each."""
    pages = sum(int((_read(Path(f"/proc/{process}/statm")) or "0 0").split()[1]) for process in tree(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _own_cpu(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICK if fields else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # ended meanwhile


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found.group(1)) if found else 0.0


def _milliseconds(percentile: str, text: str) -> float:
    found = re.search(rf"^\s+{percentile}\s+([\d.]+)(us|ms|s|m)", text, re.MULTILINE)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else float("nan")
