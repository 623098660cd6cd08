"""Mooring's classifier on two samples, by the code that its Job runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from bench.classifier.draws import ROWS, Draw
from bench.drifting.peers.measured import measured, peak
from bench.label import FEATURES, captured
from mooring.api.modelversion import Artifact
from mooring.api.wire import ClassifyOrder
from mooring.batch.classify.captured import Drawn, draw
from mooring.batch.classify.telling import Told, tell_apart
from mooring.serving.ids import Identity, Ids
from mooring.training.columns import infer_features
from mooring.training.journal import Journal

COLUMNS = 20
MANY = 50_000


def says(draw: Draw, seed: int) -> Told:
    """Return how well the rows of a draw are told apart."""
    tables = [pa.Table.from_pandas(part, preserve_index=False) for part in (draw.captured, draw.reference)]
    captured, reference = tables[0].cast(tables[1].schema), tables[1]
    return tell_apart(captured, reference, infer_features(reference, reference.column_names), seed)


@dataclass(frozen=True)
class Cost:
    """Of a look, in CPU seconds, and in MiB of its process at most."""

    reading: float
    """MANY captured rows, of which ROWS are taken."""
    telling: float
    """ROWS of each sample apart, and naming features."""
    mib: float


def cost() -> Cost:
    """Return what a look at rows of COLUMNS columns costs, half of them texts, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", __spec__.name], capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def _cost() -> Cost:
    random = np.random.default_rng(0)
    halves = COLUMNS // 2

    def sample(shift: float) -> pd.DataFrame:
        numbers = {f"x{at}": random.normal(shift, 1, ROWS) for at in range(halves)}
        return pd.DataFrame(numbers | {f"t{at}": random.choice([*"abcdefgh"], ROWS) for at in range(halves)})

    both = Draw(sample(0), sample(0.1))
    says(Draw(both.reference[:1000], both.captured[:1000]), 0)  # what is loaded once is not its cost
    reading = _reading()
    telling, _ = measured(lambda: says(both, 0))
    return Cost(reading, telling, peak())


def _reading() -> float:
    with tempfile.TemporaryDirectory(prefix="classifier-") as folder:
        captured(Path(folder), Ids(bytes(32), Identity("m", "m-v1", "[0,1]")), MANY)
        names = [f"n{at}" for at in range(FEATURES)]
        made = Artifact.model_construct(uri="s3://m", digest="d", bytes=0, format="Skops")
        order = ClassifyOrder.model_construct(
            version="m-v1", artifact=made, captured=folder, since=0, max_rows=ROWS, seed=0
        )
        found: list[Drawn] = []
        seconds, _ = measured(lambda: found.append(draw(order, names, {}, Journal())))
    assert (found[0].seen, len(found[0].rows)) == (MANY, ROWS)
    return seconds


if __name__ == "__main__":
    print(json.dumps(asdict(_cost())))
