"""Error streams: how soon detectors see that a model is wrong more often, and how often they say so for nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.drifting.asked import ask
from bench.drifting.ours import HOUR
from bench.drifting.peers.exchange import Job
from bench.peers.environments import Unavailable
from mooring.stats.drift import Counted, Losses, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.detector import advance, mean
from mooring.stats.drift.evalue import above
from mooring.stats.drift.harm import START, STEPS
from mooring.stats.drift.settings import DAY_SECONDS, DOUBT, SHARES

RUNS, PEER_RUNS, SLOW_RUNS = 100, 40, 5
CHANGES = ((0.1, 0.2), (0.1, 0.15), (0.2, 0.3))
BEFORE, AFTER, QUIET = 2000, 8000, 20_000
"""Rows before the change and after it, and of a stream without one."""
LABELLED = 5000
"""Rows of the labelled reference."""
TOLERANCE = 0.01
BUDGETS = (100_000, 20_000)
"""Rows in which one false alarm is allowed, on average."""
STEP = 50
"""Truths of a step of evidence."""
Errors = NDArray[np.bool_]


@dataclass(frozen=True)
class Streams:
    """Errors of one run a row: one array for each change, one for each rate that stays."""

    changed: tuple[Errors, ...]
    quiet: tuple[Errors, ...]


@dataclass(frozen=True)
class Line:
    """What one detector said: the first alarm after the change of each run in rows, and the runs with a false one."""

    title: str
    delays: tuple[Sequence[float], ...]
    false: tuple[float, ...]


def table(runs: int) -> list[str]:
    """Return one line for each detector."""
    made = _streams(runs)
    lines = [_ours(f"**Mooring's evidence**, one in {budget:,} rows", made, budget) for budget in BUDGETS]
    lines += [_watched(f"**as the operator folds it**, one in {budget:,} rows", made, budget) for budget in BUDGETS]
    titles = " | ".join(f"{before:.0%} → {after:.0%}" for before, after in CHANGES)
    rates = " / ".join(f"{rate:.0%}" for rate in _rates())
    shown = [
        f"| rows until found (median of all runs; missed) | {titles} | runs with a false alarm, at {rates} errors |"
    ]
    shown.append("|---|" + "--:|" * (len(CHANGES) + 1))
    try:
        lines += _peers(made, min(runs, PEER_RUNS), min(runs, SLOW_RUNS))
    except Unavailable as problem:
        return [*shown, *map(_row, lines), f"| river | {problem} |"]
    return [*shown, *map(_row, lines)]


def _rates() -> list[float]:
    return sorted({before for before, _ in CHANGES})


def _streams(runs: int) -> Streams:
    random = np.random.default_rng(20)
    changed = tuple(
        np.hstack([random.random((runs, BEFORE)) < before, random.random((runs, AFTER)) < after])
        for before, after in CHANGES
    )
    return Streams(changed, tuple(random.random((runs, QUIET)) < rate for rate in _rates()))


def _row(line: Line) -> str:
    cells = [_when(column) for column in line.delays] + [" / ".join(f"{share:.0%}" for share in line.false)]
    return f"| {line.title} | {' | '.join(cells)} |"


def _when(column: Sequence[float]) -> str:
    middle, missed = median(column), 1 - sum(map(isfinite, column)) / len(column)
    return (f"{middle:,.0f}" if isfinite(middle) else "–") + (f"; {missed:.0%}" if missed else "")


def _line(title: str, found: Sequence[Iterator[list[int]]]) -> Line:
    """Return the line of the alarms of each run: first of the streams with a change, then of those without."""
    delays, false = [], []
    for alarms in found[: len(CHANGES)]:
        delays.append([min((at - BEFORE for at in run if at > BEFORE), default=inf) for run in alarms])
    for alarms in found[len(CHANGES) :]:
        told = [bool(run) for run in alarms]
        false.append(sum(told) / len(told))
    return Line(title, tuple(delays), tuple(false))


def _ours(title: str, made: Streams, budget: int) -> Line:
    rates = [before for before, _ in CHANGES] + _rates()
    return _line(
        title,
        [
            (_evidence(run, known, budget) for run, known in zip(runs, _references(rate, len(runs)), strict=True))
            for rate, runs in zip(rates, (*made.changed, *made.quiet), strict=True)
        ],
    )


def _references(rate: float, runs: int) -> list[int]:
    """Return how many of the labelled reference were lost: a sample of its own in each run."""
    lost: list[int] = np.random.default_rng((21, round(rate * 100))).binomial(LABELLED, rate, runs).tolist()
    return lost


def _evidence(errors: Errors, known: int, budget: int) -> list[int]:
    """Return the rows of the alarms: the detectors of harm alone, with a step of evidence every few truths."""
    test = above(known, LABELLED, log(1 / (DOUBT * SHARES["harm"])), TOLERANCE, STEPS)
    assert test is not None
    found, levels = [], START
    for at, lost in enumerate(errors.reshape(-1, STEP).sum(axis=1).tolist(), 1):
        levels = tuple(map(advance, levels, test.log_bets([(1.0, lost), (0.0, STEP - lost)])))
        if mean(levels) >= budget / STEP:
            found.append(at * STEP)
            levels = START
    return found


def _watched(title: str, made: Streams, budget: int) -> Line:
    rates = [before for before, _ in CHANGES] + _rates()
    return _line(
        title,
        [
            (_folded(run, known, budget) for run, known in zip(runs, _references(rate, len(runs)), strict=True))
            for rate, runs in zip(rates, (*made.changed, *made.quiet), strict=True)
        ],
    )


def _folded(errors: Errors, known: int, budget: int) -> list[int]:
    """Return the rows of the alarms of a watch: hourly windows of 50 rows whose truths come within seconds.

    Harm alarms at the steps of `per_days` over its share of the budget; its steps are pools of truths.
    """
    hours = budget / STEP * SHARES["harm"]
    settings = Settings(
        min_rows=STEP, per_days=round(hours * 3600 / DAY_SECONDS), tolerance=TOLERANCE, mature_after_seconds=0
    )
    watch = Watch(Reference((), Predictions(1), Losses(LABELLED, known)), settings)
    state, found = watch.resume(None), []
    for at, lost in enumerate(errors.reshape(-1, STEP).sum(axis=1).tolist()):
        day = at // 24
        truths = (Truth(day, 0, 0, STEP - lost), Truth(day, 0, 1, lost))
        folded = watch.fold(state, Counted(at * HOUR, (at + 1) * HOUR, STEP, [STEP], truths))
        state = folded.state
        if folded.harm and folded.harm.state == "Alarm":
            found.append((at + 1) * STEP)
    return found


def _peers(made: Streams, runs: int, slow: int) -> list[Line]:
    told = []
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        for number, streams in enumerate((*made.changed, *made.quiet)):
            path = Path(scratch, f"{number}.npy")
            np.save(path, streams[:runs])
            told.append(ask("river", Job("errors", numbers={"slow": slow}, files={"errors": str(path)})))
    lines = []
    for index, name in enumerate(told[0]["names"].tolist()):
        many = slow if name == "KSWIN" else runs
        lines.append(_line(f"river's {name}", [_of(answer["alarms"], index, many) for answer in told]))
    return lines


def _of(alarms: NDArray[np.int64], index: int, runs: int) -> Iterator[list[int]]:
    mine = alarms[alarms[:, 0] == index]
    for run in range(runs):
        yield mine[mine[:, 1] == run, 2].tolist()
