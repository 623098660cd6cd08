"""Drift: ours beside Evidently, NannyML, alibi-detect, frouros and river on the same streams, in one run.

    python -m bench.drift [--only quiet,delay,errors,probabilities,decisions,annotated,speed,odd,services] [--quick]
                          [--runs 20] [--fill docs/figures/drift.md]

Every peer is in an environment of its own, made in the cache on the first run. Every run has a seed, so the figures
repeat, but for seconds and memory: those compare within a run, in which one process is measured at a time. About two
hours on two cores that others use too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.drifting import annotated, decisions, delay, errors, odd, probabilities, quiet, services, speed
from bench.fill import fill


@dataclass(frozen=True)
class Section:
    """One part of the page, by itself."""

    title: str
    table: Callable[[int], tuple[Sequence[str], str]]
    """By how many of what is counted: the lines, and a picture (SVG) or nothing."""
    runs: int
    quick: int
    counted: str = "runs for each cell"


def _plain(table: Callable[[int], Sequence[str]]) -> Callable[[int], tuple[Sequence[str], str]]:
    return lambda runs: (table(runs), "")


SECTIONS = {
    "quiet": Section("False alarms", _plain(quiet.table), quiet.RUNS, 1),
    "delay": Section("Delay at the same rate of false alarms", delay.table, delay.RUNS, 2),
    "errors": Section("A model that is wrong more often", _plain(errors.table), errors.RUNS, 3),
    "probabilities": Section("A model whose probabilities go off", _plain(probabilities.table), probabilities.RUNS, 3),
    "decisions": Section("Decisions to retrain, on real rows", _plain(decisions.table), decisions.WORLDS, 1, "worlds"),
    "annotated": Section("Change points that people annotated", _plain(annotated.table), 1, 1, "look"),
    "speed": Section("Speed and memory", _plain(speed.table), speed.REPEATS, speed.QUICK, "repeats, the least of them"),
    "odd": Section("Odd windows", _plain(odd.table), odd.RUNS, 1),
    "services": Section("Ours on simulated services", _plain(services.table), 20, 2),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sections that are asked for, print each as it is there, and fill the page."""
    options = _options(arguments)
    for name in options.only.split(",") if options.only else SECTIONS:
        section = SECTIONS[name]
        runs = options.runs or (section.quick if options.quick else section.runs)
        print(f"{name}: {runs} {section.counted} …", file=sys.stderr, flush=True)
        started, busy = time.monotonic(), os.getloadavg()[0]
        lines, picture = section.table(runs)
        now = datetime.now(UTC).date().isoformat()
        took = f"{now}; {runs} {section.counted}; {time.monotonic() - started:.0f} s"
        machine = f"{os.cpu_count()} cores, shared: the machine's load before was {busy:.1f}"
        text = "\n".join(
            [f"### {section.title}", "", *lines, "", f"`python -m bench.drift --only {name}`: {took}; {machine}."]
        )
        print(text, end="\n\n", flush=True)
        if options.fill:
            fill(options.fill, text, name)
        if options.fill and picture:
            options.fill.with_suffix(".svg").write_text(picture, encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", default="", help=f"which sections, separated by commas: {', '.join(SECTIONS)}")
    parser.add_argument(
        "--quick", action="store_true", help="a few runs for each cell, one world, and no table of a million rows"
    )
    parser.add_argument("--runs", type=int, default=0, help="of each section, in place of its own number")
    parser.add_argument(
        "--fill",
        type=Path,
        metavar="FILE",
        help="also put each section between its marks of this file, and its picture beside it",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
