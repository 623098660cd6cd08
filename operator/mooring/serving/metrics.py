"""What the process has done, counted, and as Prometheus reads it."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_STARTED = time.time()
_PAGE = resource.getpagesize()


@dataclass(slots=True)
class Counters:
    """Requests by what became of them, and the model's calls. Increased by the event loop and the model's thread."""

    ok: int = 0
    caller: int = 0
    """Refused: the caller's mistake."""
    model: int = 0
    """Failed: the model's mistake."""
    overload: int = 0
    """Turned away."""
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


@dataclass(frozen=True)
class Metric:
    """One metric: its samples are pairs of labels and value."""

    name: str
    kind: str
    about: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def render(metrics: Iterable[Metric]) -> bytes:
    """Return the metrics in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in metric.samples:
            inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            lines.append(f"{metric.name}{{{inside}}} {value:.15g}" if inside else f"{metric.name} {value:.15g}")
    return ("\n".join(lines) + "\n").encode()


def model_metrics(counters: Counters, labels: Mapping[str, str], queued_rows: int) -> list[Metric]:
    """Return the metrics of the model that is served."""
    outcomes = ("ok", "caller", "model", "overload")
    requests = [({**labels, "outcome": outcome}, float(getattr(counters, outcome))) for outcome in outcomes]
    return [
        Metric("mooring_requests_total", "counter", "Infer requests by outcome.", requests),
        Metric("mooring_rows_total", "counter", "Rows that the model has seen.", [(labels, counters.rows)]),
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
