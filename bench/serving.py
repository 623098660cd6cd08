"""Our server beside MLServer, KServe, MLflow and BentoML, and beside our own bare loop, in one run on one machine.

    python -m bench.serving [--quick] [--models logistic,forest,…] [--servers mooring,mlserver,…] [--seconds 3]
                            [--connections 1,16,64] [--fill docs/figures/serving.md]

The same models, from the same fitted estimators, each server pinned to one core and the load to another; every peer in
an environment of its own, made on the first run. Each line is told as soon as it is measured; Markdown is printed at
the end: requests a second, CPU µs a request of the server's whole process tree, milliseconds at the median and the 99th
percentile, and how much less CPU ours takes. A peer that does not start, or does not answer as the estimator does, says
so in its line. Where others use the machine, requests a second and percentiles tell more of them than of the servers;
CPU a request stands.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.fill import fill
from bench.peers.environments import Unavailable, wrk
from bench.peers.load import Cell, Question, at_half_load, measure, resident_mib
from bench.peers.models import RECIPES, Model, bodies, make
from bench.peers.servers import Form, Server, ask, running, servers
from tests.unit.serving.store import bucket

OURS, BARE = "**Mooring V2**", "our bare loop"
HEAD = (
    "| server | requests/s | CPU µs/request | ours takes | p50 ms {loads} | p99 ms {loads} "
    "| p50 / p99 at half load | resident MiB | ready s |"
)
HALF = 0
BUSY = 16
"""The connections at which CPU is compared."""


@dataclass
class Line:
    """What was measured of one form of asking one server: cells by connections (HALF: half load), or why not."""

    title: str
    cells: dict[int, Cell]
    ready: float = 0.0
    """Seconds from the process' start to its first answer, be it a refusal."""
    resident: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Plan:
    """How long to ask, with how many connections at once."""

    program: str
    seconds: float
    loads: Sequence[int]
    half: bool


def main() -> None:
    """Measure what is asked for, and print a table for each model and number of rows."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server that is being measured ends too
    loads = [BUSY] if given.quick else [int(count) for count in given.connections.split(",")]
    plan = Plan(wrk(), 2.0 if given.quick else given.seconds, loads, half=not given.quick)
    tables = [_machine()]
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch, bucket(Path(scratch)) as store:
        chosen = [server for server in servers(store) if not given.servers or server.title in given.servers.split(",")]
        for name in given.models.split(","):
            model = make(name, Path(scratch, name))
            lines: dict[int, list[Line]] = {1: [], 64: []}
            for server in chosen:
                for rows, line in _measured(plan, server, model):
                    lines[rows].append(line)
                    _tell(f"{name}, {rows}: {_row(line, _cpu(lines[rows]), plan.loads)}")
            for rows, found in lines.items():
                shown = loads if rows == 1 else [BUSY]
                tables.append(table(f"{model.recipe.title}, {rows} row{'s' * (rows > 1)}", found, shown))
            if given.fill:  # after each model: whoever ends it early keeps what there is
                fill(given.fill, "\n".join(tables))
    print("\n".join(tables))


def _measured(plan: Plan, server: Server, model: Model) -> Iterator[tuple[int, Line]]:
    folder = model.files / f"run-{server.title}"
    try:
        began = time.monotonic()
        with running(server, model, folder) as (process, port):
            first = server.forms[0]
            with suppress(Unavailable):  # a form that is refused says so in its own line
                ask(port, first, bodies(model, 1)[first.body])
            ready = time.monotonic() - began
            for rows in (1, 64):
                for form in server.forms:
                    yield rows, _line(plan, process.pid, port, form, model, rows, ready)
    except Unavailable as problem:
        for rows in (1, 64):
            yield rows, Line(server.title, {}, problem=str(problem))


def _line(plan: Plan, pid: int, port: int, form: Form, model: Model, rows: int, ready: float) -> Line:
    line = Line(form.title, {}, ready)
    body = model.files / f"{form.body}-{rows}.json"
    body.write_bytes(bodies(model, rows)[form.body])
    question = Question(port, form.path, body)
    try:
        if (labels := ask(port, form, body.read_bytes())) != model.labels[:rows]:
            line.problem = f"answers otherwise: {str(labels)[:60]}"
        measure(plan.program, pid, question, 4, 1.0)  # what is compiled or opened with the first requests
        for connections in plan.loads if rows == 1 else [BUSY]:
            # Where CPU is compared, the least of three: what others do to the caches of a shared machine is not ours.
            cells = [
                measure(
                    plan.program, pid, question, connections, plan.seconds / 2 if connections == BUSY else plan.seconds
                )
                for _ in range(3 if connections == BUSY else 1)
            ]
            line.cells[connections] = min(cells, key=lambda cell: cell.cpu)
        if rows == 1 and plan.half and BUSY in line.cells:
            line.cells[HALF] = at_half_load(plan.program, pid, question, plan.seconds, line.cells[BUSY])
        line.resident = resident_mib(pid)
    except Unavailable as problem:
        line.problem = str(problem)
    return line


def table(title: str, lines: Sequence[Line], loads: Sequence[int]) -> str:
    """Return the lines as Markdown; `ours takes` is our CPU in relation to that line's, at 16 connections."""
    head = HEAD.format(loads=" | ".join(f"c={count}" for count in loads))
    shown = [f"\n### {title}\n", head, "|---|" + "--:|" * (head.count("|") - 2)]
    return "\n".join([*shown, *(_row(line, _cpu(lines), loads) for line in lines)])


def _row(line: Line, ours: float, loads: Sequence[int]) -> str:
    busy = line.cells.get(BUSY)
    if busy is None:
        return f"| {line.title} | {line.problem or 'not measured'} |"
    cells = [line.title, f"{busy.rate:,.0f}", f"{busy.cpu:,.1f}", _ratio(line, ours, busy.cpu)]
    for percentile in ("p50", "p99"):
        cells += [f"{getattr(line.cells[c], percentile):.2f}" if c in line.cells else "" for c in loads]
    half = line.cells.get(HALF)
    cells.append(f"{half.p50:.2f} / {half.p99:.2f} at {half.rate:,.0f}/s" if half else "")
    cells += [f"{line.resident:,.0f}", f"{line.ready:.1f}"]
    return "| " + " | ".join(cells) + " |" + f" {line.problem}" * bool(line.problem)


def _cpu(lines: Sequence[Line]) -> float:
    """Return what ours takes, if it was measured."""
    return next((line.cells[BUSY].cpu for line in lines if line.title == OURS and BUSY in line.cells), 0.0)


def _ratio(line: Line, ours: float, theirs: float) -> str:
    if not ours or line.title == OURS:
        return ""
    return f"{ours / theirs:.2f}×" if ours * 2 > theirs else f"1/{theirs / ours:.0f}"


def _machine() -> str:
    now = datetime.now(UTC).date().isoformat()
    return f"{now}; {os.cpu_count()} cores, shared: the machine's load before was {os.getloadavg()[0]:.1f}."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(RECIPES), help="which, separated by commas")
    parser.add_argument("--servers", default="", help="which, separated by commas (all)")
    parser.add_argument("--connections", default="1,16,64", help="how many at once; CPU is compared at 16")
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in each cell; three times half of it at 16")
    parser.add_argument("--quick", action="store_true", help="16 connections only, 2 s of load")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the tables between the marks of this file")
    return parser.parse_args()


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
