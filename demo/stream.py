"""A pod of visitors: real rows with their truths, changed on their way as one phase after the other says."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from demo.follow import follow
from demo.kubectl import Kubectl
from demo.pods import script_pod
from demo.visitors import Phase, Second

SCRIPT = Path(__file__).with_name("visitors.py")
READY_SECONDS = 90.0
MOST_SECONDS = 1800


@dataclass(frozen=True)
class Rows:
    """What is asked."""

    features: pd.DataFrame
    truths: Sequence[int]

    @property
    def numbers(self) -> list[str]:
        """The columns that are numbers."""
        return [str(name) for name in self.features.columns if self.features[name].dtype.kind in "fi"]

    def packed(self) -> bytes:
        """Return the rows as a compressed CSV."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*self.features.columns, "truth"])
        for row, truth in zip(self.features.itertuples(index=False), self.truths, strict=True):
            writer.writerow(["" if pd.isna(cell) else cell for cell in row] + [int(truth)])
        return gzip.compress(text.getvalue().encode(), mtime=0)


@dataclass(frozen=True)
class Asked:
    """Which model is asked, how often, and by what."""

    model: str
    image: str
    """Of the pod: any with Python."""
    rate: int
    """Requests a second, to all services together."""
    batch: int
    """Rows of a request."""


@dataclass(frozen=True)
class Stream:
    """The pod, in one namespace."""

    kubectl: Kubectl
    name: str

    def begin(self, services: Sequence[str], asked: Asked, rows: Rows, phases: Sequence[Phase]) -> None:
        """Start asking; returns when answers are counted."""
        self.kubectl.run("delete", "pod", self.name, "--ignore-not-found", "--grace-period=1")
        told = {"numbers": rows.numbers, "phases": [asdict(phase) for phase in phases]}
        files = {"phases.json": json.dumps(told), SCRIPT.name: SCRIPT.read_text(encoding="utf-8")}
        packed = {"rows.csv.gz": base64.b64encode(rows.packed()).decode()}
        about = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": self.name}}
        self.kubectl.apply_object({**about, "data": files, "binaryData": packed})
        here = f"{self.kubectl.namespace}.svc/v2/models/{asked.model}/infer"
        words = ["/visitors", *(f"http://{service}.{here}" for service in services)]
        self.kubectl.apply_object(
            script_pod(
                self.name,
                asked.image,
                "/visitors",
                [f"/visitors/{SCRIPT.name}", *words, f"--rate={asked.rate}", f"--batch={asked.batch}"],
                seconds=MOST_SECONDS,
            )
        )
        follow(
            f"{self.name} asks",
            self.seconds,
            tell=lambda _: "",
            done=lambda seconds: any(second.rows for second in seconds),
            seconds=READY_SECONDS,
            look_at=(f"kubectl -n {self.kubectl.namespace} logs {self.name}",),
        )

    def next_phase(self) -> None:
        """Let the next phase begin."""
        self._signal("SIGUSR1")

    def seconds(self) -> list[Second]:
        """Return what happened in each second so far."""
        text = self.kubectl.run("logs", self.name) if self._runs() else ""
        return [Second(**json.loads(line)) for line in text.splitlines() if line.startswith("{")]

    def end(self) -> list[Second]:
        """Stop asking, and return what happened in each second."""
        found = self.seconds()
        self.kubectl.run("delete", "pod", self.name, "--ignore-not-found", "--wait=false", "--grace-period=1")
        return found

    def _runs(self) -> bool:
        phase = self.kubectl.run("get", "pod", self.name, "-o", "jsonpath={.status.phase}", "--ignore-not-found")
        return phase not in ("", "Pending")

    def _signal(self, name: str) -> None:
        self.kubectl.run("exec", self.name, "--", "python3", "-c", f"import os, signal; os.kill(1, signal.{name})")


@contextmanager
def asking(stream: Stream) -> Iterator[Stream]:
    """Take the pod away in any case."""
    try:
        yield stream
    finally:
        stream.kubectl.run("delete", "pod", stream.name, "--ignore-not-found", "--wait=false", "--grace-period=1")
