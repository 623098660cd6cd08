"""The evidence as status shows it: few numbers, and not written oftener than a window has tenths."""

from __future__ import annotations

from dataclasses import dataclass, field

from mooring.api.driftstatus import (
    Detectable,
    DriftPolicyStatus,
    EvidenceStatus,
    MetricStatus,
    ReferenceStatus,
    SegmentStatus,
    TopStatus,
    WindowStatus,
)
from mooring.reconcile.driftpolicy.numbers import chance, factor, share
from mooring.reconcile.driftpolicy.seen import Seen, moment
from mooring.reconcile.driftpolicy.segments import ALL, all_rows
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.stats.drift import Evidence, HarmReport, Name

_TENTHS = 10
_METRICS = 8
_NAME = 32
_EVIDENCE, _SEGMENTS, _TOPS = 24, 48, 10
_TOP_NAME = 128


@dataclass(frozen=True)
class Shown:
    """What status says of the evidence."""

    reference: ReferenceStatus | None = None
    window: WindowStatus | None = None
    detectable: Detectable | None = None
    evidence: list[EvidenceStatus] = field(default_factory=list)
    segments: list[SegmentStatus] = field(default_factory=list)
    top: list[TopStatus] = field(default_factory=list)
    metrics: list[MetricStatus] = field(default_factory=list)

    @property
    def top_feature(self) -> str | None:
        """What moved most, for people."""
        first = self.top[0] if self.top else None
        if first is None or first.segment is None:
            return first.feature if first is not None else None
        return f"{first.feature} in {first.segment}"[:_TOP_NAME]


def shown(seen: Seen) -> Shown:
    """Return the evidence of what serves; as before where the observer has brought nothing yet after a restart."""
    known, before = seen.evidence, seen.policy.status
    if known is None:
        kept = before.reference is not None and before.reference.version == seen.serves
        return _kept(before) if kept else Shown()
    return Shown(
        reference=_reference(known),
        window=_window(known, seen.policy.spec.window.min_rows),
        detectable=_detectable(all_rows(known)),
        evidence=_evidence(known),
        segments=[_segment(one) for one in known.segments[:_SEGMENTS]],
        top=_tops(known),
        metrics=[MetricStatus(name=n[:_NAME], value=share(v), rows=rows) for n, v, rows in known.metrics[:_METRICS]],
    )


def _kept(before: DriftPolicyStatus) -> Shown:
    return Shown(
        before.reference,
        before.window,
        before.detectable,
        before.evidence,
        before.segments,
        before.top,
        before.metrics,
    )


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


def _segment(one: SegmentSeen) -> SegmentStatus:
    return SegmentStatus(name=one.name, rows=one.rows, windows=one.closed, detectable=_detectable(one))


def _detectable(of: SegmentSeen) -> Detectable | None:
    window, harm = of.window, of.harm
    if window is None:
        return None
    return Detectable(
        inputs=_least(window.inputs),
        predictions=_least(window.predictions),
        harm=share(harm.bound - harm.reference) if harm is not None and harm.state != "Unknown" else None,
    )


def _least(tier: Evidence) -> str | None:
    return share(tier.detectable) if tier.state != "Unknown" else None


def _evidence(known: DriftSeen) -> list[EvidenceStatus]:
    """Return the tiers of all rows, then of segments those in alarm and those with most evidence, in their order."""
    whole = _tiers(all_rows(known))
    found = [pair for one in known.segments for pair in _tiers(one) if pair[1].state != "Unknown"]
    places = sorted(range(len(found)), key=lambda place: found[place][0], reverse=True)[: _EVIDENCE - len(whole)]
    return [*(told for _, told in whole), *(found[place][1] for place in sorted(places))]


def _tiers(of: SegmentSeen) -> list[tuple[float, EvidenceStatus]]:
    """Return how near each tier is to its bound, and what it shows; what must be told is as near as can be."""
    window, name = of.window, of.name or None
    tiers = [window.inputs, window.predictions, window.estimated] if window is not None else []
    found = [item for item in tiers if item.test != "estimated" or item.state != "Unknown"]
    told = [(item.value / item.alarm_at, _tier(item, name)) for item in found]
    if of.harm is not None:
        near = 1.0 if of.harm.state == "LabelsSelective" else of.harm.value / of.harm.alarm_at
        told.append((near, _harm(of.harm, name)))
    return told


def _tier(item: Evidence, segment: str | None) -> EvidenceStatus:
    return EvidenceStatus(
        segment=segment,
        test=item.test,
        value=factor(item.value),
        alarm_at=factor(item.alarm_at),
        rows=item.rows,
        state=item.state,
        rate=share(item.rate) if item.rate is not None else None,
        reference=share(item.reference) if item.reference is not None else None,
        metric=None if item.loss == "zero_one" else item.loss,
    )


def _harm(harm: HarmReport, segment: str | None) -> EvidenceStatus:
    return EvidenceStatus(
        segment=segment,
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


def _tops(known: DriftSeen) -> list[TopStatus]:
    """Return what moved in all rows, and after it what moved in segments alone, the greatest distance first."""
    whole = known.window.top if known.window is not None else ()
    everywhere = {item.column for item in whole}
    inside = [
        (item, one.name)
        for one in known.segments
        if one.window is not None
        for item in one.window.top
        if item.column not in everywhere
    ]
    inside.sort(key=lambda pair: -pair[0].effect)
    return [_top(item, name) for item, name in (*((item, ALL) for item in whole), *inside)][:_TOPS]


def _top(item: Name, segment: str) -> TopStatus:
    direction = "up" if item.direction == "up" else "down"
    effect, p = share(item.effect), chance(item.p)
    return TopStatus(segment=segment or None, feature=item.column, effect=effect, p=p, direction=direction)
