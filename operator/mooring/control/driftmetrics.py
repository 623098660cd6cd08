"""What the drift observer tells Prometheus: of every policy a few numbers, and at most ten features."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.plan import Key

_POLICY = ("namespace", "policy")


class DriftMetrics(Collector):
    """Reads what was brought last whenever it is asked, so that nothing of a policy outlives it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seen: dict[Key, DriftSeen] = {}
        self._aucs: dict[Key, float] = {}
        self.errors = Counter("mooring_drift_look_errors", "Looks for drift that failed", registry=registry)
        registry.register(self)

    def show(self, key: Key, seen: DriftSeen | None, auc: float | None = None) -> None:
        """Show what is known for a policy; None: nothing is any more. `auc`: by which rows were told apart."""
        self._aucs.pop(key, None)
        if seen is not None and auc is not None:
            self._aucs[key] = auc
        if seen is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = seen

    def describe(self) -> Iterator[Metric]:
        """Return the families without samples."""
        return iter(self._families().values())

    def collect(self) -> Iterator[Metric]:
        """Return the families with what is known now."""
        families = self._families()
        for key, seen in sorted(self._seen.items()):
            _add(families, (key.namespace, key.name), seen)
        for key, auc in sorted(self._aucs.items()):
            families["classifier_auc"].add_metric((key.namespace, key.name), auc)
        return iter(families.values())

    def _families(self) -> dict[str, GaugeMetricFamily]:
        test = (*_POLICY, "test")
        told = {
            "evidence": ("Evidence of the last window, or of the last settled truths", test),
            "alarm_at": ("What the evidence must reach", test),
            "window_rows": ("Rows of the window that is being counted", _POLICY),
            "windows": ("Windows of this version that closed", _POLICY),
            "unknown_intervals": ("Intervals of the open window of which counts are missing", _POLICY),
            "alarms": ("The number of the last alarm", _POLICY),
            "feature_effect": ("Distance from the reference of features beyond what is allowed", (*_POLICY, "feature")),
            "broken_share": ("Share of broken values, where it is too large", (*_POLICY, "feature", "fault")),
            "loss": ("Losses for each prediction in the last settled truths, by harm.metric", _POLICY),
            "classifier_auc": ("How well captured rows are told from the training data's; 0.5 is chance", _POLICY),
            "trouble": ("1 while something cannot be read", _POLICY),
        }
        return {
            name: GaugeMetricFamily(f"mooring_drift_{name}", about, labels=labels)
            for name, (about, labels) in told.items()
        }


def _add(families: dict[str, GaugeMetricFamily], policy: tuple[str, str], seen: DriftSeen) -> None:
    numbers = {
        "window_rows": seen.window_rows,
        "windows": seen.closed,
        "unknown_intervals": seen.unknown,
        "alarms": seen.alarms[-1].number if seen.alarms else 0,
        "trouble": seen.trouble is not None,
    }
    for name, number in numbers.items():
        families[name].add_metric(policy, number)
    if seen.window is not None:
        for evidence in (seen.window.inputs, seen.window.predictions, seen.window.estimated):
            families["evidence"].add_metric((*policy, evidence.test), evidence.value)
            families["alarm_at"].add_metric((*policy, evidence.test), evidence.alarm_at)
        for top in seen.window.top[:10]:
            families["feature_effect"].add_metric((*policy, top.column), top.effect)
        for broken in seen.window.broken[:10]:
            families["broken_share"].add_metric((*policy, broken.column, broken.fault), broken.share)
    if seen.harm is not None:
        families["evidence"].add_metric((*policy, "harm"), seen.harm.value)
        families["alarm_at"].add_metric((*policy, "harm"), seen.harm.alarm_at)
        families["loss"].add_metric(policy, seen.harm.rate)
