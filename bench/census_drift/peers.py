"""Peers, each asked once about all scenarios, in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.census_drift.given import REFERENCE, Voices
from bench.census_drift.rows import WINDOW, Census
from bench.census_drift.scenarios import Scenario
from bench.peers.environments import Unavailable, python_of
from cluster.paths import REPOSITORY
from demo.upstream import TRUTH

QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
"""Peers that would tell their authors of their use."""
SECONDS = 3600.0


@dataclass(frozen=True)
class Peer:
    """One of them."""

    title: str
    environment: str
    module: str

    def asked(self, folder: Path) -> dict[str, Voices]:
        """Return what it says of each scenario in a folder; raises Unavailable."""
        command = [str(python_of(self.environment)), "-W", "ignore", "-m", self.module, str(folder)]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **QUIET},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"{self.title}: {' '.join(done.stderr.strip().splitlines()[-1:])[:200]}")
        found: dict[str, Voices] = json.loads(done.stdout.splitlines()[-1])
        return found


PEERS = (
    Peer("Evidently 0.7.23", "evidently", "bench.census_drift.in_evidently"),
    Peer("NannyML 0.13.1", "nannyml", "bench.census_drift.in_nannyml"),
    Peer("alibi-detect 0.13.0", "alibi", "bench.census_drift.in_alibi"),
)


def write(census: Census, happening: Iterable[Scenario], folder: Path) -> None:
    """Write what peers are given: rows with the model's answers."""
    _answered(census, census.first_year).to_csv(folder / REFERENCE, index=False)
    for scenario in happening:
        rows = _answered(census, scenario.rows)
        rows.assign(window=np.arange(len(rows)) // WINDOW).to_csv(folder / f"{scenario.name}.csv", index=False)


def _answered(census: Census, rows: pd.DataFrame) -> pd.DataFrame:
    answers = census.answers(rows)
    return rows[census.features].assign(score=answers.scores, label=answers.labels, truth=rows[TRUTH])
