"""Windows that nobody should fall over, nor call drift: ours, and the peers as they come."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.drifting.asked import ask
from bench.drifting.ours import Counter
from bench.drifting.peers.exchange import Job
from bench.drifting.peers.frames import CASES, cases, texts_of
from bench.drifting.tables import Stream
from bench.drifting.windows import PEERS
from bench.peers.environments import Unavailable
from mooring.stats.drift import Settings, Watch

RUNS = 10
HOURS = 24
"""So long ours is given each window again and again."""


def table(runs: int) -> list[str]:
    """Return what became of each window, one line for each method."""
    streams = [Stream(seed, 5000, 500, 1, 6, (5, 20)) for seed in range(runs)]
    lines = [
        "| of " + f"{runs} windows of 500 rows, reference 5,000 | {' | '.join(CASES)} |",
        "|---|" + "---|" * len(CASES),
    ]
    lines.append(_line(f"**Mooring**, each for {HOURS} hours", [_ours(stream) for stream in streams]))
    for peer, title in PEERS.items():
        try:
            told = ask(peer, Job("odd", tuple(streams)))["told"].tolist()
        except Unavailable as problem:
            lines.append(f"| {title} | {problem} |")
            continue
        lines.append(_line(title, told))
    return lines


def _line(title: str, told: Sequence[Sequence[str]]) -> str:
    """Return the line of what was told of each stream and case."""
    cells = [Counts(column).most_common() for column in zip(*told, strict=True)]
    shown = [", ".join(f"{what} {count}" if len(cell) > 1 else what for what, count in cell) for cell in cells]
    return f"| {title} | {' | '.join(shown)} |"


def _ours(stream: Stream) -> list[str]:
    return [_told(known, window) for known, window in cases(stream)]


def _told(known: pd.DataFrame, window: pd.DataFrame) -> str:
    counter = Counter(*_parts(known))
    watch = Watch(counter.reference, Settings(min_rows=1))
    state, told = watch.resume(None), "fine"
    for hour in range(HOURS):
        folded = watch.fold(state, counter.counted(hour, *_parts(window)))
        state = folded.state
        if folded.window and folded.window.inputs.state == "Alarm":
            return "drift"
        if folded.window and folded.window.broken:
            told = f"broken data, in {folded.window.broken[0].column}"
    return told


def _parts(data: pd.DataFrame) -> tuple[np.ndarray, list[list[str | None]]]:
    texts = sorted(texts_of(data))
    return data.drop(columns=texts).to_numpy(dtype=np.float64), [data[name].tolist() for name in texts]
