"""Simulated services through the operator's own code, hour by hour: how soon drift is found, what a test costs.

2000 rows an hour, 500 truths a day. Whether the budget of false alarms holds, `bench.drifting.budget` tells.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf, isfinite
from statistics import median

from bench.drifting.streams import HOURS_A_DAY, LOST, Service, Shape
from mooring.stats.drift import Settings, Watch

REFERENCES = (1000, 5000, 20_000, 50_000)
MOVED = (0.2, 0.3, 0.5)
WORSE = (0.03, 0.05, 0.1)
WAITED_DAYS = 60


def table(runs: int) -> list[str]:
    """Return all tables."""
    return [*cost(), "", *delays(runs)]


@dataclass
class Alarms:
    """When each tier alarmed, in hours."""

    inputs: list[int]
    predictions: list[int]
    harm: list[int]

    @property
    def all(self) -> int:
        """How many."""
        return len(self.inputs) + len(self.predictions) + len(self.harm)


def watched(service: Service, hours: int, settings: Settings, *, first: bool = False) -> Alarms:
    """Return the alarms of so many hours; with `first` no more than one."""
    watch = Watch(service.reference, settings)
    state, found = watch.resume(None), Alarms([], [], [])
    for hour, counted in enumerate(islice(service.hours(), hours), 1):
        folded = watch.fold(state, counted)
        state = folded.state
        if folded.window and folded.window.inputs.state == "Alarm":
            found.inputs.append(hour)
        if folded.window and folded.window.predictions.state == "Alarm":
            found.predictions.append(hour)
        if folded.harm and folded.harm.state == "Alarm":
            found.harm.append(hour)
        if first and found.all:
            break
    return found


def delays(runs: int) -> list[str]:
    """Return the tables of how soon one number of twenty, and a loss, are found."""
    titles = " | ".join(f"{rows:,} rows" for rows in REFERENCES)
    lines = [f"| found after (median; of all), by the reference | {titles} |", "|---|" + "--:|" * len(REFERENCES)]
    for moved in MOVED:
        _tell(f"one number moves by {moved}σ")
        shape = Shape("", moved=moved)
        columns = [
            [
                _first(watched(_service(shape, seed, rows, 20), 48, Settings(), first=True).inputs)
                for seed in range(runs)
            ]
            for rows in REFERENCES
        ]
        cells = " | ".join(_when(column, "windows") for column in columns)
        lines.append(f"| one number of twenty moves by {moved}σ | {cells} |")
    for worse in WORSE:
        _tell(f"losses rise by {worse}")
        shape = Shape("", worse=worse)
        hours = WAITED_DAYS * HOURS_A_DAY
        columns = [
            [
                _first(watched(_service(shape, seed, rows, 0), hours, Settings(), first=True).harm) / HOURS_A_DAY
                for seed in range(runs)
            ]
            for rows in REFERENCES
        ]
        cells = " | ".join(_when(column, "days") for column in columns)
        lines.append(
            f"| losses rise from {LOST:.0%} to {LOST + worse:.0%} (a fifth of the rows is held out) | {cells} |"
        )
    return lines


def cost() -> list[str]:
    """Return the table of what the test of a window, and taking in a sealed interval, cost."""
    lines = ["| CPU ms, numbers | 20 | 100 |", "|---|--:|--:|"]
    made, tested, taken = [], [], []
    for numbers in (20, 100):
        service = Service(Shape("", moved=0.3), 0, reference_rows=20_000, numbers=numbers - 1)
        started = time.process_time()
        watch = Watch(service.reference)
        state = watch.resume(None)
        counted = list(islice(service.hours(), 20))
        state = watch.fold(state, counted[0]).state
        made.append(time.process_time() - started)
        open_watch = Watch(service.reference, Settings(min_rows=10**9))
        open_state = open_watch.fold(open_watch.resume(None), counted[0]).state
        tested.append(min(_took(watch, state, counted[1]) for _ in range(30)))
        taken.append(min(_took(open_watch, open_state, counted[1]) for _ in range(30)))
    for title, times in (
        ("tests of a closed window", tested),
        ("taking in an interval", taken),
        ("making the tests, once for a version", made),
    ):
        lines.append(f"| {title} | {' | '.join(f'{one * 1e3:.2f}' for one in times)} |")
    return lines


def _took(watch: Watch, state: object, counted: object) -> float:
    started = time.process_time()
    watch.fold(state, counted)  # type: ignore[arg-type]  # both are of the watch
    return time.process_time() - started


def _service(shape: Shape, seed: int, rows: int, numbers: int) -> Service:
    return Service(shape, seed, reference_rows=rows, numbers=numbers)


def _first(hours: list[int]) -> float:
    return hours[0] if hours else inf


def _when(column: Sequence[float], unit: str) -> str:
    middle, share = median(column), sum(map(isfinite, column)) / len(column)
    return f"{middle:.0f} {unit}; {share:.0%}" if middle < inf else f"–; {share:.0%}"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
