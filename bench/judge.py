"""The judge beside the rules of others on the same traffic: false aborts, and how soon the truth is found.

    python -m bench.judge [--quick] [--runs 200] [--fill docs/rollout.md]

Ours is the operator's own code, fed interval by interval. One check with default settings, 10% to the canary, 1% of the
stable's requests failing, unless the table says otherwise. Every run has a seed, so the figures repeat. Two processes;
about 8 minutes on two free cores, 30 s with --quick. --fill also puts the tables between the marks of that page, and
draws `figures/judge.svg` beside it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path
from statistics import median

from bench.judging.picture import Panel, draw
from bench.judging.rules import RULES, ours
from bench.judging.traffic import SHAPES, TICK_SECONDS, Shape, make, worse
from mooring.stats.judge.odds import OddsEvidence, Side
from mooring.stats.judge.settings import Tolerance

PROCESSES = 2
VOLUMES = (60, 600)
MINUTES = 60
LONG_MINUTES = 120


@dataclass(frozen=True)
class Order:
    """One rollout to simulate."""

    shape: Shape
    seed: int
    per_minute: int
    minutes: int = MINUTES
    promote: bool = False
    """Only when ours promotes; else when every rule aborts."""


def simulate(order: Order) -> list[float]:
    """Return the minute of each rule."""
    traffic = make(order.shape, order.seed, per_minute=order.per_minute, minutes=order.minutes)
    if order.promote:
        return [ours(traffic, "NoWorse")]
    return [rule.aborts(traffic) for rule in RULES]


def runs(pool: Executor, order: Order, count: int) -> list[list[float]]:
    """Return the minutes of each rule in so many rollouts."""
    found = pool.map(simulate, [replace(order, seed=seed) for seed in range(count)], chunksize=4)
    return [list(column) for column in zip(*found, strict=True)]


def false_aborts(pool: Executor, count: int) -> list[str]:
    """Return the table of how many rollouts of a version that is no worse each rule aborts."""
    lines = [
        "| false aborts in an hour, 60 / 600 requests a minute | " + " | ".join(rule.title for rule in RULES) + " |"
    ]
    lines.append("|---|" + "--:|" * len(RULES))
    for shape in (*SHAPES, replace(worse(1.5), title="half as many failures again (ψ = 1.5: tolerated)")):
        _tell(shape.title)
        by_volume = [runs(pool, Order(shape, 0, volume), count) for volume in VOLUMES]
        cells = [" / ".join(_share(column) for column in columns) for columns in zip(*by_volume, strict=True)]
        lines.append(f"| {shape.title} | " + " | ".join(cells) + " |")
    return lines


def detection(pool: Executor, count: int) -> tuple[list[str], list[Panel]]:
    """Return the table of when each rule finds a bad version, and its curves."""
    cases = [
        ("ψ = 3, 600 requests a minute", Order(worse(3), 0, 600)),
        ("ψ = 5, 600 requests a minute", Order(worse(5), 0, 600)),
        ("1 → 5%, 60 requests a minute", Order(worse(0.05 / 0.95 * 99), 0, 60, LONG_MINUTES)),
        ("the same with 25% to the canary", Order(worse(0.05 / 0.95 * 99, weight=0.25), 0, 60, LONG_MINUTES)),
    ]
    lines = ["| found after minutes (median; of all) | " + " | ".join(rule.title for rule in RULES) + " |"]
    lines.append("|---|" + "--:|" * len(RULES))
    panels = []
    for title, order in cases:
        _tell(title)
        found = runs(pool, order, count)
        lines.append(f"| {title} | " + " | ".join(map(_when, found)) + " |")
        panels.append(
            Panel(title, order.minutes, {rule.title: column for rule, column in zip(RULES, found, strict=True)})
        )
    return lines, panels[:3]


def promotion(pool: Executor, count: int) -> list[str]:
    """Return the table of when ours shows that a version as good as the stable is no worse."""
    weights = (0.05, 0.25, 0.5)
    lines = [
        "| promoted after minutes (median; of all), 600 requests a minute | "
        + " | ".join(f"{w:.0%}" for w in weights)
        + " |"
    ]
    lines.append("|---|" + "--:|" * len(weights))
    for rate in (0.0, 0.002, 0.01):
        _tell(f"promotion at a failure rate of {rate:.1%}")
        orders = [Order(worse(1, rate=rate, weight=w), 0, 600, LONG_MINUTES, promote=True) for w in weights]
        cells = [_when(runs(pool, order, max(4, count // 4))[0]) for order in orders]
        lines.append(f"| {'no failures' if not rate else f'{rate:.1%} of both fail'} | " + " | ".join(cells) + " |")
    return lines


def cost() -> list[str]:
    """Return the table of what folding one block and looking at it takes, sixteen buckets left out in turn."""
    lines = ["| requests in a block, 10% on the canary, 1% failing | 60 | 600 | 6,000 | 60,000 | 600,000 |"]
    cells = []
    for size in (60, 600, 6_000, 60_000, 600_000):
        arms = [_side(int(size * share), spread) for share, spread in ((0.9, 7), (0.1, 5))]
        cells.append(f"{min(_look(*arms) for _ in range(20)) * 1e3:.2f}")
    return [*lines, "|---|" + "--:|" * len(cells), "| CPU ms for a look | " + " | ".join(cells) + " |"]


def _side(requests: int, spread: int) -> Side:
    """Return so many requests, unevenly over the buckets."""
    parts = [1 + bucket * spread % 16 / 16 for bucket in range(16)]
    counts = tuple(round(requests * part / sum(parts)) for part in parts)
    return Side(counts, tuple(round(count * 0.01 + (bucket == 3)) for bucket, count in enumerate(counts)))


def _look(stable: Side, canary: Side) -> float:
    tolerance = Tolerance()
    started = time.process_time()
    evidence = OddsEvidence().folded(stable, canary, tolerance)
    evidence.log_worse()
    evidence.log_no_worse(tolerance)
    return time.process_time() - started


def _share(column: Sequence[float]) -> str:
    share = 100 * sum(map(isfinite, column)) / len(column)
    return f"{share:.0f}%" if share in (0, 100) or share >= 10 else f"{share:.1f}%"


def _when(column: Sequence[float]) -> str:
    middle, found = median(column), _share(column)
    return f"{middle:.1f}; {found}" if middle < inf else f"–; {found}"


def fill(page: Path, tables: str) -> None:
    """Put the tables between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- bench.judge -->\n).*?(<!-- end of bench.judge -->)", re.DOTALL)
    if not marked.search(text):
        raise SystemExit(
            f"{page} has no marks <!-- bench.judge --> and <!-- end of bench.judge --> to put the tables between"
        )
    page.write_text(marked.sub(lambda part: f"{part[1]}{tables}\n{part[2]}", text), encoding="utf-8")


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Simulate, print the tables, and put them where they are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="rollouts for each cell")
    parser.add_argument("--quick", action="store_true", help="16 rollouts for each cell")
    parser.add_argument(
        "--fill", type=Path, metavar="PAGE", help="also put the tables into this page, and draw its picture"
    )
    options = parser.parse_args()
    count = 16 if options.quick else options.runs
    shown: list[str] = []

    def show(lines: Iterable[str]) -> None:
        shown.append("\n".join(lines))
        print(shown[-1], end="\n\n", flush=True)

    with ProcessPoolExecutor(PROCESSES) as pool:
        show(cost())
        found, panels = detection(pool, count)
        show(found)
        show(promotion(pool, count))
        show(false_aborts(pool, count))
    show([f"{count} rollouts for each cell. Intervals of {TICK_SECONDS} s."])
    if options.fill:
        fill(options.fill, "\n\n".join(shown))
        picture = options.fill.parent / "figures" / "judge.svg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(draw(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
