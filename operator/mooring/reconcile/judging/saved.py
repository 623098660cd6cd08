"""The state of a watch as it is kept between two lives of the operator: a few kilobytes of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from mooring.ledger.fold import Cursor, cursors_of, from_cursors
from mooring.ledger.slots import Slots, Stand
from mooring.reconcile.judging.tally import Tally
from mooring.reconcile.judging.watch import Watch
from mooring.reconcile.judging.weights import Weights
from mooring.reconcile.traffic.counts import ArmCounts
from mooring.stats.judge import JudgeState

FORMAT = 1
"""Of the JSON. Another one is not read: the judgement begins anew, which is slow and never wrong."""


@dataclass(frozen=True)
class Saved:
    """A watch with the keys that JSON can have."""

    format: int
    key: str
    arms: tuple[str, str]
    step: str
    through: int
    open: Mapping[int, Mapping[str, Tally]]
    missing: Mapping[int, tuple[str, ...]]
    stands: Mapping[str, Stand]
    cursors: tuple[Cursor, ...]
    weights: Weights
    proxies: Mapping[int, Mapping[str, ArmCounts] | None]
    recent: tuple[tuple[int, int], ...]
    judge: str


_WIRE = TypeAdapter(Saved)


def save(watch: Watch) -> str:
    """Return what `restore` reads, exactly."""
    slots = watch.slots
    saved = Saved(
        format=FORMAT,
        key=watch.key,
        arms=watch.arms,
        step=watch.step,
        through=slots.through,
        open=slots.open,
        missing={slot: tuple(sorted(arms)) for slot, arms in slots.missing.items()},
        stands=slots.stands,
        cursors=cursors_of(watch.folded),
        weights=watch.weights,
        proxies=watch.proxies,
        recent=watch.recent,
        judge=watch.judge.to_json(),
    )
    return _WIRE.dump_json(saved).decode()


def restore(text: str) -> Watch:
    """Return the watch; raises ValueError for anything that `save` did not write."""
    saved = _WIRE.validate_json(text)
    if saved.format != FORMAT:
        raise ValueError(f"the state of a judgement is of format {saved.format}, not {FORMAT}")
    missing = {slot: frozenset(arms) for slot, arms in saved.missing.items()}
    return Watch(
        key=saved.key,
        arms=saved.arms,
        slots=Slots(saved.through, saved.open, missing, saved.stands),
        folded=from_cursors(saved.cursors),
        weights=saved.weights,
        proxies=saved.proxies,
        recent=saved.recent,
        judge=JudgeState.from_json(saved.judge),
        step=saved.step,
    )
