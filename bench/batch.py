"""`mooring predict` beside `mlflow models predict`: the same fitted pipeline and file, each whole process on one core.

    PYTHONPATH=operator python -m bench.batch [--models forest,census] [--rows 1000000]

Prints Markdown: rows a second and CPU seconds of the whole process (start, reading, writing; of the tree that it
starts), its peak of resident memory, and how much less ours takes. MLflow reads CSV and JSON and writes JSON; ours is
measured on the same CSV, and on Parquet. The labels of both are compared. Where others use the machine, CPU seconds
tell more than rows a second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bench.peers.environments import Unavailable, python_of
from bench.peers.models import RECIPES, data, make
from mooring.artifact.manifest import MODEL
from mooring.artifact.model import load_model

HERE = Path(__file__).parent
_LAUNCH = """\
import json, os, sys, time
began = time.monotonic()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
numbers = time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
open(sys.argv[1], "w").write(json.dumps(numbers))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process in between: the peak of a process counts that of the one that started it, until it began its own."""
HEAD = "| | rows/s | CPU s | peak MiB | ours takes, CPU | memory |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Cost:
    """Of one whole process."""

    seconds: float
    cpu: float
    peak: float
    """MiB."""


def main() -> None:
    """Measure each model and print a table."""
    given = _arguments()
    print(f"{given.rows} rows, one core, the machine's load before: {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    for name in given.models.split(","):
        with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
            measure(name, given.rows, Path(scratch))


def measure(name: str, rows: int, folder: Path) -> None:
    """Print the lines of one model."""
    model = make(name, folder / "model")
    table = pa.Table.from_pandas(data(model.recipe, rows, seed=29).drop(columns="bought"), preserve_index=False)
    pyarrow.csv.write_csv(table, folder / "rows.csv")
    pyarrow.parquet.write_table(table, folder / "rows.parquet")
    del table
    ours = {form: _ours(model.artifact, folder / f"rows.{form.lower()}", folder / form) for form in ("CSV", "Parquet")}
    title = model.recipe.title
    try:
        theirs = _mlflow(model.artifact, folder)
        if _labels(folder / "mlflow.json") != pd.read_parquet(folder / "CSV")["label"].tolist():
            raise Unavailable("answers otherwise")
        print(_line(f"{title}: MLflow, CSV", rows, theirs), flush=True)
    except Unavailable as problem:
        theirs = None
        print(f"| {title}: MLflow: {problem} |", flush=True)
    for form, cost in ours.items():
        print(_line(f"{title}: **Mooring**, {form}", rows, cost, theirs), flush=True)


def _ours(artifact: Path, file: Path, output: Path) -> Cost:
    words = ["predict", str(artifact), "--input", str(file), "--output", str(output)]
    return _run([sys.executable, "-m", "mooring.cli.main", *words])


def _mlflow(artifact: Path, folder: Path) -> Cost:
    joblib.dump(load_model(artifact / MODEL), folder / "pipeline.joblib")
    python = str(python_of("mlflow"))
    save = [python, str(HERE / "peers" / "mlflow_save.py"), str(folder / "pipeline.joblib"), str(folder / "saved")]
    _run(save)
    words = ["models", "predict", "-m", str(folder / "saved"), "-i", str(folder / "rows.csv"), "-t", "csv"]
    words += ["-o", str(folder / "mlflow.json"), "--env-manager", "local"]
    return _run([python, "-m", "mlflow", *words])


def _run(command: Sequence[str]) -> Cost:
    """Return what a process costs; raises Unavailable with its last line where it fails."""
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    path = f"{Path(command[0]).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.NamedTemporaryFile() as used, tempfile.TemporaryFile() as said:
        launch = [sys.executable, "-S", "-c", _LAUNCH, used.name, *pinned]
        done = subprocess.run(launch, stdout=said, stderr=subprocess.STDOUT, env=environment, check=False)
        if done.returncode:
            said.seek(0)
            raise Unavailable(said.read().decode(errors="replace").strip().splitlines()[-1][:200])
        return Cost(*json.loads(used.read()))


def _labels(file: Path) -> list[object]:
    content = json.loads(file.read_text())
    found = content["predictions"] if isinstance(content, dict) else content
    return [value[0] if isinstance(value, list) else value for value in found]


def _line(title: str, rows: int, cost: Cost, theirs: Cost | None = None) -> str:
    cells = [title, f"{rows / cost.seconds:,.0f}", f"{cost.cpu:.1f}", f"{cost.peak:.0f}"]
    cells += [f"{theirs.cpu / cost.cpu:.1f}× less", f"{theirs.peak / cost.peak:.1f}× less"] if theirs else ["", ""]
    return f"| {' | '.join(cells)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description="Scoring files, ours and MLflow's.")
    parser.add_argument("--models", default=",".join(RECIPES), help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
