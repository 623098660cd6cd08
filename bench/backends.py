"""Every estimator compiled and by scikit-learn: time of a call, and the greatest difference of an answer.

    PYTHONPATH=operator python -m bench.backends

Both are asked as a server asks them, with values as a request brings them. Times are the best of several rounds, in
microseconds a call, of one and of 64 rows with 8 numbers (some missing) and 2 categories.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mooring.api.estimators import table
from mooring.api.trainingjob import DataSource
from mooring.artifact.compiled import load_compiled
from mooring.artifact.frame import to_frame
from mooring.artifact.predict import ask
from mooring.training.compile import compile_into
from mooring.training.fit import fit
from mooring.training.pipeline import build
from mooring.training.prepare import Prepared, prepare

SIZES = (1, 64)
ROUNDS = 5
SECONDS_A_ROUND = 0.1


def rows(count: int = 5000) -> pd.DataFrame:
    """Return rows with a target of two classes and one of numbers."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{index}": random.normal(size=count) for index in range(8)})
    frame["city"] = random.choice([f"city {index}" for index in range(40)], count)
    frame["team"] = random.choice(["red", "green", "blue"], count)
    frame["number"] = frame["n0"] * frame["n1"] + frame["n2"] + (frame["team"] == "red") + random.normal(0, 0.3, count)
    frame["label"] = (frame["number"] > 0).astype(int)
    frame.loc[random.random(count) < 0.05, "n3"] = np.nan
    return frame


def trained(estimator: str) -> tuple[Pipeline, Prepared]:
    """Return an estimator with scikit-learn's defaults, fitted."""
    regression = table()[estimator].family == "Regression"
    target, other = ("number", "label") if regression else ("label", "number")
    source = DataSource(uri="s3://bench/rows", target=target, ignore=[other])
    found = prepare(pa.Table.from_pandas(rows(), preserve_index=False), source, "bench", [])
    pipeline = build(estimator, {}, found.features, seed=0, jobs=1)
    kept = ~found.holdout
    return fit(pipeline, found.frame[kept], found.target.values[kept])[0], found


def microseconds(call: Callable[[], object]) -> float:
    """Return what a call takes."""
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        calls, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < SECONDS_A_ROUND:
            call()
            calls += 1
        best = min(best, elapsed / calls)
    return best * 1e6


def line(estimator: str) -> str:
    """Return an estimator's line of the table."""
    pipeline, found = trained(estimator)
    task, features = found.target.task, found.features
    cells = [f"{estimator:31}"]
    with tempfile.TemporaryDirectory() as scratch:
        outcome = compile_into(Path(scratch), pipeline, found, task, 0)
        if outcome.record is None:
            return f"{estimator:31} {outcome.said}"
        model = load_compiled(Path(scratch), task, features)
    for size in SIZES:
        columns = {name: found.frame[name].head(size).tolist() for name in found.frame}
        values = list(columns.values())
        theirs = microseconds(lambda columns=columns: ask(pipeline, task, to_frame(features, columns)))  # type: ignore[misc]
        ours = microseconds(lambda values=values: model.ask(values))  # type: ignore[misc]
        cells.append(f"{theirs:9.0f} {ours:8.1f} {theirs / ours:6.0f}x")
    cells.append(f"{outcome.record.max_difference:9.1g} {outcome.record.ties:5} {outcome.record.rows:8}")
    return " ".join(cells)


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    head = " ".join(f"{f'sklearn n={size}':>12} {'ours':>5} {'ratio':>6}" for size in SIZES)
    print(f"{'µs a call':28} {head} {'max |dp|':>9} {'ties':>5} {'rows':>8}")
    with threadpool_limits(limits=1):
        for estimator in sorted(table()):
            print(line(estimator), flush=True)


if __name__ == "__main__":
    main()
