"""Peers' answers, each from a process in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench.drifting.peers.exchange import Arrays, Job
from bench.peers.environments import Unavailable, python_of
from cluster.paths import REPOSITORY

ONE_CORE = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}


def ask(peer: str, job: Job, *, within_seconds: float = 3600.0) -> Arrays:
    """Return what the peer answers; raises Unavailable where it cannot be installed or fails."""
    python = python_of(peer)
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        asked, answer = Path(scratch, "job.json"), Path(scratch, "answer.npz")
        job.write(asked)
        command = [str(python), "-W", "ignore", "-m", f"bench.drifting.peers.{peer}", str(asked), str(answer)]
        environment = {**os.environ, **ONE_CORE, "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
        try:
            done = subprocess.run(
                command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=within_seconds
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"no answer within {within_seconds:.0f} s") from None
        if done.returncode:
            raise Unavailable(f"{peer}: {' '.join(done.stderr.strip().splitlines()[-1:])[:200]}")
        with np.load(answer) as found:
            return dict(found)
