"""What the drift observer costs: CPU of a round for one policy, of a start after two hours, and what its state weighs.

    python -m bench.observing [--features 20,100] [--pods 2,10] [--segments 0,2,12] [--rows 20000]

Ledgers are real ones, read as they travel, decoded included; there is no network and no API server. A round is a minute
(12 intervals) of so many rows an hour, as with the default window of an hour. Segments are values of one category, of
which every row has one, equally many of each. CPU time of one core: the median of two hours' rounds, of which the last
one closes a window; the largest state of all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.ledger import CATEGORIES, references
from mooring.ledger.binner import Binner, Strata
from mooring.ledger.book import Ledger
from mooring.ledger.interval import INTERVAL_SECONDS, Stream
from mooring.ledger.layout import OK, Sliced
from mooring.ledger.profile import (
    CategoryCounts,
    CategoryProfile,
    NumberCounts,
    NumberProfile,
    PredictionCounts,
    PredictionProfile,
    Profile,
    SegmentProfile,
)
from mooring.ledger.wire import decode
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.close import turn
from mooring.reconcile.drift.reference import Asked, Fitted, digest_of
from mooring.reconcile.drift.saved import save
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.tape import Recorded, Tape, pack
from mooring.reconcile.drift.told import told
from mooring.reconcile.drift.watch import WATCHED, Watched, begin, bounded
from mooring.stats.drift import Settings

START = 1_700_000_000.0
SCORES = Strata([k / 16 for k in range(1, 16)], 2)
SLOTS = 12
ROWS = 54_000
HOUR_SLOTS = 720
FIRST = 10
"""Of the categories that are segments: their names ascend from there."""


def sliced_column(features: int) -> str:
    """Return the column that rows are counted apart by: the first category."""
    return next(one.name for one in references(features) if one.name.startswith("t"))


def profile(features: int, segments: int) -> Profile:
    """Return a reference of 54,000 rows, with edges and counts as irregular as real ones."""
    random = np.random.default_rng(1)
    column = sliced_column(features)

    def counts(cells: int, rows: int = ROWS) -> list[int]:
        return [int(count) for count in random.multinomial(rows, [1 / cells] * cells)]

    def categories_of(name: str, rows: int = ROWS, value: int | None = None) -> list[int]:
        if name != column or not segments:
            return counts(50, rows)
        found = [0] * 50
        for at in range(segments) if value is None else (value,):
            found[FIRST + at] = rows // segments if value is None else rows
        return found

    def segment(value: int) -> SegmentProfile:
        rows = ROWS // segments
        strata = counts(32, rows)
        return SegmentProfile(
            column=column,
            value=CATEGORIES[FIRST + value],
            rows=rows,
            numbers=[NumberCounts(counts=counts(16, rows), missing=0) for _ in numbers],
            categories=[
                CategoryCounts(counts=categories_of(one.name, rows, value), other=0, missing=0) for one in categories
            ],
            holdout_rows=rows,
            predictions=PredictionCounts(
                counts=[sum(strata[at : at + 2]) for at in range(0, 32, 2)],
                classes=[sum(strata[0::2]), sum(strata[1::2])],
                strata=strata,
                losses=[count // 10 for count in strata],
            ),
        )

    names = [one.name for one in references(features)]
    numbers = [
        NumberProfile(
            name=name,
            edges=sorted(random.random(15).tolist()),
            counts=counts(16),
            missing=0,
            low=0.0,
            high=1.0,
            blocks=float(random.random() / 20),
        )
        for name in names
        if name.startswith("n")
    ]
    categories = [
        CategoryProfile(
            name=name,
            categories=CATEGORIES,
            counts=categories_of(name),
            other=0,
            missing=0,
            blocks=float(random.random() / 20),
        )
        for name in names
        if name.startswith("t")
    ]
    strata = counts(32)
    predictions = PredictionProfile(
        of="probability",
        edges=list(SCORES.edges),
        counts=[sum(strata[at : at + 2]) for at in range(0, 32, 2)],
        classes=[sum(strata[0::2]), sum(strata[1::2])],
        strata=strata,
        losses=[200] * 32,
        positive=1,
    )
    return Profile(
        rows=ROWS,
        numbers=numbers,
        categories=categories,
        holdout_rows=ROWS,
        predictions=predictions,
        segments=[segment(value) for value in range(segments)] or None,
    )


class Service:
    """Pods that count rows like the reference's."""

    def __init__(self, features: int, pods: int, rows: int, segments: int) -> None:
        self.now = START
        self.random = np.random.default_rng(0)
        self.references = references(features)
        self.segments, self.column = segments, sliced_column(features)
        binner = Binner(self.references, SCORES, (Sliced(self.column, segments),) if segments else ())
        streams = (Stream("m", "m-v1", f"pod-{number}", "life") for number in range(pods))
        self.ledgers = [Ledger(binner, stream, lambda: self.now) for stream in streams]
        self.rows_of_slot = max(1, rows // (HOUR_SLOTS * pods))
        self.layout = binner.layout

    def slot(self) -> None:
        """Let five seconds pass."""
        for ledger in self.ledgers:
            count = self.rows_of_slot
            values = self.random.integers(0, self.segments or len(CATEGORIES) - FIRST, count)
            columns = [
                [CATEGORIES[FIRST + value] for value in values]
                if one.name == self.column
                else self.random.choice(CATEGORIES, count).tolist()
                if one.name[0] == "t"
                else self.random.random(count).tolist()
                for one in self.references
            ]
            codes = self.random.integers(0, 32, count) + (32 * (values + 1) if self.segments else 0)
            ledger.append(0, 0, OK, 0.001, columns, codes.tolist())
        self.now += INTERVAL_SECONDS
        for ledger in self.ledgers:
            ledger.seal()

    def documents(self, watched: Watched) -> list[bytes]:
        """Return what pods answer."""
        return [
            ledger.since(watched.folded.since(ledger.stream.pod, ledger.stream.incarnation)) for ledger in self.ledgers
        ]


def look(
    watched: Watched, fitted: Fitted, documents: Sequence[bytes], now: float
) -> tuple[Watched, tuple[Recorded, ...]]:
    """Do what the observer does with a round's answers."""
    watched = bounded(watched, now)
    for document in documents:
        reading = decode(document)
        watched = told(watched, reading.stream.pod, WATCHED, reading, now).watched
    turned = turn(watched, fitted, now)
    seen_of(turned.watched, now)
    return turned.watched, turned.windows


def measure(features: int, pods: int, rows: int, segments: int) -> str:
    """Return a row of the table."""
    service, known = Service(features, pods, rows, segments), profile(features, segments)
    basis = Basis(service.layout, known, digest_of(known))
    asked = Asked(Settings(min_rows=min(2000, rows)), segments=(service.column,) if segments else ())
    watched = replace(begin("m-v1", asked, service.now, ""), basis=basis)
    began = time.process_time()
    fitted = Fitted(basis.layout, watched.asked, basis.profile)
    for tests in (fitted, *(within.fitted for within in fitted.segments)):
        tests.watch.resume(None)
    made = time.process_time() - began
    tape, rounds, sizes = Tape(), [], []
    start = watched
    for _ in range(2 * HOUR_SLOTS // SLOTS):
        for _ in range(SLOTS):
            service.slot()
        documents = service.documents(watched)
        began = time.process_time()
        watched, windows = look(watched, fitted, documents, service.now + 0.7)
        rounds.append(time.process_time() - began)
        sizes.append(len(save(watched)))
        tape = tape.plus("m-v1", basis, windows)
    began = time.process_time()
    save(watched)
    kept = time.process_time() - began
    documents = service.documents(start)
    began = time.process_time()
    look(start, fitted, documents, service.now + 0.7)
    caught_up = time.process_time() - began
    window = (len(pack(tape)) - len(pack(tape.without(1)))) if tape.length > 1 else 0
    numbers = (1000 * sorted(rounds)[len(rounds) // 2], 1000 * made, 1000 * kept, caught_up, max(sizes) / 1024)
    told_ = "{:.1f} ms | {:.0f} ms | {:.1f} ms | {:.2f} s | {:.1f} KiB".format(*numbers)
    return f"| {features} | {pods} | {segments or '–'} | {told_} | {window / 1024:.1f} KiB |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--features", default="20,100")
    parser.add_argument("--pods", default="2,10")
    parser.add_argument("--segments", default="0,2,12")
    parser.add_argument("--rows", type=int, default=20_000)
    words = parser.parse_args()
    titles = "a round | making the tests | writing | two hours at once | state | window on tape"
    print(f"| features | pods | segments | {titles} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for segments in map(int, words.segments.split(",")):
        for features in map(int, words.features.split(",")):
            for pods in map(int, words.pods.split(",")):
                print(measure(features, pods, words.rows, segments), flush=True)


if __name__ == "__main__":
    main()
