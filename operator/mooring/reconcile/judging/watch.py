"""One rollout watched: what was taken from whom, what waits for the rest of its slot, and what the judge made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mooring.ledger.fold import Folded
from mooring.ledger.interval import INTERVAL_SECONDS
from mooring.ledger.slots import Closed, Slots, close
from mooring.reconcile.judging.tally import HEARD, Tally, labels_of
from mooring.reconcile.judging.weights import Weights
from mooring.reconcile.traffic.counts import ArmCounts
from mooring.stats.judge import Arm, Counted, Decision, Judge, JudgeState, Labels, Settings

SHADOWED = 1000
"""Added to the per cent of a shadow, so that no share of answers is the same number."""
RECENT = 12
"""Slots of which requests are remembered: a minute."""
_WAITING = 64
"""Slots of which proxies' counts are kept until the pods have told theirs."""


@dataclass(frozen=True)
class Subject:
    """What is judged."""

    key: str | None
    """Of the rollout: another one begins with nothing. None: whichever there is of these arms goes on."""
    stable: str
    """The arm that is the measure."""
    canary: str
    """The arm that is judged."""
    stable_number: int
    """Of its version."""
    canary_number: int
    step: str
    """Another one for each step."""
    min_requests: int
    """Of the canary in this step."""
    shadow: bool
    """The canary is asked, and not heard."""
    settings: Settings
    slow_microseconds: int | None


@dataclass(frozen=True)
class Watch:
    """State. Whoever keeps it folds every interval of every pod once, whatever restarts."""

    key: str
    """Of the rollout."""
    arms: tuple[str, str]
    """The measure, and what is judged."""
    slots: Slots[Tally]
    folded: Folded = field(default_factory=Folded)
    weights: Weights = field(default_factory=Weights)
    proxies: Mapping[int, Mapping[str, ArmCounts] | None] = field(default_factory=dict)
    """What proxies counted by slot and arm; None where one of them did not tell."""
    judge: JudgeState = field(default_factory=JudgeState)
    recent: tuple[tuple[int, int], ...] = ()
    """Requests of the measure and of what is judged in the last slots at the present weight."""
    step: str = ""


def begin(subject: Subject, now: float) -> Watch:
    """Return the state at the start of a rollout: what was before says nothing about it."""
    slots: Slots[Tally] = Slots(int(now) // INTERVAL_SECONDS)
    return Watch(subject.key or "", (subject.stable, subject.canary), slots, step=subject.step)


def goes_on(watch: Watch, subject: Subject) -> bool:
    """Tell whether a state is of this rollout."""
    return watch.arms == (subject.stable, subject.canary) and subject.key in (None, watch.key)


def counted_by_proxies(watch: Watch, now: float, grown: Mapping[str, ArmCounts] | None) -> Watch:
    """Return the state with what proxies counted since the last look, which was at the end of the slot before."""
    slot = int(now) // INTERVAL_SECONDS
    kept = {number: counts for number, counts in watch.proxies.items() if number > slot - _WAITING}
    before = kept.get(slot, {})
    kept[slot] = None if grown is None or before is None else {**before, **_sum(before, grown)}
    return replace(watch, proxies=kept)


def judge(watch: Watch, subject: Subject, now: float) -> Watch:
    """Return the state with every slot judged that is complete, or will not be."""
    verdicts = Judge(subject.settings)
    if watch.step != subject.step:
        watch = replace(watch, step=subject.step, judge=verdicts.begin_step(watch.judge))
    slots, closed = close(watch.slots, now)
    for slot in closed:
        counted = counts_of(watch, subject, slot)
        same = counted.weight is not None and counted.weight == watch.judge.weight
        recent = (*(watch.recent if same else ()), _heard(watch, subject, slot))[-RECENT:]
        watch = replace(watch, judge=verdicts.fold(watch.judge, counted), recent=recent)
    proxies = {number: counts for number, counts in watch.proxies.items() if number > slots.through}
    return replace(watch, slots=slots, proxies=proxies)


def decision(watch: Watch, subject: Subject) -> Decision:
    """Return what the judge says on what was counted so far."""
    return Judge(subject.settings).decide(watch.judge, shadow=subject.shadow, min_requests=subject.min_requests)


def observed(watch: Watch) -> float | None:
    """Return the canary's share of the latest requests in percent, as counted; None where there were none."""
    stable, canary = (sum(counts) for counts in zip(*watch.recent, strict=True)) if watch.recent else (0, 0)
    return 100 * canary / (stable + canary) if stable + canary else None


def counts_of(watch: Watch, subject: Subject, slot: Closed[Tally]) -> Counted:
    """Return what the judge is told of a slot."""
    start, end = ((slot.slot - 1) * 1000 * INTERVAL_SECONDS, slot.slot * 1000 * INTERVAL_SECONDS)
    told = slot.counts.get(subject.canary, Tally())
    arms = _arms(watch, subject, slot)
    return Counted(
        start=start,
        end=end,
        weight=watch.weights.during(start, end),
        stable=arms[0] if arms is not None else None,
        canary=arms[1] if arms is not None else None,
        compared=told.compared,
        disagreed=told.disagreed,
        stable_labels=_labels(slot, subject, subject.stable_number, "stable"),
        canary_labels=_labels(slot, subject, subject.canary_number, "canary"),
    )


def _arms(watch: Watch, subject: Subject, slot: Closed[Tally]) -> tuple[Arm, Arm] | None:
    """Return both arms' requests: by the ledgers, or where one is lost by the proxies; None where neither knows."""
    outside = watch.proxies.get(slot.slot)
    if slot.missing & {subject.stable, subject.canary}:
        if not outside or subject.shadow:
            return None
        return _by_proxies(outside.get(subject.stable)), _by_proxies(outside.get(subject.canary))
    stable, canary = (slot.counts.get(arm, Tally()) for arm in (subject.stable, subject.canary))
    if subject.shadow:
        return stable.heard, canary.shadow
    unanswered = {arm: counts.unanswered for arm, counts in (outside or {}).items()}
    return _with(stable.heard, unanswered.get(subject.stable, 0)), _with(
        canary.heard, unanswered.get(subject.canary, 0)
    )


def _heard(watch: Watch, subject: Subject, slot: Closed[Tally]) -> tuple[int, int]:
    """Return the requests of both arms, by the proxies where they told."""
    outside = watch.proxies.get(slot.slot)
    if outside:
        return outside.get(subject.stable, ArmCounts()).requests, outside.get(subject.canary, ArmCounts()).requests
    stable, canary = (slot.counts.get(arm, Tally()).heard for arm in (subject.stable, subject.canary))
    return sum(stable.requests), sum(canary.requests)


def _with(arm: Arm, unanswered: int) -> Arm:
    return replace(arm, outside_requests=unanswered, outside_failures=unanswered)


def _by_proxies(counts: ArmCounts | None) -> Arm:
    if counts is None:
        return Arm()
    return Arm(
        outside_requests=counts.requests - counts.gone,
        outside_failures=min(counts.unanswered + counts.failed, counts.requests - counts.gone),
    )


def _labels(slot: Closed[Tally], subject: Subject, number: int, role: str) -> Labels:
    """Return the ground truth of one arm: by its version, or where both arms have the same one by its role."""
    roles = (role,) if subject.stable_number == subject.canary_number else HEARD
    return sum((labels_of(slot.counts.values(), each, number) for each in roles), Labels())


def _sum(before: Mapping[str, ArmCounts], grown: Mapping[str, ArmCounts]) -> dict[str, ArmCounts]:
    return {arm: before.get(arm, ArmCounts()) + counts for arm, counts in grown.items()}
