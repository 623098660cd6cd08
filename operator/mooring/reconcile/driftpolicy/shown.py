"""The evidence as status shows it: few numbers, and not written oftener than a window has tenths."""

from __future__ import annotations

from dataclasses import dataclass, field

from mooring.api.driftstatus import (
    Detectable,
    DriftPolicyStatus,
    EvidenceStatus,
    MetricStatus,
    ReferenceStatus,
    TopStatus,
    WindowStatus,
)
from mooring.reconcile.driftpolicy.numbers import chance, factor, share
from mooring.reconcile.driftpolicy.seen import Seen, moment
from mooring.reconcile.driftseen import DriftSeen
from mooring.stats.drift import Evidence, HarmReport, Name

_TENTHS = 10
_METRICS = 8
_NAME = 32


@dataclass(frozen=True)
class Shown:
    """What status says of the evidence."""

    reference: ReferenceStatus | None = None
    window: WindowStatus | None = None
    detectable: Detectable | None = None
    evidence: list[EvidenceStatus] = field(default_factory=list)
    top: list[TopStatus] = field(default_factory=list)
    metrics: list[MetricStatus] = field(default_factory=list)


def shown(seen: Seen) -> Shown:
    """Return the evidence of what serves; as before where the observer has brought nothing yet after a restart."""
    known, before = seen.evidence, seen.policy.status
    if known is None:
        kept = before.reference is not None and before.reference.version == seen.serves
        return _kept(before) if kept else Shown()
    window = known.window
    tiers = [window.inputs, window.predictions, window.estimated] if window is not None else []
    told = [_tier(item) for item in tiers if item.test != "estimated" or item.state != "Unknown"]
    return Shown(
        reference=_reference(known),
        window=_window(known, seen.policy.spec.window.min_rows),
        detectable=_detectable(known),
        evidence=[*told, *([_harm(known.harm)] if known.harm is not None else [])],
        top=[_top(item) for item in window.top] if window is not None else [],
        metrics=[MetricStatus(name=n[:_NAME], value=share(v), rows=rows) for n, v, rows in known.metrics[:_METRICS]],
    )


def _kept(before: DriftPolicyStatus) -> Shown:
    return Shown(before.reference, before.window, before.detectable, before.evidence, before.top, before.metrics)


def _reference(known: DriftSeen) -> ReferenceStatus:
    return ReferenceStatus(version=known.version, digest=known.digest or None, rows=known.rows)


def _window(known: DriftSeen, least: int) -> WindowStatus:
    opened = moment(known.opened) if known.opened is not None else None
    rows = _coarse(known.window_rows, least)
    return WindowStatus(rows=rows, opened_at=opened, closed=known.closed, unknown=known.unknown)


def _coarse(rows: int, least: int) -> int:
    """Return rows in tenths of the least that a window takes, and beyond it in doublings."""
    tenth = max(1, least // _TENTHS)
    if rows < least:
        return rows - rows % tenth
    size = least
    while size * 2 <= rows:
        size *= 2
    return size


def _detectable(known: DriftSeen) -> Detectable | None:
    window, harm = known.window, known.harm
    if window is None:
        return None
    return Detectable(
        inputs=_least(window.inputs),
        predictions=_least(window.predictions),
        harm=share(harm.bound - harm.reference) if harm is not None and harm.state != "Unknown" else None,
    )


def _least(tier: Evidence) -> str | None:
    return share(tier.detectable) if tier.state != "Unknown" else None


def _tier(item: Evidence) -> EvidenceStatus:
    return EvidenceStatus(
        test=item.test,
        value=factor(item.value),
        alarm_at=factor(item.alarm_at),
        rows=item.rows,
        state=item.state,
        rate=share(item.rate) if item.rate is not None else None,
        reference=share(item.reference) if item.reference is not None else None,
        metric=None if item.loss == "zero_one" else item.loss,
    )


def _harm(harm: HarmReport) -> EvidenceStatus:
    return EvidenceStatus(
        test="harm",
        value=factor(harm.value),
        alarm_at=factor(harm.alarm_at),
        rows=harm.truths,
        state=harm.state,
        rate=share(harm.rate),
        reference=share(harm.reference),
        bound=share(harm.bound),
        metric=None if harm.loss == "zero_one" else harm.loss,
    )


def _top(item: Name) -> TopStatus:
    direction = "up" if item.direction == "up" else "down"
    return TopStatus(feature=item.column, effect=share(item.effect), p=chance(item.p), direction=direction)
