"""Segments, by the operator's own steps: false alarms against the budget, and how soon one segment is told.

    python -m bench.drifting.segments [--runs 108] [--delays 20] [--fill docs/figures/drift-budget.md]

References are drawn anew for each run. One process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from math import inf
from pathlib import Path
from statistics import median

from bench.drifting.budget import HOUR, TOLERANCE
from bench.drifting.segmented import COLUMN, LEAST_HELD, ROWS, Change, Quiet, Service
from bench.fill import fill
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.close import tested
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.watch import Recording, Watched, begin
from mooring.stats.drift import Settings

DAYS = 30
"""Of a budget: the promise is of steps, so that fewer days are the same."""
VALUES: dict[int, tuple[float, ...]] = {
    2: (0.7, 0.3),
    4: (0.5, 0.3, 0.15, 0.05),
    12: (0.2, 0.18, 0.15, 0.12, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.02),
}
"""The shares of a column's values."""
REFERENCES = (20_000, 50_000)
WAITED_HOURS = 240

QUIET = (
    Quiet("the same as the reference"),
    Quiet("everything 0.1σ away, for good", shift=0.1),
    Quiet("the rarest value 0.1σ away, for good", in_one=0.1),
    Quiet("users who send 5 equal rows", clump=5, intervals=10),
    Quiet("users who send 20 equal rows", clump=20, intervals=10),
    Quiet("truths as they come, a loss of the whole tolerance", worse=TOLERANCE, told=1.0),
)


CHANGES = (
    Change("one number moves by 0.3σ", moved=0.3),
    Change("one number moves by 0.5σ", moved=0.5),
    Change("the loss rises by 0.1", worse=0.1),
    Change("the loss rises by 0.2", worse=0.2),
)


def watching(service: Service, hours: int, *, apart: bool = True) -> Iterator[tuple[int, Watched]]:
    """Yield the hour and the watch after each interval."""
    settings = Settings(min_rows=ROWS // 2, per_days=DAYS, tolerance=TOLERANCE, mature_after_seconds=0)
    asked = Asked(settings, segments=(COLUMN,) if apart else ())
    fitted = Fitted(service.layout, asked, service.profile)
    watched = replace(begin("m-v1", asked, 0, ""), basis=Basis(service.layout, service.profile))
    for counted, parts in service.intervals(hours):
        of_all = replace(counted, cells=fitted.cells(counted.cells or ()))
        watched = tested(watched, fitted, of_all, Recording(), parts if apart else {}).watched
        yield counted.end // HOUR, watched


def alarms_of(service: Service) -> Counter[str]:
    """Return the alarms of one budget, by what they are of."""
    found: Counter[str] = Counter()
    number = 0
    for _, watched in watching(service, DAYS * 24):
        new = [alarm for alarm in watched.alarms if alarm.number > number]
        found.update(f"{alarm.test} of {'a segment' if alarm.segment else 'all'}" for alarm in new)
        number = watched.alarmed
    return found


def budget(runs: int) -> list[str]:
    """Return the table of so many quiet runs, spread over services, values and references."""
    lines = ["| services | values | runs | alarms | a run | runs with any | by |", "|---|--:|--:|--:|--:|--:|---|"]
    cells = [(quiet, values) for quiet in QUIET for values in VALUES]
    of_each = -(-runs // len(cells))
    everything: list[Counter[str]] = []
    for quiet, values in cells:
        _tell(f"{quiet.title}, {values} values")
        seeds = range(len(everything), len(everything) + of_each)
        found = [
            alarms_of(Service(quiet, VALUES[values], seed, rows))
            for seed, rows in zip(seeds, cycle(REFERENCES), strict=False)
        ]
        lines.append(_line(quiet.title, f"{values}", found))
        everything += found
    return [*lines, _line("all", "", everything)]


def delays(runs: int) -> list[str]:
    """Return the table of how soon a change in one value is told, by segments and by all rows alone."""
    lines = [
        "| what changes | in | by segments | all rows, no segments |",
        "|---|---|--:|--:|",
    ]
    for change in CHANGES:
        for values in (1, *VALUES):
            _tell(f"{change.title}, 1 of {values}")
            where = "all rows" if values == 1 else f"1 of {values} values"
            alone = [_delay(change, values, seed, apart=False) for seed in range(runs)]
            apart = [_delay(change, values, seed, apart=True) for seed in range(runs)] if values > 1 else []
            lines.append(f"| {change.title} | {where} | {_when(apart)} | {_when(alone)} |")
    return lines


def _delay(change: Change, values: int, seed: int, *, apart: bool) -> float:
    """Return the hours until the first alarm; never: infinite."""
    service = Service(Quiet(""), (1 / values,) * values, seed, REFERENCES[-1])
    service.change(change, slice(0, 1))
    watches = watching(service, WAITED_HOURS, apart=apart)
    return next((hour for hour, watched in watches if watched.alarmed), inf)


def _when(hours: list[float]) -> str:
    if not hours:
        return "–"
    middle, found = median(hours), sum(hour < inf for hour in hours)
    return f"{middle:.0f} windows; {found} of {len(hours)}" if middle < inf else f"–; {found} of {len(hours)}"


def _line(title: str, values: str, found: list[Counter[str]]) -> str:
    by: Counter[str] = sum(found, Counter())
    alarms = by.total()
    of = ", ".join(f"{what} {count}" for what, count in sorted(by.items())) or "–"
    any_ = sum(map(bool, found))
    return f"| {title} | {values} | {len(found)} | {alarms} | {alarms / len(found):.3g} | {any_} | {of} |"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def page(runs: int, of_delays: int) -> str:
    """Return the part of the page of figures."""
    started = time.process_time()
    quiet, found = "\n".join(budget(runs)), "\n".join(delays(of_delays))
    minutes = (time.process_time() - started) / 60
    references = " and ".join(f"{rows:,}" for rows in REFERENCES)
    return f"""By `python -m bench.drifting.segments --runs {runs} --delays {of_delays} --fill docs/figures/drift-budget.md`
({minutes:.0f} min of CPU). The same for policies with segments, by the operator's own steps: a column of 2, 4 or 12
values (the rarest of 12 has 2% of the rows), each with numbers and scores of its own, {ROWS} rows a window, a quarter
of the truths as they come; one budget of {DAYS} days each ({DAYS * 24} windows), references of {references} rows
in turn, a fifth held out, of which a segment has at least {LEAST_HELD}. **One alarm a run is allowed**, over all rows and
all segments together.

{quiet}

How soon a change in one value of 2, 4 or 12, which are equally frequent, is told: windows until the first alarm (median
of {of_delays} runs, and in how many there was one within {WAITED_HOURS} windows), reference of {REFERENCES[-1]:,} rows.

{found}"""  # noqa: E501 (the command)


def main() -> None:
    """Simulate, and print or write the part."""
    parser = argparse.ArgumentParser(prog="python -m bench.drifting.segments", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=108, help="quiet runs in all")
    parser.add_argument("--delays", type=int, default=20, help="runs of each change")
    parser.add_argument("--fill", type=Path, help="the page to write it into")
    options = parser.parse_args()
    text = page(options.runs, options.delays)
    if options.fill:
        fill(options.fill, text, "segments")
    else:
        print(text)


if __name__ == "__main__":
    main()
