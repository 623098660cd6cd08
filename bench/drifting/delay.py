"""How soon drift is found when every method may be wrong equally often: thresholds are set on quiet streams first.

Quiet windows of 500 rows against 20,000, ten columns. A method's threshold is the one at which it alarms once in 200
windows that are as the reference, counted over all runs up to the first alarm of each. Then a change after five
windows: alarms before it are not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf, isfinite
from statistics import median

import numpy as np

from bench.drifting.curves import Curve, draw
from bench.drifting.ours import folded
from bench.drifting.tables import Stream
from bench.drifting.windows import Floats, online, told
from bench.peers.environments import Unavailable
from mooring.stats.drift import Settings

RUNS = 10
WINDOWS, TARGET = 250, 200
"""Of a quiet run; and the windows between false alarms that thresholds are set to."""
CHANGE, FOLLOWED = 5, 30
"""Windows before the change, and after it."""
QUIET = Stream(0, 20_000, 500, WINDOWS, numbers=8, texts=(5, 20))
SHIFTS = (0.1, 0.2, 0.3, 0.5)
SWAPS = (0.05, 0.1)
AT_ONCE = 3
"""Methods; no time is measured here, and each has a process of its own."""
OFFSET = 1000
"""Between the seeds of quiet runs and of those with a change."""
ADWIN = tuple(f"ADWIN {delta}" for delta in (0.0003, 0.001, 0.002))
PAGE_HINKLEY = tuple(f"Page-Hinkley {threshold}" for threshold in (250, 300, 350))
Scored = Callable[[Sequence[Stream]], Floats]
"""How much each window of each stream differs, (streams, windows)."""


@dataclass(frozen=True)
class Method:
    """One way to find drift: its scores, and the threshold it has without ours; None: it is set on quiet streams."""

    title: str
    scored: Scored
    threshold: float | None = None


@dataclass(frozen=True)
class Case:
    """A change, in a tenth of the columns or, where it does no harm, a little in all numbers."""

    title: str
    stream: Stream

    def streams(self, runs: int) -> list[Stream]:
        """Return so many."""
        return [replace(self.stream, seed=OFFSET + seed) for seed in range(runs)]


PEERS = {"evidently": "Evidently", "nannyml": "NannyML", "alibi": "KS and χ² (alibi-detect; frouros has the same)"}
CHANGED = replace(QUIET, windows=CHANGE + FOLLOWED, change=CHANGE)
CASES = (
    *(Case(f"{shift}σ", replace(CHANGED, moved=shift)) for shift in SHIFTS),
    *(Case(f"{share:.0%} of rows to another category", replace(CHANGED, swapped=share)) for share in SWAPS),
)
HARMLESS = Case("all numbers 0.05σ away", replace(CHANGED, shift=0.05))


def table(runs: int) -> tuple[list[str], str]:
    """Return one line for each method, and the delays of shifts as SVG."""
    titles = " | ".join(case.title for case in CASES)
    lines = [f"| windows until found (median; missed within {FOLLOWED}) | quiet windows between alarms | {titles} | "]
    lines[0] += f"alarmed within {CHANGE + FOLLOWED} windows {HARMLESS.title} |"
    lines.append("|---|" + "--:|" * (len(CASES) + 2))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [*pool.map(lambda method: _measured(method, runs), _methods())]
    lines += [line for line, _ in found]
    curves = [curve for _, curve in found if curve]
    return lines, draw(curves, SHIFTS, FOLLOWED)


def _methods() -> list[Method]:
    ours = Settings(min_rows=QUIET.rows)
    found = [
        Method("**Mooring** as it comes: a floor of 0.05, one in 90 days", _evidence(ours), ours.alarm_at("inputs")),
        Method("**Mooring** without the floor", _evidence(replace(ours, inputs_effect=0.0)), ours.alarm_at("inputs")),
        Method("**Mooring** without the floor, set as the others", _evidence(replace(ours, inputs_effect=0.0))),
    ]
    found += [Method(title, _largest(peer)) for peer, title in PEERS.items()]
    return [
        *found,
        Method("river's ADWIN on each number", _tuned(ADWIN), 1.0),
        Method("river's Page-Hinkley on each number", _tuned(PAGE_HINKLEY), 1.0),
    ]


def _evidence(settings: Settings) -> Scored:
    def scored(streams: Sequence[Stream]) -> Floats:
        return np.array(
            [[one.window.inputs.value if one.window else 0.0 for one in folded(stream, settings)] for stream in streams]
        )

    return scored


def _largest(peer: str) -> Scored:
    """Return the score of the column that differs most."""
    return lambda streams: np.asarray(told(peer, streams).scores.max(axis=2), dtype=np.float64)


def _tuned(parameters: Sequence[str]) -> Scored:
    """Return 1 where a detector alarms, with the parameter whose quiet runs come nearest to the target from above."""
    chosen: list[str] = []

    def scored(streams: Sequence[Stream]) -> Floats:
        if not chosen:
            found = [between(runs.astype(float), 1.0) for runs in online(parameters, streams)]
            enough = [at for at, windows in enumerate(found) if windows >= TARGET] or [int(np.argmax(found))]
            chosen.append(parameters[min(enough, key=found.__getitem__)])
        return np.asarray(online(chosen, streams)[0], dtype=np.float64)

    return scored


def _measured(method: Method, runs: int) -> tuple[str, Curve | None]:
    _tell(method.title)
    try:
        return _line(method, runs)
    except Unavailable as problem:
        return f"| {method.title} | {problem} |", None


def _line(method: Method, runs: int) -> tuple[str, Curve]:
    quiet = method.scored([replace(QUIET, seed=seed) for seed in range(runs)])
    threshold = least(quiet, TARGET) if method.threshold is None else method.threshold
    # All at once: a process for each case would import for longer than it tests.
    *changed, harmless = np.split(
        method.scored([stream for case in (*CASES, HARMLESS) for stream in case.streams(runs)]), len(CASES) + 1
    )
    found = [_delays(scores, threshold) for scores in changed]
    alarmed = (harmless >= threshold).any(axis=1).mean()
    cells = [_many(between(quiet, threshold), runs), *map(_when, found), f"{alarmed:.0%}"]
    return f"| {method.title} | {' | '.join(cells)} |", Curve(
        method.title, [median(one) for one in found[: len(SHIFTS)]]
    )


def between(scores: Floats, threshold: float) -> float:
    """Return the mean windows between alarms of runs (runs, windows), each watched until its first; inf: none."""
    alarms = scores >= threshold
    first = np.where(alarms.any(axis=1), alarms.argmax(axis=1) + 1, alarms.shape[1])
    return float(first.sum() / alarms.any(axis=1).sum()) if alarms.any() else inf


def least(scores: Floats, target: float) -> float:
    """Return the least threshold at which there are at least `target` windows between alarms: one of the scores."""
    candidates = np.unique(scores)
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if between(scores, candidates[middle]) >= target else (middle + 1, high)
    return float(candidates[low]) if low < len(candidates) else float(np.nextafter(candidates[-1], inf))


def _delays(scores: Floats, threshold: float) -> list[float]:
    alarms = scores[:, CHANGE:] >= threshold
    return [float(run.argmax() + 1) if run.any() else inf for run in alarms]


def _when(delays: Sequence[float]) -> str:
    middle, missed = median(delays), 1 - sum(map(isfinite, delays)) / len(delays)
    return (f"{middle:.0f}" if isfinite(middle) else "–") + (f"; {missed:.0%}" if missed else "")


def _many(windows: float, runs: int) -> str:
    return f"{windows:,.0f}" if isfinite(windows) else f"none in {runs * WINDOWS:,}"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
