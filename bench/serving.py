"""Our server beside MLServer, KServe, MLflow and BentoML, and beside our own bare loop, in one run on one machine.

    python -m bench.serving [--quick] [--models logistic,forest,…] [--servers mooring,mlserver,…] [--seconds 4]

The same models, from the same fitted estimators, each server pinned to one core and the load to another; every peer in
an environment of its own, made on the first run. Prints Markdown: requests a second, CPU µs a request of the server's
whole process tree, milliseconds at the median and the 99th percentile, and how much less CPU ours takes. A peer that
does not start, or does not answer as the estimator does, says so in its line. Where others use the machine, requests a
second and percentiles tell more of them than of the servers; CPU a request stands.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.environments import Unavailable, wrk
from bench.peers.load import Cell, Question, at_half_load, measure, resident_mib
from bench.peers.models import RECIPES, Model, bodies, make
from bench.peers.servers import Form, Server, ask, running, servers
from tests.unit.serving.store import bucket

OURS, BARE = "**Mooring V2**", "our bare loop"
HEAD = (
    "| server | requests/s | CPU µs/request | ours takes | p50 ms c=1 | c=16 | c=64 | p99 ms c=1 | c=16 | c=64 | {} |"
)
LOADS = (1, 16, 64)
HALF = 0


@dataclass
class Line:
    """What was measured of one form of asking one server: cells by connections (HALF: half load), or why not."""

    title: str
    cells: dict[int, Cell]
    resident: float = 0.0
    problem: str = ""


def main() -> None:
    """Measure what is asked for, and print a table for each model and number of rows."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server that is being measured ends too
    program = wrk()
    print(f"{os.cpu_count()} cores; the machine's load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch, bucket(Path(scratch)) as store:
        chosen = [server for server in servers(store) if not given.servers or server.title in given.servers.split(",")]
        for name in given.models.split(","):
            folder = Path(scratch, name)
            model = make(name, folder)
            lines: dict[int, list[Line]] = {1: [], 64: []}
            for server in chosen:
                _tell(f"{name}: {server.title}")
                for rows, line in _measured(program, server, model, folder, given):
                    lines[rows].append(line)
            for rows, found in lines.items():
                print(table(f"{model.recipe.title}, {rows} row{'s' * (rows > 1)}", found), flush=True)


def _measured(
    program: str, server: Server, model: Model, folder: Path, given: argparse.Namespace
) -> Iterator[tuple[int, Line]]:
    try:
        with running(server, model, folder / f"run-{server.title}") as (process, port):
            for rows in (1, 64):
                for form in server.forms:
                    yield rows, _line(program, process.pid, port, form, model, rows, folder, given)
    except Unavailable as problem:
        for rows in (1, 64):
            yield rows, Line(server.title, {}, problem=str(problem))


def _line(
    program: str, pid: int, port: int, form: Form, model: Model, rows: int, folder: Path, given: argparse.Namespace
) -> Line:
    line = Line(form.title, {})
    body = folder / f"{form.body}-{rows}.json"
    body.write_bytes(bodies(model, rows)[form.body])
    question = Question(port, form.path, body)
    try:
        if (labels := ask(port, form, body.read_bytes())) != model.labels[:rows]:
            line.problem = f"answers otherwise: {str(labels)[:60]}"
        measure(program, pid, question, 4, 1.0)  # what is compiled or opened with the first requests
        for connections in (16,) if given.quick or rows > 1 else LOADS:
            line.cells[connections] = measure(program, pid, question, connections, given.seconds)
        if rows == 1:
            line.cells[HALF] = at_half_load(program, pid, question, given.seconds, line.cells[16])
        line.resident = resident_mib(pid)
    except Unavailable as problem:
        line.problem = str(problem)
    return line


def table(title: str, lines: Sequence[Line]) -> str:
    """Return the lines as Markdown; `ours takes` is our CPU in relation to that line's, at c=16."""
    ours = next((line.cells[16].cpu for line in lines if line.title == OURS and 16 in line.cells), 0.0)
    head = HEAD.format("p50 / p99 at half load | resident MiB")
    shown = [f"\n### {title}\n", head, "|---|" + "--:|" * (head.count("|") - 2)]
    return "\n".join([*shown, *(_row(line, ours) for line in lines)])


def _row(line: Line, ours: float) -> str:
    if 16 not in line.cells:
        return f"| {line.title} | {line.problem or 'not measured'} |"
    busy = line.cells[16]
    cells = [line.title, f"{busy.rate:,.0f}", f"{busy.cpu:,.1f}", _ratio(line, ours, busy.cpu)]
    for percentile in ("p50", "p99"):
        cells += [f"{getattr(line.cells[c], percentile):.2f}" if c in line.cells else "" for c in LOADS]
    half = line.cells.get(HALF)
    cells.append(f"{half.p50:.2f} / {half.p99:.2f} at {half.rate:,.0f}/s" if half else "")
    cells.append(f"{line.resident:,.0f}")
    return "| " + " | ".join(cells) + " |" + f" {line.problem}" * bool(line.problem)


def _ratio(line: Line, ours: float, theirs: float) -> str:
    if not ours or line.title == OURS:
        return ""
    return f"{ours / theirs:.2f}×" if ours * 2 > theirs else f"1/{theirs / ours:.0f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(RECIPES), help="which, separated by commas")
    parser.add_argument("--servers", default="", help="which, separated by commas (all)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in each cell")
    parser.add_argument("--quick", action="store_true", help="16 connections only, 2 s of load")
    given = parser.parse_args()
    if given.quick:
        given.seconds = min(given.seconds, 2.0)
    return given


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
