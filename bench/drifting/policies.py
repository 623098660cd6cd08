"""Policies of retraining: after which blocks each asks for a new version. A version is in use from the next block."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bench.drifting.ours import HOUR, Counter
from bench.drifting.worlds import Bools, Floats, Losses, World
from mooring.stats.drift import Counted, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift import Losses as Known

PERIOD = 10
"""Blocks."""
Alarms = Callable[[int, int], bool]
"""Whether a version alarms at a block, asked of each block in turn."""


def never(world: World) -> Bools:
    """Return no block."""
    return np.zeros(world.blocks, dtype=np.bool_)


def always(world: World) -> Bools:
    """Return all blocks."""
    return np.ones(world.blocks, dtype=np.bool_)


def periodic(world: World) -> Bools:
    """Return every tenth block."""
    return np.asarray(np.arange(1, world.blocks + 1) % PERIOD == 0)


def harm(world: World, lost: Losses) -> Bools:
    """Return the blocks at which ours shows harm: truths come with their block, which is a window."""

    def watch(version: int) -> Iterator[bool]:
        known = Known(int(lost.held[version]), int(lost.lost[version]))
        settings = Settings(min_rows=world.block, mature_after_seconds=0)
        watched = Watch(Reference((), Predictions(1), known), settings)
        state = watched.resume(None)
        for block in range(version, world.blocks):
            wrong = int(lost.errors[version, world.rows(block)].sum())
            truths = (Truth(0, 0, 0, world.block - wrong), Truth(0, 0, 1, wrong))
            hour = Counted(block * HOUR, (block + 1) * HOUR, world.block, [world.block], truths)
            folded = watched.fold(state, hour)
            state = folded.state
            yield folded.harm is not None and folded.harm.state == "Alarm"

    return _fired(world, watch)


def inputs(world: World) -> Bools:
    """Return the blocks at which ours shows drift of an input: a trigger that is not its default."""

    def watch(version: int) -> Iterator[bool]:
        known = world.known(version)
        counter = Counter(*_parts(world, known))
        watched = Watch(counter.reference, Settings(min_rows=world.block))
        state = watched.resume(None)
        for block in range(version, world.blocks):
            folded = watched.fold(state, counter.counted(block, *_parts(world, world.rows(block))))
            state = folded.state
            yield folded.window is not None and folded.window.inputs.state == "Alarm"

    return _fired(world, watch)


def _fired(world: World, watch: Callable[[int], Iterator[bool]]) -> Bools:
    """Return the blocks with an alarm, where each version is watched anew."""
    found = np.zeros(world.blocks, dtype=np.bool_)
    version = 0
    while version < world.blocks:
        at = next((version + number for number, alarm in enumerate(watch(version)) if alarm), None)
        if at is None:
            break
        found[at] = True
        version = at + 1
    return found


def _parts(world: World, rows: slice) -> tuple[Floats, list[list[str | None]]]:
    features = world.features[rows]
    texts: list[list[str | None]] = [[str(int(value)) for value in column] for column in features[:, world.texts].T]
    return features[:, ~world.texts], texts
