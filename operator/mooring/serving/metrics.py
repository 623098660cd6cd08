"""What the process has done, counted, and as Prometheus reads it."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_STARTED = time.time()
_PAGE = resource.getpagesize()


@dataclass(slots=True)
class Counters:
    """The model's calls, counted in its thread. Requests are counted by the ledger."""

    rows: int = 0
    calls: int = 0
    call_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def model_call(self, rows: int, seconds: float) -> None:
        """Count one call of the model."""
        with self._lock:
            self.rows += rows
            self.calls += 1
            self.call_seconds += seconds


Labels = Mapping[str, str]
Sample = tuple[Labels, float] | tuple[Labels, float, str]
"""Labels, value, and for a histogram or summary what follows the metric's name."""


@dataclass(frozen=True)
class Metric:
    """One metric and its samples."""

    name: str
    kind: str
    about: str
    samples: Iterable[Sample]


def render(metrics: Iterable[Metric]) -> bytes:
    """Return the metrics in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value, *suffix in metric.samples:
            name = "".join((metric.name, *suffix))
            inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}")
    return ("\n".join(lines) + "\n").encode()


def histogram(
    name: str, about: str, series: Iterable[tuple[Labels, Sequence[int], float]], edges: Sequence[float]
) -> Metric:
    """Return a histogram: of each series its labels, the counts of its buckets (one more than edges) and its sum."""
    samples: list[Sample] = []
    for labels, counts, total in series:
        below = 0
        for edge, count in zip((*map("{:g}".format, edges), "+Inf"), counts, strict=True):
            below += count
            samples.append(({**labels, "le": edge}, below, "_bucket"))
        samples += [(labels, total, "_sum"), (labels, below, "_count")]
    return Metric(name, "histogram", about, samples)


def model_metrics(counters: Counters, labels: Labels, queued_rows: int) -> list[Metric]:
    """Return the metrics of the model's calls."""
    return [
        Metric("mooring_model_rows_total", "counter", "Rows that the model has seen.", [(labels, counters.rows)]),
        Metric("mooring_model_calls_total", "counter", "Calls of the model.", [(labels, counters.calls)]),
        Metric("mooring_model_seconds_total", "counter", "Time in the model.", [(labels, counters.call_seconds)]),
        Metric("mooring_queued_rows", "gauge", "Rows that wait for the model.", [(labels, queued_rows)]),
    ]


def process_metrics() -> list[Metric]:
    """Return the usual metrics of a process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    cpu = usage.ru_utime + usage.ru_stime
    return [
        Metric("process_cpu_seconds_total", "counter", "User and system time.", [({}, cpu)]),
        Metric("process_resident_memory_bytes", "gauge", "Resident memory.", [({}, resident)]),
        Metric("process_start_time_seconds", "gauge", "When the process started.", [({}, _STARTED)]),
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
