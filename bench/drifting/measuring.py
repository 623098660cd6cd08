"""Ours on one core, by CPU and memory: counting a window on the reference's edges, and testing it.

Run as `python -m bench.drifting.measuring <folder> <seconds.npy>`: a process of its own, as each peer has.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bench.drifting.ours import Counter
from bench.drifting.peers.measured import measured
from mooring.stats.drift import Settings, Watch


def main(folder: Path, answer: Path) -> None:
    """Write CPU seconds and MiB of all, and CPU seconds of the tests alone, once they are made."""
    window = np.load(folder / "window.npy")
    counter = Counter(np.load(folder / "reference.npy"))
    watch = Watch(counter.reference, Settings(min_rows=len(window)))
    state = watch.resume(None)
    state = watch.fold(state, counter.counted(0, window[:1])).state

    def work() -> None:
        watch.fold(state, counter.counted(1, window))

    whole = measured(work)
    counted = counter.counted(1, window)
    tested = min(measured(lambda: watch.fold(state, counted))[0] for _ in range(9))
    np.save(answer, [*whole, tested])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
