"""A DriftPolicy as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import ClassifierStatus, Detectable, DriftPolicyStatus, EvidenceStatus
from mooring.reconcile.driftpolicy.classifying import sentence
from mooring.stats.drift.losses import TITLES

_ASPECTS = ("DataQualityBroken", "Drifted", "Harmful", "LabelsSelective")


def view(policy: DriftPolicy) -> str:
    """Return what a policy knows and asks for, in a few lines."""
    return "\n".join(_lines(policy))


def _lines(policy: DriftPolicy) -> Iterator[str]:
    status = policy.status
    told = {item.type: item for item in status.conditions}
    ready = told.get("Ready")
    if ready is None:
        yield f"{policy.metadata.name}: not looked at yet"
        return
    yield f"{policy.metadata.name} watches {policy.spec.deployment}: {ready.reason}"
    yield f"  {ready.message}"
    if status.reference is not None:
        yield f"  reference    {status.reference.version}, {status.reference.rows} rows"
    if status.window is not None:
        yield f"  windows      {status.window.closed} closed, {status.window.rows} rows in the open one"
    yield from (_evidence(item) for item in status.evidence if item.segment is None)
    if status.detectable is not None:
        yield f"  can be seen  {_seen(status.detectable)}"
    yield from _segments(status)
    for top in status.top:
        where = f" in {top.segment}" if top.segment is not None else ""
        yield f"  moved        {top.feature}{where} {top.direction} by {top.effect} (p {top.p})"
    yield from _together(status.classifier)
    for metric in status.metrics:
        yield f"  {metric.name:<12} {metric.value} by {metric.rows} truths"
    for aspect in _ASPECTS:
        if (found := told.get(aspect)) is not None and found.status == "True":
            yield f"  {aspect}: {found.message}"
    yield from _asked(policy)


def _segments(status: DriftPolicyStatus) -> Iterator[str]:
    """Yield each segment with its evidence, as far as status has it."""
    for one in status.segments:
        seen = f", can be seen: {_seen(one.detectable)}" if one.detectable is not None else ""
        yield f"  segment      {one.name}, {one.rows} rows of reference, {one.windows} windows{seen}"
        yield from (f"  {_evidence(item)}" for item in status.evidence if item.segment == one.name)


def _evidence(item: EvidenceStatus) -> str:
    rate = f", {TITLES[item.metric or 'zero_one']} {item.rate} ({_beside(item)})" if item.rate is not None else ""
    return f"  {item.test:<12} {item.value} of {item.alarm_at}, {item.state}{rate}"


def _beside(item: EvidenceStatus) -> str:
    allowed = f", {item.bound} allowed" if item.bound is not None else ""
    return f"{item.reference} at training{allowed}"


def _seen(detectable: Detectable) -> str:
    seen = {"inputs": detectable.inputs, "harm": detectable.harm}
    return ", ".join(f"{name} beyond {value}" for name, value in seen.items() if value is not None) or "nothing"


def _together(known: ClassifierStatus | None) -> Iterator[str]:
    if known is None:
        return
    if known.auc is not None:
        yield f"  together     {sentence(known)}"
    if known.failure is not None:
        yield f"  together     no answer: {known.failure}"
    if known.auc is None and known.failure is None:
        yield f"  together     rows of {known.version} were not compared yet"


def _asked(policy: DriftPolicy) -> Iterator[str]:
    status = policy.status
    if (request := status.request) is not None:
        yield f"  request      {request.id} {request.action}, {request.state}: {request.reason}"
    if (held := status.suppressed) is not None:
        until = f" until {held.until:%Y-%m-%d %H:%M:%S} UTC" if held.until is not None else ""
        yield f"  held         {held.reason}{until}: {held.message}"
    if (last := status.last) is not None:
        gain = f", gain {last.gain}" if last.gain is not None else ""
        made = f" ({last.version})" if last.version is not None else ""
        yield f"  last         {last.id} {last.outcome}{made}{gain}"
    if (month := status.month) is not None:
        yield f"  this month   {month.retrains} of {month.limit} runs"
