"""Does the budget of false alarms hold? A thousand simulated services that do not drift, each for a budget of 90 days.

    python -m bench.drifting.budget [--runs 1000] [--fill docs/figures/drift-budget.md]

Every run has a seed and a finite reference of its own, drawn anew; ours is the operator's own code. One alarm a run is
allowed on average, over all tiers together. One process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from math import ceil, erf, pi, sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mooring.stats.drift import Column, Counted, Folded, Losses, Predictions, Reference, Settings, Truth, Watch

DAYS = 90
HOURS = DAYS * 24
HOUR = 3_600_000
ROWS = 2000
"""Of a window: one an hour."""
NUMBERS = 2
BINS = 16
REFERENCES = (1000, 5000, 20_000, 50_000)
"""Rows; a fifth of them is held out."""
LOST = np.linspace(0.03, 0.27, BINS)
"""Losses by bin of the score: 0.15 of all."""
TOLERANCE = 0.02
_EDGES = np.array([NormalDist().inv_cdf(k / BINS) for k in range(1, BINS)])
_CDF = np.vectorize(lambda value: (1 + erf(value / sqrt(2))) / 2)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Quiet:
    """A service that does not drift by more than it may. Shifts are in standard deviations of the reference."""

    title: str
    shift: float = 0.0
    """Permanent, of every number and of the score."""
    swing: float = 0.0
    """Of the daily season of numbers and score, which the reference covers and knows by the hour."""
    wander: float = 0.0
    """Standard deviation of a level that every number and the score have, and forget by a tenth an hour."""
    clump: int = 1
    """Rows that are the same and of one user, one after the other."""
    intervals: int = 1
    """Of an hour, in which its rows are counted."""
    worse: float = 0.0
    """Losses beyond those of the reference."""
    told: float = 0.25
    """Share of the rows whose truth comes: with the row, or the day after."""
    uncertain: bool = False
    """Truths are told four times as often in the middle half of scores."""
    comes: bool = False
    """Truths come within seconds, and count window by window."""
    known: bool = True
    """Of the season: the reference has its hours."""
    spread: bool = False
    """Equal rows of a user come over the whole hour, and not one after the other."""
    part: float = 1.0
    """Of the runs; those of many intervals cost more."""


QUIET = (
    Quiet("the same as the reference"),
    Quiet("everything 0.05σ away, for good", shift=0.05),
    Quiet("everything 0.1σ away, for good", shift=0.1),
    Quiet("levels that wander (0.05σ, a tenth forgotten an hour)", wander=0.05),
    Quiet("a daily season of ±0.3σ, its hours known", swing=0.3),
    Quiet("users who send 5 equal rows", clump=5, intervals=10, comes=True, part=0.5),
    Quiet("users who send 20 equal rows", clump=20, intervals=10, comes=True, part=0.5),
    Quiet("truths as they come, a loss of the whole tolerance", worse=TOLERANCE, told=1.0, comes=True),
    Quiet("truths as they come, of uncertain cases first", told=0.5, uncertain=True, comes=True),
    Quiet("truths the day after, a loss of the whole tolerance", worse=TOLERANCE),
)
BEYOND = (
    Quiet("a daily season of ±0.3σ that the reference does not know", swing=0.3, known=False),
    Quiet("users who send 20 equal rows, spread over an hour", clump=20, intervals=10, spread=True),
    Quiet("drift: everything 0.3σ away", shift=0.3),
    Quiet("harm: a loss 0.1 above the reference's, truths as they come", worse=0.1, told=1.0, comes=True),
)
CONTROL_RUNS = 8
_SEGMENTS = "\n## Segments\n"


def shares(shift: Floats) -> Floats:
    """Return the shares of the bins [..., 16] at each shift [...]."""
    below = _CDF(_EDGES - np.asarray(shift)[..., None])
    ends = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([ends, below, ends + 1], axis=-1), axis=-1)


class Service:
    """One quiet service with one reference."""

    def __init__(self, quiet: Quiet, seed: int, rows: int) -> None:
        self.quiet, self.random = quiet, np.random.default_rng(seed)
        hours = np.arange(24)
        self.season = shares(quiet.swing * np.sin(2 * pi * hours / 24))
        self.whole = self.season.mean(axis=0)
        self.reference = self._reference(rows)

    def _reference(self, rows: int) -> Reference:
        apart = np.abs(np.cumsum(self.season - self.whole, axis=1)).max()
        blocks = float(apart) if self.quiet.swing and self.quiet.known else 0.0
        columns = tuple(
            Column(f"number {index}", "number", _whole(self.random.multinomial(rows, self.whole)), blocks=blocks)
            for index in range(NUMBERS)
        )
        held = self.random.multinomial(rows // 5, self.whole)
        lost = self.random.binomial(held, LOST)
        losses = Losses(int(held.sum()), int(lost.sum()), _whole(held), _whole(lost))
        return Reference(columns, Predictions(BINS, 1, _whole(held), blocks=blocks), losses)

    def counted(self) -> Iterator[Counted]:
        """Yield 90 days of intervals."""
        quiet = self.quiet
        drawn = self._drawn()
        step = HOUR // quiet.intervals
        waiting: Ints = np.zeros((2, BINS), dtype=np.int64)
        today: Ints = waiting.copy()
        for at, cells in enumerate(drawn):
            start = at * step
            told = self._told(cells[-1])
            truths: tuple[Truth, ...] = ()
            if quiet.comes:
                truths = _truths(0, told)
            else:
                today += told
                if (at + 1) % (24 * quiet.intervals) == 0:
                    truths, waiting, today = _truths(start // (24 * HOUR) - 1, waiting), today, np.zeros_like(today)
            flat = np.concatenate([np.pad(cells[:-1], ((0, 0), (0, 3))).ravel(), cells[-1]])
            yield Counted(start, start + step, int(cells[-1].sum()), flat.tolist(), truths)

    def _drawn(self) -> Ints:
        """Return the rows by bin [intervals, numbers and score, 16]."""
        quiet = self.quiet
        of_season = quiet.swing * np.sin(2 * pi * np.arange(HOURS) / 24)
        shifts = quiet.shift + of_season[:, None] + quiet.wander * self._levels()
        chances = np.repeat(shares(shifts), quiet.intervals, axis=0)
        users = ROWS // quiet.intervals // quiet.clump
        if quiet.spread:
            of_hours = self.random.multinomial(users * quiet.intervals, chances[:: quiet.intervals])
            return np.repeat(of_hours * (quiet.clump // quiet.intervals), quiet.intervals, axis=0)
        drawn: Ints = self.random.multinomial(users, chances) * quiet.clump
        return drawn

    def _levels(self) -> Floats:
        noise = self.random.standard_normal((HOURS, NUMBERS + 1))
        if not self.quiet.wander:
            return noise * 0
        for hour in range(1, HOURS):
            noise[hour] = 0.9 * noise[hour - 1] + sqrt(1 - 0.9**2) * noise[hour]
        return noise

    def _told(self, scores: Ints) -> Ints:
        """Return the truths [lost or not, 16] of some rows; equal rows have equal truths."""
        quiet = self.quiet
        share = np.full(BINS, quiet.told)
        if quiet.uncertain:
            share[: BINS // 4] /= 4
            share[-BINS // 4 :] /= 4
        known = self.random.binomial(scores // quiet.clump, share) * quiet.clump
        lost = self.random.binomial(known // quiet.clump, np.minimum(1.0, LOST + quiet.worse)) * quiet.clump
        return np.stack([known - lost, lost])


def alarms_of(quiet: Quiet, seed: int, rows: int) -> Counter[str]:
    """Return the alarms of one run, by tier."""
    service = Service(quiet, seed, rows)
    settings = Settings(
        min_rows=ROWS // 2, per_days=DAYS, tolerance=TOLERANCE, mature_after_seconds=0 if quiet.comes else 86_400
    )
    watch = Watch(service.reference, settings)
    state, found = watch.resume(None), Counter[str]()
    for counted in service.counted():
        folded = watch.fold(state, counted)
        state = folded.state
        found.update(_alarmed(folded))
    return found


def _alarmed(folded: Folded) -> list[str]:
    window, harm = folded.window, folded.harm
    tiers = [window.inputs, window.predictions, window.estimated] if window else []
    found: list[str] = [one.test for one in tiers if one.state == "Alarm"]
    return [*found, "harm"] if harm and harm.state == "Alarm" else found


def table(cells: tuple[Quiet, ...], runs: int) -> list[str]:
    """Return the table of so many runs, spread over cells and references."""
    lines = ["| services | runs | alarms | a run | runs with any | by |", "|---|--:|--:|--:|--:|---|"]
    parts = sum(quiet.part for quiet in cells)
    everything: list[Counter[str]] = []
    for quiet in cells:
        print(quiet.title, file=sys.stderr, flush=True)
        seeds = range(len(everything), len(everything) + ceil(runs * quiet.part / parts))
        found = [alarms_of(quiet, seed, rows) for seed, rows in zip(seeds, cycle(REFERENCES), strict=False)]
        lines.append(_line(quiet.title, found))
        everything += found
    return [*lines, _line("all", everything)] if cells is QUIET else lines


def _line(title: str, found: list[Counter[str]]) -> str:
    by: Counter[str] = sum(found, Counter())
    alarms = by.total()
    tiers = ", ".join(f"{tier} {count}" for tier, count in sorted(by.items())) or "–"
    return f"| {title} | {len(found)} | {alarms} | {alarms / len(found):.3g} | {sum(map(bool, found))} | {tiers} |"


def _truths(day: int, told: Ints) -> tuple[Truth, ...]:
    return tuple(
        Truth(day, at, outcome, count)
        for outcome, counts in enumerate(told.tolist())
        for at, count in enumerate(counts)
        if count
    )


def _whole(counts: Ints) -> tuple[int, ...]:
    return tuple(counts.tolist())


def page(runs: int) -> str:
    """Return the page of figures."""
    started = time.process_time()
    quiet, beyond = ("\n".join(lines) for lines in (table(QUIET, runs), table(BEYOND, CONTROL_RUNS * len(BEYOND))))
    minutes = (time.process_time() - started) / 60
    references = ", ".join(f"{rows:,}" for rows in REFERENCES)
    return f"""# False alarms against the budget

By `python -m bench.drifting.budget --runs {runs} --fill docs/figures/drift-budget.md` ({minutes:.0f} min of CPU).
Each run is a service that does not drift by more than it may, for one budget of 90 days: {HOURS} windows, {ROWS} rows
each, {NUMBERS} numbers and a score of {BINS} bins, defaults but for `matureAfterSeconds: 0` where truths count as they
come. References are finite and drawn anew for each run: {references} rows in turn, a fifth held out.
**One alarm a run is allowed**, over all tiers together.

{quiet}

Alarms of which many are in one run are of a reference that is unlike its source: the promise holds with 95% confidence
over references, and a loss of the whole tolerance is the worst that it covers.

What the promise does not cover, {CONTROL_RUNS} runs each:

{beyond}
"""


def main() -> None:
    """Simulate, and print or write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.drifting.budget", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs in all")
    parser.add_argument("--fill", type=Path, help="the file to write")
    options = parser.parse_args()
    text = page(options.runs)
    if options.fill:
        _, mark, segments = options.fill.read_text().partition(_SEGMENTS)  # `bench.drifting.segments` fills that part
        options.fill.write_text(f"{text}{mark}{segments}")
    else:
        print(text)


if __name__ == "__main__":
    main()
