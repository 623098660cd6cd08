"""What a join costs: seconds, and memory beyond the libraries, for captured rows and a table of truths.

    python -m bench.label [--rows 200000] [--truths 2000000]

One process, files of this machine, nobody told. A hundredth of the table's truths, at most, is of captured rows.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mooring.batch.label.order import LabelOrder
from mooring.batch.label.run import Label, execute
from mooring.ledger.binner import Strata
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.capture.part import ColumnType, Encoder, Head
from mooring.serving.capture.waiting import Predicted
from mooring.serving.ids import Identity, Ids
from mooring.serving.record import Scoring

FEATURES = 20
PART = 5_000
SCORING = Scoring(Strata((), 2), 1, 0, {0: 0, 1: 1}, 1)


def captured(folder: Path, ids: Ids, rows: int) -> list[str]:
    """Write parts of requests of one row, and return their ids."""
    features = [ColumnType(name=f"n{number}", datatype="FP64") for number in range(FEATURES)]
    target = ColumnType(name="y", datatype="INT64")
    head = Head(kind="rows", model="m", version="m-v1", digest="d", pod="p", features=features, target=target)
    encoder, kinds, now = (
        Encoder(head.model_copy(update={"classes": [0, 1]}), SCORING),
        Kinds([False] * FEATURES),
        time.time(),
    )
    values = np.random.default_rng(0).random((PART, FEATURES))
    packed = [Packed(kinds, 1, row.tobytes()) for row in values]
    day = folder / "parts" / time.strftime("%Y-%m-%d", time.gmtime(now))
    day.mkdir(parents=True)
    made: list[str] = []
    for part in range(rows // PART):
        names = [ids.of_classes(0, [0], captured=True) for _ in range(PART)]
        items = [
            Predicted(name, name[:16], 0, now, packed[at], [[1], [0.4, 0.6]], 1, 1) for at, name in enumerate(names)
        ]
        (day / f"rows-000000-p-a-{part:05}.jsonl.gz").write_bytes(encoder.rows(items))
        made += names
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.label", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--truths", type=int, default=2_000_000)
    options = parser.parse_args(arguments)
    ids = Ids(bytes(32), Identity("m", "m-v1", "[0,1]"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        started = time.perf_counter()
        known = captured(folder / "shop", ids, options.rows)
        print(f"{options.rows} rows of {FEATURES} features written in {time.perf_counter() - started:.1f} s")
        given = folder / "truths.parquet"
        with pq.ParquetWriter(given, pa.schema([("id", pa.string()), ("truth", pa.int64())])) as writer:
            for start in range(0, options.truths, 100_000):
                names = [*known[start // 100 :][:1000], *(ids.of_classes(0, [0]) for _ in range(99_000))]
                writer.write_table(pa.table({"id": names, "truth": [1] * len(names)}))
        del known
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.perf_counter(), time.process_time()
        summary = execute(Label(LabelOrder(str(folder / "shop"), str(folder / "out"), str(given))))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("\n".join(summary.lines()))
    print(
        f"joined in {took:.1f} s, {cpu:.1f} s of CPU; peak {after / 1024:.0f} MiB ({before / 1024:.0f} before it began)"
    )


if __name__ == "__main__":
    main()
