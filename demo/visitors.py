"""People who ask models about real rows, and tell a moment later what was true. No packages are needed: runs in a pod.

    python visitors.py FOLDER URL [URL …] [--rate 40] [--batch 8]

FOLDER holds rows.csv.gz (the features, last the truth) and phases.json: which features are numbers, and what happens to
rows on their way in each phase. It begins with the first phase; SIGUSR1 begins the next one. Prints a line of JSON for
every second: what was asked, how much of it was answered rightly, by which version, in which phase.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
TELL_SECONDS = 0.3
MOST_TRUTHS = 500
"""Requests whose truths are told at once."""
ASKED_PER_CONNECTION = 10
"""Then another is opened, so that nobody stays with a version for long."""
THREADS = 6
"""Or one for each URL."""
CALLERS = 97
"""The judge of a canary wants to see that many people ask."""
Row = list[Any]


@dataclass
class Second:
    """What happened in a second."""

    at: int
    """Seconds since 1970."""
    phase: str
    rows: int = 0
    """That were answered."""
    right: int = 0
    refused: int = 0
    """Rows of requests that were answered by a 4xx."""
    failed: int = 0
    """Requests that were not answered, or by a 5xx."""
    told: int = 0
    """Truths that were accepted."""
    versions: dict[str, list[int]] = field(default_factory=dict)
    """Rows answered by each version, and rightly."""
    error: str = ""
    """The first reason of a refusal or failure."""


@dataclass(frozen=True)
class Change:
    """What happens to a column on its way: its codes are replaced, or a share of its values by one value (or none)."""

    column: str
    codes: dict[str, str] = field(default_factory=dict)
    share: float = 0.0
    value: str | None = None

    def of(self, value: Any, lot: random.Random) -> Any:
        """Return what becomes of a value."""
        if self.codes:
            return self.codes.get(value, value)
        return self.value if lot.random() < self.share else value


@dataclass(frozen=True)
class Phase:
    """A time in which rows are changed in the same way."""

    name: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Told:
    """What the folder says."""

    names: tuple[str, ...]
    numbers: frozenset[str]
    rows: tuple[Row, ...]
    """Each with its truth at the end."""
    phases: tuple[Phase, ...]

    @classmethod
    def read(cls, folder: Path) -> Told:
        """Return what a folder says."""
        told = json.loads((folder / "phases.json").read_text(encoding="utf-8"))
        with gzip.open(folder / "rows.csv.gz", "rt", encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            names, numbers = tuple(next(lines)[:-1]), frozenset(told["numbers"])
            kinds = [float if name in numbers else str for name in names]
            rows = [[*(kind(cell) if cell else None for kind, cell in zip(kinds, line, strict=False)), int(line[-1])]
                    for line in lines]  # fmt: skip
        phases = [Phase(one["name"], tuple(Change(**change) for change in one["changes"])) for one in told["phases"]]
        return cls(names, numbers, tuple(rows), tuple(phases))

    def ask(self, rows: Sequence[Row], phase: Phase, lot: random.Random) -> bytes:
        """Return a request about rows."""
        changes = {change.column: change for change in phase.changes}
        inputs = []
        for at, name in enumerate(self.names):
            values = [row[at] for row in rows]
            if change := changes.get(name):
                values = [change.of(value, lot) for value in values]
            kind = "FP64" if name in self.numbers else "BYTES"
            inputs.append({"name": name, "datatype": kind, "shape": [len(rows)], "data": values})
        return json.dumps({"inputs": inputs}).encode()


@dataclass
class Place:
    """Where a model is asked."""

    host: str
    port: int
    path: str
    truths: deque[dict[str, object]] = field(default_factory=deque)
    """To be told there."""

    @classmethod
    def of(cls, url: str) -> Place:
        """Return the place of an infer path."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or 80, parts.path)

    def connection(self) -> http.client.HTTPConnection:
        """Return a new connection."""
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)

    def tell(self) -> int:
        """Tell the truths that are there, and return how many rows' were accepted."""
        told = [self.truths.popleft() for _ in range(min(len(self.truths), MOST_TRUTHS))]
        if not told:
            return 0
        connection = self.connection()
        try:
            path = self.path.removesuffix("/infer") + "/feedback"
            connection.request("POST", path, json.dumps(told), {"content-type": "application/json"})
            return int(json.loads(connection.getresponse().read())["accepted"])
        finally:
            connection.close()


class Visitors:
    """Ask until told to stop."""

    def __init__(self, urls: Sequence[str], told: Told, rate: float, batch: int, threads: int) -> None:
        self._places = [Place.of(url) for url in urls]
        self._told = told
        self._pause, self._batch, self._threads = threads / rate, batch, threads
        self._phase = 0
        self._turn = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._second = Second(int(time.time()), told.phases[0].name)

    def next_phase(self) -> None:
        """Begin the next phase, if there is one."""
        self._phase = min(self._phase + 1, len(self._told.phases) - 1)

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def run(self) -> None:
        """Ask, tell and print, until stopped."""
        workers = [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(self._threads)]
        workers.append(threading.Thread(target=self._tell, daemon=True))
        for worker in workers:
            worker.start()
        while not self._stop.is_set():
            time.sleep(1.0 - time.time() % 1.0)
            self._print()
        for worker in workers:
            worker.join(TIMEOUT_SECONDS)
        self._print()

    def _print(self) -> None:
        phase = self._told.phases[self._phase].name
        with self._lock:
            ended, self._second = self._second, Second(int(time.time()), phase)
        print(json.dumps(asdict(ended)), flush=True)

    def _ask(self, number: int) -> None:
        lot, due = random.Random(number), time.monotonic() + self._pause * number / self._threads  # noqa: S311
        place = self._places[number % len(self._places)]
        connection = place.connection()
        for turn, rows in enumerate(self._shares(), 1):
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            due = max(due + self._pause, time.monotonic() - self._pause)
            headers = {"content-type": "application/json", "x-mooring-caller": f"caller-{lot.randrange(CALLERS)}"}
            try:
                connection.request(
                    "POST", place.path, self._told.ask(rows, self._told.phases[self._phase], lot), headers
                )
                answer = connection.getresponse()
                self._note(place, rows, answer.status, json.loads(answer.read()))
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                connection.close()
                self._fail(f"{type(error).__name__}: {error}")
            if turn % ASKED_PER_CONNECTION == 0:
                connection.close()

    def _shares(self) -> Iterator[Sequence[Row]]:
        rows = self._told.rows
        while True:
            with self._lock:
                start, self._turn = self._turn, (self._turn + self._batch) % (len(rows) - self._batch)
            yield rows[start : start + self._batch]

    def _note(self, place: Place, rows: Sequence[Row], status: int, found: dict[str, Any]) -> None:
        if status != http.client.OK:
            return self._fail(f"{status}: {found.get('error')}", len(rows) if status < 500 else 0)
        labels = next(output["data"] for output in found["outputs"] if output["name"] == "label")
        truths = [row[-1] for row in rows]
        right = sum(label == truth for label, truth in zip(labels, truths, strict=True))
        place.truths.append({"id": found["parameters"]["prediction_id"], "truth": truths})
        with self._lock:
            self._second.rows += len(rows)
            self._second.right += right
            of_version = self._second.versions.setdefault(str(found["model_version"]), [0, 0])
            of_version[0] += len(rows)
            of_version[1] += right
        return None

    def _fail(self, error: str, refused: int = 0) -> None:
        with self._lock:
            self._second.refused += refused
            self._second.failed += not refused
            self._second.error = self._second.error or error[:300]

    def _tell(self) -> None:
        while not self._stop.wait(TELL_SECONDS):
            for place in self._places:
                try:
                    accepted = place.tell()
                except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                    self._fail(f"feedback: {type(error).__name__}: {error}")
                else:
                    with self._lock:
                        self._second.told += accepted


def main(arguments: Sequence[str]) -> None:
    """Ask until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("urls", nargs="+", help="http:// addresses of infer paths, asked in turn")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--batch", type=int, default=8, help="rows of a request")
    given = parser.parse_args(arguments)
    threads = max(1, THREADS // len(given.urls)) * len(given.urls)
    visitors = Visitors(given.urls, Told.read(given.folder), given.rate, given.batch, threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: visitors.stop())
    signal.signal(signal.SIGUSR1, lambda *_: visitors.next_phase())
    visitors.run()
    os._exit(0)  # threads that still wait for an answer are not waited for


if __name__ == "__main__":
    main(sys.argv[1:])
