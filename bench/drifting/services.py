"""Simulated services through the operator's own code, hour by hour: delays, what a test costs, and its limits.

2000 rows an hour, 500 truths a day. Whether the budget of false alarms holds is told by `bench.drifting.budget`.
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

DAYS = 90
REFERENCES = (1000, 5000, 20_000, 50_000)
BEYOND = (
    Shape("users who send 5 equal rows", session=5),
    Shape("users who send 20 equal rows", session=20),
    Shape("a daily season of ±0.3σ, its hours known", swing=0.3, blocks=True),
    Shape("a daily season of ±0.3σ, no column of time", swing=0.3),
)
"""What is promised for rows that have nothing to do with one another, and seasons that the reference knows."""
MOVED = (0.2, 0.3, 0.5)
WORSE = (0.03, 0.05, 0.1)
WAITED_DAYS = 60


def table(runs: int) -> list[str]:
    """Return all tables."""
    return [*cost(), "", *delays(runs), "", *false_alarms(runs)]


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


def false_alarms(runs: int) -> list[str]:
    """Return the table of alarms where nothing drifts, and rows come in groups or by seasons."""
    titles = " | ".join(f"{rows:,} rows" for rows in REFERENCES)
    lines = [f"| alarms in {DAYS} days, the mean of all runs, by the reference; 1 is allowed | {titles} |"]
    lines.append("|---|" + "--:|" * len(REFERENCES))
    for shape in BEYOND:
        cells = []
        for rows in REFERENCES:
            _tell(f"{shape.title}, {rows} rows")
            found = [
                watched(Service(shape, seed, reference_rows=rows, numbers=5), DAYS * HOURS_A_DAY, Settings()).all
                for seed in range(runs)
            ]
            cells.append(f"{sum(found) / runs:.3g}")
        lines.append(f"| {shape.title} | {' | '.join(cells)} |")
    return lines


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
