"""Drift on real data: three years of census rows with their true answers, by Mooring and by its peers.

    python -m bench.census_drift [--fill docs/figures/loop.md] [--without PEER]

Mooring is its own code with a DriftPolicy's defaults: rows are binned as serving pods do, and a window of 2000 rows
(about ten days) closes every ten sealed days; a day's truths come the day after. Peers get the same windows, with their
own defaults. Everything is seeded. About five minutes, nearly all of them Evidently's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.census_drift.given import Voices
from bench.census_drift.ours import Mooring
from bench.census_drift.peers import PEERS, write
from bench.census_drift.rows import Census
from bench.census_drift.scenarios import scenarios
from bench.census_drift.table import table
from bench.fill import fill
from bench.peers.environments import Unavailable
from demo import data


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask everybody, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [peer.environment for peer in PEERS]
    parser.add_argument("--without", action="append", default=[], choices=names, help="leave out a peer")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the table between the marks of this file")
    given = parser.parse_args(arguments)
    data.fetch()
    census = Census()
    happening = list(scenarios(census))
    mooring = Mooring(census)
    said = {scenario.name: mooring.says(scenario.rows) for scenario in happening}
    peers: dict[str, dict[str, Voices]] = {}
    with tempfile.TemporaryDirectory(prefix="census-") as folder:
        write(census, happening, Path(folder))
        for peer in PEERS:
            if peer.environment in given.without:
                continue
            print(f"asking {peer.title}", file=sys.stderr, flush=True)
            try:
                peers[peer.title] = peer.asked(Path(folder))
            except Unavailable as missing:
                print(missing, file=sys.stderr)
    made = table(census, happening, said, peers)
    print(made)
    if given.fill:
        fill(given.fill, made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
