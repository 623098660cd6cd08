"""Rows together on census rows: 5,000 captured ones against 5,000 of 2015, ours beside NannyML and alibi-detect.

    python -m bench.classifier [--draws 10] [--peers 5] [--fill docs/drift.md]

Every draw takes other rows. Those who are asked get the same samples in the same run. The quiet rows are drawn five
times as often: they say how often a policy would tell people of nothing. A quarter of an hour, most of it the peers'.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bench.census_drift.peers import QUIET
from bench.classifier import ours
from bench.classifier.draws import ROWS, SCENARIOS, Scenario, distance, draws
from bench.fill import fill
from bench.peers.environments import Unavailable, python_of
from cluster.paths import REPOSITORY
from demo import data
from mooring.batch.classify.telling import Told
from mooring.reconcile.driftpolicy.classifying import APART

QUIET_TIMES = 5
PEERS = {"nannyml": "NannyML 0.13.1", "alibi": "alibi-detect 0.13.0"}
Said = tuple[float, bool]
"""Score, alarm."""


@dataclass(frozen=True)
class Line:
    """What Mooring says of the draws of a scenario."""

    scenario: Scenario
    told: list[Told]
    distances: list[float]

    def cells(self) -> list[str]:
        """Return the cells of the table."""
        lows = [told.auc.low or 0.0 for told in self.told]
        aucs, many = [told.auc.value for told in self.told], len(self.told)
        names = Counter(name for told in self.told for name, _ in told.top[:2])
        return [
            self.scenario.title,
            f"{mean(self.distances):.3f}",
            f"{mean(aucs):.3f} ({min(aucs):.3f} to {max(aucs):.3f})",
            *(f"{sum(low > bound for low in lows)} of {many}" for bound in (0.5, APART)),
            ", ".join(name for name, count in names.most_common(2) if 2 * count > many),
        ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask everybody, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.classifier", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--draws", type=int, default=10, help="of each scenario")
    parser.add_argument("--peers", type=int, default=5, help="of them that peers are asked about; 0: none")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the table between the marks of this file")
    given = parser.parse_args(arguments)
    data.fetch()
    lines = [_line(scenario, given.draws * (QUIET_TIMES if not at else 1)) for at, scenario in enumerate(SCENARIOS)]
    peers = _ask_peers(given.peers) if given.peers else {}
    text = "\n".join([*_table(lines, peers), "", _costs()])
    print(text)
    if given.fill:
        fill(given.fill, text, "rows")


def _line(scenario: Scenario, many: int) -> Line:
    print(f"{scenario.name}: {many} draws", file=sys.stderr, flush=True)
    found = [(ours.says(draw, seed), distance(draw)) for seed, draw in enumerate(draws(scenario, many))]
    return Line(scenario, [told for told, _ in found], [far for _, far in found])


def _ask_peers(many: int) -> dict[str, dict[str, Said]]:
    with tempfile.TemporaryDirectory(prefix="classifier-") as folder:
        for scenario in SCENARIOS:
            for seed, draw in enumerate(draws(scenario, many)):
                draw.reference.to_csv(Path(folder) / f"{scenario.name}-{seed}-reference.csv", index=False)
                draw.captured.to_csv(Path(folder) / f"{scenario.name}-{seed}-captured.csv", index=False)
        found = {}
        for peer, title in PEERS.items():
            print(f"asking {title}", file=sys.stderr, flush=True)
            try:
                found[title] = _asked(peer, folder)
            except Unavailable as missing:
                print(missing, file=sys.stderr)
        return found


def _asked(peer: str, folder: str) -> dict[str, Said]:
    command = [str(python_of(peer)), "-W", "ignore", "-m", f"bench.classifier.in_{peer}", folder]
    quiet = {**os.environ, **QUIET, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{peer}: {' '.join(done.stderr.strip().splitlines()[-1:])[:300]}")
    found: dict[str, Said] = json.loads(done.stdout.splitlines()[-1])
    return found


def _table(lines: Sequence[Line], peers: Mapping[str, Mapping[str, Said]]) -> list[str]:
    heads = ["rows", "greatest distance of a feature", "AUC", "low > 0.5", f"low > {APART}", "named", *peers]
    table = [f"| {' | '.join(heads)} |", "|---|--:|--:|--:|--:|---|" + "--:|" * len(peers)]
    for line in lines:
        said = [_of(found, line.scenario) for found in peers.values()]
        table.append(f"| {' | '.join([*line.cells(), *said])} |")
    return table


def _of(found: Mapping[str, Said], scenario: Scenario) -> str:
    mine = [one for name, one in found.items() if name.rpartition("-")[0] == scenario.name]
    return f"{mean(score for score, _ in mine):.3f}, alarms {sum(alarm for _, alarm in mine)} of {len(mine)}"


def _costs() -> str:
    cost = ours.cost()
    return (
        f"{ROWS:,} and {ROWS:,} rows of {ours.COLUMNS} features, half of them texts, are told apart, and the features "
        f"named, in {cost.telling:.1f} s of CPU; {ours.MANY:,} captured rows are read in {cost.reading:.1f} s; the "
        f"process has {cost.mib:.0f} MiB in all."
    )


if __name__ == "__main__":
    main()
