"""What Prometheus is told of a policy: of all rows and of each segment, and never without bound."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest

from mooring.control.driftmetrics import DriftMetrics
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.reconcile.plan import Key
from tests.unit.reconcile.driftpolicy.stage import AGE_MISSING, AGE_MOVED, truths, window

KEY = Key("DriftPolicy", "ns", "shop")
LABELS = 'namespace="ns",policy="shop"'


def told(seen: DriftSeen) -> list[str]:
    registry = CollectorRegistry()
    DriftMetrics(registry).show(KEY, seen)
    return generate_latest(registry).decode().splitlines()


def test_all_rows_have_an_empty_segment() -> None:
    seen = DriftSeen(0, "v1", window=window(0, (AGE_MISSING,), (AGE_MOVED,)), harm=truths())
    lines = told(seen)
    assert f'mooring_drift_evidence{{{LABELS},segment="",test="inputs"}} 3.0' in lines
    assert f'mooring_drift_loss{{{LABELS},segment=""}} 0.14' in lines
    assert f'mooring_drift_feature_effect{{feature="AGEP",{LABELS},segment=""}} 0.21' in lines
    assert f'mooring_drift_broken_share{{fault="Missing",feature="AGEP",{LABELS},segment=""}} 0.31' in lines


def test_segments_are_told_apart() -> None:
    inside = SegmentSeen("SEX=2", 900, 1, window(0, inputs=77.0), truths(0.3))
    lines = told(DriftSeen(0, "v1", window=window(0), harm=truths(), segments=(inside,)))
    assert f'mooring_drift_evidence{{{LABELS},segment="SEX=2",test="inputs"}} 77.0' in lines
    assert f'mooring_drift_evidence{{{LABELS},segment="SEX=2",test="harm"}} 12.0' in lines
    assert f'mooring_drift_loss{{{LABELS},segment="SEX=2"}} 0.3' in lines


def test_of_a_segment_the_three_features_that_moved_most_are_told() -> None:
    tops = tuple(replace(AGE_MOVED, column=f"f{number}") for number in range(10))
    seen = DriftSeen(0, "v1", window=window(0, top=tops), segments=(SegmentSeen("SEX=2", 900, 1, window(0, top=tops)),))
    moved = [line for line in told(seen) if line.startswith("mooring_drift_feature_effect{")]
    assert sum('segment=""' in line for line in moved) == 10
    assert sum('segment="SEX=2"' in line for line in moved) == 3
