"""What the process tells about itself to Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from mooring.control.driftmetrics import DriftMetrics

_SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    """All metrics of one process; each process (and test) has its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.reconciles = self._counter("reconciles", "Reconciles by outcome", ("kind", "result"))
        self.seconds = Histogram(
            "mooring_reconcile_seconds", "Time of one reconcile", ("kind",), buckets=_SECONDS, registry=self.registry
        )
        self.writes = self._counter("writes", "Writes that the API server took", ("kind", "verb"))
        self.errors = self._counter("api_errors", "Writes that failed, by decision", ("kind", "error"))
        self.events = self._counter("events", "Events told to people", ("reason", "result"))
        self.repairs = self._counter("audit_repairs", "Objects whose events were lost, found by an audit", ("kind",))
        self.drift = DriftMetrics(self.registry)
        self.config_errors = self._gauge("config_errors", "1 while the configuration file on disk cannot be used")

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Publish a number that is read when asked for."""
        self._gauge(name, help_text).set_function(read)

    def watch_kinds(self, name: str, help_text: str, kinds: Iterable[str], read: Callable[[str], float]) -> None:
        """Publish a number per kind that is read when asked for."""
        gauge = Gauge(f"mooring_{name}", help_text, ("kind",), registry=self.registry)
        for kind in kinds:
            gauge.labels(kind).set_function(partial(read, kind))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"mooring_{name}", help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(f"mooring_{name}", help_text, registry=self.registry)
