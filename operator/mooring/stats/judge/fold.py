"""Taking in one sealed interval. Pure: the caller keeps the state."""

from __future__ import annotations

from dataclasses import replace

from mooring.stats.judge.catastrophe import watch
from mooring.stats.judge.counts import Arm, Counted, Pairs
from mooring.stats.judge.odds import OddsEvidence, Side
from mooring.stats.judge.settings import Settings, Tolerance
from mooring.stats.judge.state import Block, JudgeState, StepCounts

BLOCK_REQUESTS = 20
"""Of each arm: so many make a block. A share of few requests says little of the arm's real share of the traffic."""
BLOCK_MILLISECONDS = 60_000
"""After that, fewer do."""


def fold(state: JudgeState, counted: Counted, settings: Settings) -> JudgeState:
    """Return the state with one more interval; one that began before `through` was folded already, and changes nothing.

    Requests of an interval in which the weight changed and of the next one are discarded: some of them were sent by the
    old weight. Those of an interval with a missing ledger are unknown.
    """
    if counted.start < state.through:
        return state
    state = _truths(state, counted, settings)
    state = replace(
        state,
        through=counted.end,
        compared=state.compared + counted.compared,
        disagreed=state.disagreed + counted.disagreed,
    )
    if counted.weight is None or counted.weight != state.weight:
        return replace(_closed(state, settings), weight=counted.weight, unsettled=True)
    if state.unsettled:
        return replace(state, unsettled=False)
    if counted.stable is None or counted.canary is None:
        return replace(state, step=replace(state.step, unknown=state.step.unknown + 1))
    return _requests(state, counted, counted.stable, counted.canary, settings)


def begin_step(state: JudgeState) -> JudgeState:
    """Return the state at the start of another step: all evidence stays, what the step has seen is nothing."""
    return replace(state, step=StepCounts())


def _requests(state: JudgeState, counted: Counted, stable: Arm, canary: Arm, settings: Settings) -> JudgeState:
    state = _watched(state, stable, canary, settings)
    milliseconds = counted.end - counted.start
    seen = max(sum(canary.requests) + canary.outside_requests, counted.compared)
    block = Block(state.block.stable + stable, state.block.canary + canary, state.block.milliseconds + milliseconds)
    step = StepCounts(state.step.milliseconds + milliseconds, state.step.requests + seen, state.step.unknown)
    state = replace(state, block=block, step=step)
    return _closed(state, settings) if _enough(block) else state


def _enough(block: Block) -> bool:
    """Decide by requests and time alone: by failures, the choice would be a bet of its own."""
    fewest = min(sum(arm.requests) + arm.outside_requests for arm in (block.stable, block.canary))
    return fewest >= BLOCK_REQUESTS or (fewest > 0 and block.milliseconds >= BLOCK_MILLISECONDS)


def _closed(state: JudgeState, settings: Settings) -> JudgeState:
    stable, canary = state.block.stable, state.block.canary
    return replace(
        state,
        block=Block(),
        errors=_folded(state.errors, _failures(stable), _failures(canary), settings.errors),
        latency=_folded(state.latency, _slow(stable), _slow(canary), settings.latency),
    )


def _folded(evidence: OddsEvidence, stable: Side, canary: Side, tolerance: Tolerance | None) -> OddsEvidence:
    return evidence if tolerance is None else evidence.folded(stable, canary, tolerance)


def _failures(arm: Arm) -> Side:
    return Side(arm.requests, arm.failures, arm.outside_requests, arm.outside_failures)


def _slow(arm: Arm) -> Side:
    return Side(arm.requests, arm.slow)


def _watched(state: JudgeState, stable: Arm, canary: Arm, settings: Settings) -> JudgeState:
    if settings.catastrophe is None:
        return state
    before = state.errors.stable + _failures(state.block.stable)
    so_far = (before.all_requests, before.all_bad)
    streak, happened = watch(
        state.streak, settings.catastrophe, stable, canary, so_far, one_caller=state.errors.one_caller
    )
    return replace(state, streak=streak, catastrophe=state.catastrophe or happened)


def _truths(state: JudgeState, counted: Counted, settings: Settings) -> JudgeState:
    """Take in ground truth, whenever its predictions were made: both arms spoke then."""
    if settings.quality_tolerance is None:
        return state
    pairs = Pairs(
        state.pairs.worse + counted.pairs.worse,
        state.pairs.same + counted.pairs.same,
        state.pairs.better + counted.pairs.better,
    )
    labels = state.labels.folded(counted.stable_labels, counted.canary_labels, settings.quality_tolerance)
    return replace(state, pairs=pairs, labels=labels)
