"""What the drift observer tells Prometheus: of every policy a few numbers, and of the features a few that moved."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mooring.reconcile.driftpolicy.segments import parts
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.reconcile.plan import Key

_POLICY = ("namespace", "policy")
_SEGMENT = (*_POLICY, "segment")
"""Empty: of all rows."""
_FEATURES, _FEATURES_INSIDE = 10, 3
"""At most, of all rows and of each segment."""


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
        test = (*_SEGMENT, "test")
        told = {
            "evidence": ("Evidence of the last window, or of the last settled truths", test),
            "alarm_at": ("What the evidence must reach", test),
            "window_rows": ("Rows of the window that is being counted", _POLICY),
            "windows": ("Windows of this version that closed", _POLICY),
            "unknown_intervals": ("Intervals of the open window of which counts are missing", _POLICY),
            "alarms": ("The number of the last alarm", _POLICY),
            "feature_effect": (
                "Distance from the reference of features beyond what is allowed",
                (*_SEGMENT, "feature"),
            ),
            "broken_share": ("Share of broken values, where it is too large", (*_SEGMENT, "feature", "fault")),
            "loss": ("Losses for each prediction in the last settled truths, by harm.metric", _SEGMENT),
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
    for one in parts(seen):
        _add_part(families, (*policy, one.name), one, _FEATURES_INSIDE if one.name else _FEATURES)


def _add_part(
    families: dict[str, GaugeMetricFamily], of: tuple[str, str, str], part: SegmentSeen, features: int
) -> None:
    """Add what is known of all rows, or of a segment."""
    if part.window is not None:
        for evidence in (part.window.inputs, part.window.predictions, part.window.estimated):
            families["evidence"].add_metric((*of, evidence.test), evidence.value)
            families["alarm_at"].add_metric((*of, evidence.test), evidence.alarm_at)
        for top in part.window.top[:features]:
            families["feature_effect"].add_metric((*of, top.column), top.effect)
        for broken in part.window.broken[:features]:
            families["broken_share"].add_metric((*of, broken.column, broken.fault), broken.share)
    if part.harm is not None:
        families["evidence"].add_metric((*of, "harm"), part.harm.value)
        families["alarm_at"].add_metric((*of, "harm"), part.harm.alarm_at)
        families["loss"].add_metric(of, part.harm.rate)
