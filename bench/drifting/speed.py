"""What a window costs: CPU seconds on one core, and the most memory beyond the data, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.drifting.asked import ONE_CORE, ask
from bench.drifting.peers.exchange import Job
from bench.peers.environments import Unavailable
from cluster.paths import REPOSITORY

REPEATS, QUICK = 3, 1
SIZES = ((10_000, 20), (100_000, 100), (1_000_000, 20))
"""Rows and numbers, of the reference and of the window each."""
PEERS = {
    "alibi": "alibi-detect, KSDrift",
    "nannyml": "NannyML, Jensen-Shannon",
    "evidently": "Evidently, DataDriftPreset",
}
ONCE = "evidently"
"""It takes minutes for the largest."""
LONGEST = 1200.0


@dataclass(frozen=True)
class Cost:
    """The least of all repeats."""

    seconds: float
    mib: float
    tested: float = 0.0
    """Seconds of the tests alone."""


def table(repeats: int) -> list[str]:
    """Return one line for each library; with one repeat the largest table is left out."""
    sizes = SIZES if repeats > 1 else SIZES[:-1]
    titles = " | ".join(f"{_many(rows)} × {numbers}" for rows, numbers in sizes)
    lines = [f"| CPU seconds; MiB beyond the data | {titles} |", "|---|" + "--:|" * len(sizes)]
    found: dict[str, list[Cost | str]] = {}
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        for size in sizes:
            files = _made(Path(scratch), *size)
            for name in ("", *PEERS):
                _tell(f"{size[0]} × {size[1]}: {PEERS.get(name, 'ours')}")
                found.setdefault(name, []).append(_cost(name, files, 1 if name == ONCE else repeats))
    ours = found.pop("")
    lines.append(f"| **Mooring**, counts and tests | {' | '.join(_cell(cost) for cost in ours)} |")
    told = " | ".join(f"{cost.tested * 1e3:.2f} ms" if isinstance(cost, Cost) else cost for cost in ours)
    lines.append(f"| **Mooring**, tests of counts alone | {told} |")
    for name, costs in found.items():
        shown = [f"{_cell(cost)}{_ratio(cost, mine)}" for cost, mine in zip(costs, ours, strict=True)]
        lines.append(f"| {PEERS[name]} | {' | '.join(shown)} |")
    return lines


def _cost(name: str, files: dict[str, str], repeats: int) -> Cost | str:
    ask_one: Callable[[dict[str, str]], Sequence[float]] = _ours if not name else lambda given: _peer(name, given)
    try:
        costs = [Cost(*ask_one(files)) for _ in range(repeats)]
    except Unavailable as problem:
        return str(problem)
    return Cost(*(min(getattr(cost, part) for cost in costs) for part in ("seconds", "mib", "tested")))


def _peer(name: str, files: dict[str, str]) -> Sequence[float]:
    measured: list[float] = ask(name, Job("speed", files=files), within_seconds=LONGEST)["measured"].tolist()
    return measured


def _ours(files: dict[str, str]) -> Sequence[float]:
    folder = Path(files["window"]).parent
    answer = folder / "ours.npy"
    command = [sys.executable, "-m", "bench.drifting.measuring", str(folder), str(answer)]
    subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **ONE_CORE}, check=True)
    measured: list[float] = np.load(answer).tolist()
    return measured


def _made(folder: Path, rows: int, numbers: int) -> dict[str, str]:
    random, files = np.random.default_rng(rows), {}
    for name in ("reference", "window"):
        files[name] = str(folder / f"{name}.npy")
        np.save(files[name], random.standard_normal((rows, numbers)))
    return files


def _cell(cost: Cost | str) -> str:
    return f"{cost.seconds:.2g} s; {cost.mib:,.0f} MiB" if isinstance(cost, Cost) else cost


def _ratio(cost: Cost | str, ours: Cost | str) -> str:
    if isinstance(cost, str) or isinstance(ours, str):
        return ""
    return f" ({cost.seconds / ours.seconds:,.0f}×)"


def _many(rows: int) -> str:
    return f"{rows // 1_000_000}M" if rows >= 1_000_000 else f"{rows // 1000}k"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
