"""The loop on the running cluster, with people of the census: what is mended, and what must not be trained on.

    python -m bench.loop_drift [NAME …] [--fill docs/figures/loop-cluster.md] [--picture docs/figures/loop.svg]

Needs `make cluster images`. Each scenario works in a namespace of its own, with an operator of its own, as a process;
one in the cluster is put to rest. Prints a Markdown table and the chain of records of `harm`. About eight minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.fill import fill
from bench.loop_drift.scenarios import SCENARIOS, Outcome
from bench.loop_drift.stage import stage
from demo.chain import told
from demo.errors import DemoFailed

HEAD = "| scenario | what became of it | s from the change | accuracy before | after the change | at the end |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, and print the table; the status is 0 if each ended as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(SCENARIOS)} (all)")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the table between the marks of this file")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write the course of `harm` as SVG")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(SCENARIOS):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    found: dict[str, Outcome] = {}
    failed = False
    for name, play in SCENARIOS.items():
        if given.names and name not in given.names:
            continue
        try:
            with contextlib.redirect_stdout(sys.stderr), stage() as here:
                found[name] = play(here)
        except DemoFailed as error:
            failed = True
            print(f"{name}: {error}", *error.look_at, sep="\n  ", file=sys.stderr)
    rows = {name: _row(name, outcome) for name, outcome in found.items()}
    chain = f"```\n{told(found['harm'].chain)}\n```" if "harm" in found else ""
    print(_table(rows, chain))
    if given.fill:
        before = given.fill.read_text(encoding="utf-8")
        fill(given.fill, _table(_rows(before) | rows, chain or _chain(before)))
    if given.picture and "harm" in found:
        given.picture.write_text(found["harm"].picture, encoding="utf-8")
    return 1 if failed else 0


def _table(rows: Mapping[str, str], chain: str) -> str:
    ordered = [rows[name] for name in SCENARIOS if name in rows]
    return "\n".join([HEAD, "|---|---|--:|--:|--:|--:|", *ordered, *(["", chain] if chain else [])])


def _row(name: str, outcome: Outcome) -> str:
    after = f"{outcome.after:.3f}" if outcome.after is not None else ""
    numbers = [f"{outcome.seconds:.0f}", f"{outcome.before:.3f}", f"{outcome.during:.3f}", after]
    return f"| {name} | {' | '.join([outcome.ended, *numbers])} |"


def _rows(page: str) -> dict[str, str]:
    """Return the rows that a page has: those that do not run now stay."""
    return {name: line for name in SCENARIOS for line in page.splitlines() if line.startswith(f"| {name} |")}


def _chain(page: str) -> str:
    """Return the chain of records that a page has."""
    found = re.search(r"```\n.*?\n```", page, re.DOTALL)
    return found[0] if found else ""


if __name__ == "__main__":
    sys.exit(main())
