"""False alarms: tables in which nothing worth an alarm happens, through ours and through the peers as they come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.drifting.ours import alarmed, folded
from bench.drifting.tables import Stream
from bench.drifting.windows import PEERS, Bools, online, told
from bench.peers.environments import Unavailable
from mooring.stats.drift import Settings

RUNS, WINDOWS = 10, 50
HOURS = 90 * 24
NUMBERS, TEXTS = 6, (5, 20, 100)
KINDS = (("a number", 0), *((f"{categories} categories", NUMBERS + at) for at, categories in enumerate(TEXTS)))
"""And the first column that is one."""
ONLINE = ("ADWIN 0.002", "Page-Hinkley 50")
"""KSWIN takes 0.17 ms for a value, which is too long for so many."""


@dataclass(frozen=True)
class Quiet:
    """Windows of a table, six numbers and three texts, that differ from the reference by nothing worth an alarm."""

    title: str
    rows: int
    reference_rows: int
    shift: float = 0.0
    correlation: float = 0.0

    def streams(self, runs: int) -> list[Stream]:
        """Return so many."""
        one = Stream(0, self.reference_rows, self.rows, WINDOWS, NUMBERS, TEXTS, self.shift, self.correlation)
        return [replace(one, seed=seed) for seed in range(runs)]


SHAPES = (
    Quiet("200 rows of 1,000", 200, 1000),
    Quiet("500 of 5,000", 500, 5000),
    Quiet("2,000 of 50,000", 2000, 50_000),
    Quiet("500 of 5,000, all numbers 0.05σ away", 500, 5000, shift=0.05),
    Quiet("500 of 5,000, rows correlated by 0.5", 500, 5000, correlation=0.5),
)
SAME = SHAPES[:3]
"""As the reference: of these the single columns are told too."""


def table(runs: int) -> list[str]:
    """Return the table of single columns, and that of nine together."""
    kinds = " | ".join(kind for kind, _ in KINDS)
    single = [f"| windows with an alarm of one column, {'; '.join(shape.title for shape in SAME)} | {kinds} |"]
    single.append("|---|" + "--:|" * len(KINDS))
    single.append(f"| **Mooring** | {' | '.join(' / '.join(_alone(s, at, runs) for s in SAME) for _, at in KINDS)} |")
    every = [f"| all columns: alarms in 90 days of hourly windows; of {WINDOWS} windows' runs have one | "]
    every[0] += " | ".join(shape.title for shape in SHAPES) + " |"
    every.append("|---|" + "--:|" * len(SHAPES))
    every.append(_line("**Mooring**", [_ours(shape.streams(runs)) for shape in SHAPES]))
    for peer, title in PEERS.items():
        _tell(title)
        try:
            found = [told(peer, shape.streams(runs)).alarms for shape in SHAPES]
        except Unavailable as problem:
            every.append(f"| {title} | {problem} |")
            continue
        columns = [[_percent(of[..., _columns(at)]) for of in found[: len(SAME)]] for _, at in KINDS]
        single.append(f"| {title} | {' | '.join(map(' / '.join, columns))} |")
        every.append(_line(f"{title}: any column", [np.asarray(of.any(axis=2)) for of in found]))
        if peer == "evidently":
            every.append(_line("Evidently: half of the columns", [np.asarray(of.mean(axis=2) >= 0.5) for of in found]))
    every += [_online(parameter, runs) for parameter in ONLINE]
    return [*single, "", *every]


def _ours(streams: Sequence[Stream]) -> Bools:
    return np.array([[alarmed(one) for one in folded(stream, Settings(min_rows=stream.rows))] for stream in streams])


def _alone(shape: Quiet, at: int, runs: int) -> str:
    """Return the share of windows with an alarm of a watch of one column."""
    alone = {"numbers": 1, "texts": ()} if at < NUMBERS else {"numbers": 0, "texts": (TEXTS[at - NUMBERS],)}
    return _percent(_ours([replace(stream, **alone) for stream in shape.streams(runs)]))  # type: ignore[arg-type]


def _columns(at: int) -> slice:
    return slice(0, NUMBERS) if at < NUMBERS else slice(at, at + 1)


def _online(parameter: str, runs: int) -> str:
    _tell(parameter)
    title = f"river's {parameter}, any number"
    try:
        return _line(title, [online([parameter], shape.streams(runs))[0] for shape in SHAPES])
    except Unavailable as problem:
        return f"| {title} | {problem} |"


def _line(title: str, found: Sequence[Bools]) -> str:
    """Return the line of the alarms (runs, windows) in each shape."""
    return f"| {title} | {' | '.join(f'{of.mean() * HOURS:,.0f}; {of.any(axis=1).mean():.0%}' for of in found)} |"


def _percent(alarms: Bools) -> str:
    return f"{alarms.mean():.1%}"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
