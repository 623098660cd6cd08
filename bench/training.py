"""What training costs beyond the fit: `python -m bench.training` (needs no cluster; prints one line a figure)."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mooring.api.trainingjob import Slice
from mooring.api.wire import TrainOrder
from mooring.artifact.predict import Answers
from mooring.cli.recipe import LocalSpec
from mooring.training.journal import Journal
from mooring.training.load import load
from mooring.training.prepare import prepare
from mooring.training.profile import profile
from mooring.training.run import Run, execute
from mooring.training.segments import segment_metrics, with_segments
from mooring.training.slices import sliced_by

COLUMNS = 20


def write_rows(file: Path, rows: int) -> int:
    """Write rows of 16 numbers and 4 texts with a target, and return their bytes in memory as columns."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{k:02}": random.normal(size=rows) for k in range(COLUMNS - 4)})
    for k in range(4):
        frame[f"t{k}"] = pd.Categorical.from_codes(random.integers(0, 20, rows), [f"c{n}" for n in range(20)])
    frame["y"] = (frame["n00"] + random.normal(size=rows) > 0).astype(np.int64)
    frame.to_parquet(file, row_group_size=131072)
    return rows * (COLUMNS + 1) * 8


def data_pass(file: Path) -> dict[str, float]:
    """Load, check, digest, split and profile; return seconds and the peak memory beyond the libraries, in bytes.

    Beside that total: what twelve segments of a text take, to be profiled and to be measured.
    """
    source = LocalSpec.model_validate(
        {"data": {"uri": str(file), "target": "y"}, "trainer": {"sklearn": {"estimator": "LogisticRegression"}}}
    ).data
    before, start = _peak(), time.perf_counter()
    loaded = load(str(file), "Parquet", {})
    loading = time.perf_counter() - start
    prepared = prepare(loaded.table, source, "bench", [])
    preparing = time.perf_counter() - start - loading
    held = int(prepared.holdout.sum())
    probability = np.column_stack([np.linspace(1, 0, held), np.linspace(0, 1, held)])
    answers = Answers(probability=probability, codes=probability.argmax(axis=1))
    whole = profile(prepared.features, prepared.frame, prepared.target, prepared.holdout, answers)
    total = time.perf_counter() - start
    found = {"load": loading, "prepare": preparing, "profile": total - loading - preparing, "total": total}
    found["peak_bytes"] = _peak() - before
    slices = sliced_by([Slice(column="t0")], source, prepared.frame, prepared.holdout)
    sliced = replace(prepared, slices=slices)
    with_segments(whole, sliced, answers)
    profiled = time.perf_counter() - start
    segment_metrics(sliced, answers, seed=0, primary=None)
    return found | {"segments": profiled - total, "their metrics": time.perf_counter() - start - profiled}


def overhead(rows: int) -> dict[str, float]:
    """Return the seconds of a whole run's steps at `rows` rows, from a local file to a local artifact."""
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder) / "x.parquet", rows)
        spec = {
            "data": {"uri": f"{folder}/x.parquet", "target": "y"},
            "trainer": {"sklearn": {"estimator": "HistGradientBoostingClassifier"}},
            "output": {"uri": f"{folder}/models"},
        }
        order = {"namespace": "bench", "name": "bench", "model": "bench", "run": 1, "run_id": "00000000"}
        order |= {"request": "bench", "recipe_hash": "bench", "image": "bench"}
        order_ = TrainOrder.model_validate(order | {"spec": LocalSpec.model_validate(spec)})
        journal, start = Journal(), time.perf_counter()
        execute(Run(order_, {}, {}, journal))
        whole = time.perf_counter() - start
    return {**journal.seconds, "whole": whole, "beyond_fit": whole - journal.seconds["fit"]}


def _peak() -> int:
    """Return the process's peak memory; getrusage's would be its parent's where that was greater."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _in_a_process(*words: str) -> str:
    command = [sys.executable, "-m", "bench.training", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def main() -> None:
    """Print the figures; each is measured in a process of its own, whose peak memory is then its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the data pass")
    parser.add_argument("--part", choices=["data", "run"])
    parser.add_argument("--file", type=Path)
    arguments = parser.parse_args()
    if arguments.part == "data":
        print(json.dumps(data_pass(arguments.file)))
        return
    if arguments.part == "run":
        print(json.dumps(overhead(68_785)))
        return
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import mooring.training.__main__"], check=True)
    print(f"imports                     {time.perf_counter() - start:6.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        size = write_rows(Path(folder) / "x.parquet", arguments.rows)
        found = json.loads(_in_a_process("--part", "data", "--file", f"{folder}/x.parquet"))
    for name in ("load", "prepare", "profile", "total", "segments", "their metrics"):
        print(f"{arguments.rows} x {COLUMNS}, {name:13}{found[name]:6.2f} s")
    print(f"{arguments.rows} x {COLUMNS}, peak memory  {found['peak_bytes'] / size:6.2f} x the data")
    for name, seconds in json.loads(_in_a_process("--part", "run")).items():
        print(f"68785 x {COLUMNS}, {name:14} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
