"""What the account of a request costs: µs for its record, its id and its share of the binning.

    python -m bench.ledger [--features 4,20,100] [--rows 1,64] [--slices none,2,12]

`--slices` counts the rows apart by so many values of a text; `2n`: of a number. Every row has one of them.

One core, no HTTP and no model; CPU time, the best of several rounds. What it costs of a server's whole request is in
`bench.serving`, beside the bare loop.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from mooring.ledger.binner import Binner, NumberEdges, Reference, Strata, TextTable
from mooring.ledger.book import KEPT_SECONDS, Ledger
from mooring.ledger.interval import INTERVAL_SECONDS, Stream
from mooring.ledger.packed import Kinds, Packed
from mooring.ledger.slicer import SlicedFeature, Slicer
from mooring.serving.backends import Answers
from mooring.serving.capture import Capture
from mooring.serving.capture.part import ColumnType, Encoder, Head
from mooring.serving.capture.sample import Sampler
from mooring.serving.ids import Identity, Ids, form_of
from mooring.serving.record import Recorder, Scoring
from mooring.serving.v2.decode import Asked

REQUESTS = 20_000
ROUNDS = 9
CATEGORIES = [f"category {number}" for number in range(50)]
EDGES = [k / 16 for k in range(1, 16)]


class Caller:
    """As much of a request as is recorded."""

    headers: dict[bytes, bytes] = {}  # noqa: RUF012 (shared and empty, as a request's without any of ours is)
    address = b"10.0.0.1"
    extra = b""

    def __init__(self, rows: int, features: int, number: int) -> None:
        self.body = b"%d" % number + bytes(64 * features + 10 * features * rows)
        """About as long as what a client sends, and of another content each."""


def references(features: int) -> list[Reference]:
    """Return the reference of so many features, every fourth of them text."""
    return [
        TextTable(f"t{number}", CATEGORIES, CATEGORIES)
        if number % 4 == 3
        else NumberEdges(f"n{number}", EDGES, 0.0, 1.0)
        for number in range(features)
    ]


def sliced(wanted: str) -> SlicedFeature | None:
    """Return the feature to slice by: the first text, or the first number."""
    if wanted == "none":
        return None
    values = int(wanted.removesuffix("n"))
    if wanted.endswith("n"):
        return SlicedFeature(0, "n0", EDGES[:values])
    return SlicedFeature(3, "t3", CATEGORIES[:values])


def requests(features: int, rows: int, count: int, by: SlicedFeature | None) -> list[Asked]:
    """Return requests with values all over the reference; of the feature to slice by, those that are segments."""
    random = np.random.default_rng(0)
    kinds = Kinds([number % 4 == 3 for number in range(features)])
    made = []
    for _ in range(count):
        columns = [
            random.choice(CATEGORIES, rows).tolist() if number % 4 == 3 else random.random(rows).tolist()
            for number in range(features)
        ]
        if by is not None:
            columns[by.feature] = random.choice(np.array(by.values), rows).tolist()
        made.append(Asked(id=None, rows=rows, columns=Packed.of(kinds, columns), outputs=()))
    return made


def capture(scoring: Scoring) -> Capture:
    """Return what keeps 10 requests in 1000, and never writes."""
    head = Head(
        kind="rows", model="m", version="m-v1", digest="d", pod="p", target=ColumnType(name="y", datatype="INT64")
    )
    return Capture(Sampler(bytes(32), 10), Encoder(head, scoring), lambda path, content: None, "p")


def best(work: Callable[[], None], count: int) -> float:
    """Return the least µs for one of `count`."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times) / count * 1e6


def row(features: int, rows: int, slices: str) -> str:
    """Return a line of the table."""
    strata, by = Strata(EDGES, 2), sliced(slices)
    kinds = Kinds([number % 4 == 3 for number in range(features)])
    slicer = None if by is None else Slicer(kinds, [by], len(EDGES) * 2 + 2)
    binner = Binner(references(features), strata, slicer.sliced if slicer else ())
    ledger = Ledger(binner, Stream("m", "m-v1", "pod", "life"))
    ids = Ids(bytes(32), Identity("m", "m-v1", "[0,1]"))
    scoring = Scoring(strata, 1, 0, {0: 0, 1: 1}, 1)
    recorder = Recorder(ledger, ids, scoring, [], slicer)
    count = max(REQUESTS // rows // max(1, features // 20), 64)
    asked = requests(features, rows, min(count, 512), by)
    answers: Answers = [[0, 1] * (rows // 2) + [1] * (rows % 2), [0.3, 0.7] * rows]
    plain = scoring.of_answers(answers)
    codes = plain if slicer is None else slicer.codes(asked[0].columns, plain)
    form = form_of(ledger.layout.strata * ledger.layout.combinations, regression=False)
    callers = [Caller(rows, features, number) for number in range(len(asked))]

    def whole() -> None:
        for number in range(count):
            one, request = asked[number % len(asked)], callers[number % len(asked)]
            found = recorder.score(request, one, answers)  # type: ignore[arg-type]  # what is recorded of one
            recorder.answered(request, 0.0, one, found)  # type: ignore[arg-type]
        ledger.flush()

    def made() -> None:
        for _ in range(count):
            ids.of_classes(0, codes, form)

    def binned() -> None:
        for number in range(count):
            ledger.append(0, 0, 0, 0.001, asked[number % len(asked)].columns, codes)
        ledger.flush()

    def sealed() -> None:
        for _ in range(20):
            ledger.append(0, 0, 0, 0.001, asked[0].columns, codes)
            ledger.seal()

    every, identity, bins = best(whole, count), best(made, count), best(binned, count)
    recorder.capture = capture(scoring)
    kept_too = best(whole, count) - every
    for _ in range(KEPT_SECONDS // INTERVAL_SECONDS):
        ledger.append(0, 0, 0, 0.001, asked[0].columns, codes)
        ledger.seal()
    kept = ledger.kept_bytes / 2**20
    costs = (f"{cost:.2f}" for cost in (every, identity, bins, kept_too))
    parts = (features, rows, slices, *costs, f"{best(sealed, 20):.0f}")
    return f"| {' | '.join(map(str, parts))} | {ledger.layout.size} | {kept:.1f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--features", default="4,20,100")
    parser.add_argument("--rows", default="1,64")
    parser.add_argument("--slices", default="none,2,12")
    options = parser.parse_args(arguments)
    costs = "µs a request | of it the id | append and binning | capture of 10 per mille, beside that"
    print(f"| features | rows | slices | {costs} | µs to seal | cells | MiB kept |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for rows in options.rows.split(","):
        for features in options.features.split(","):
            for slices in options.slices.split(","):
                print(row(int(features), int(rows), slices))
    print(f"\nkept: {KEPT_SECONDS} s of intervals with one request each.")


if __name__ == "__main__":
    main()
