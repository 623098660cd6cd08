"""Decisions to retrain on real rows: wrong answers avoided, less what the retrains cost. The same data for all."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from pathlib import Path

import numpy as np

from bench.drifting import policies
from bench.drifting.asked import ask
from bench.drifting.peers.exchange import Job
from bench.drifting.worlds import Bools, Losses, World, losses, worlds
from bench.peers.environments import Unavailable

WORLDS = 5
PRICES = (20, 100, 500)
"""Of a retrain, in wrong answers."""
PEERS = ("evidently", "nannyml", "alibi", "river")
HINDSIGHT = "the best in hindsight, at 100"


@dataclass(frozen=True)
class Outcome:
    """What one policy came to in one world."""

    retrains: int
    avoided: int
    """Wrong answers, beside those of the first version."""
    delay: int | None
    """Blocks from the change to the first retrain after it; None: there was none."""
    false: float
    """Retrains before the change, or where none helps, for each 10,000 rows."""

    def benefit(self, price: int) -> int:
        """Return wrong answers avoided less those that the retrains are worth."""
        return self.avoided - price * self.retrains


def table(count: int) -> list[str]:
    """Return one line for each policy: its benefit in so many worlds; then delays and false alarms where known."""
    known: dict[str, tuple[World, Mapping[str, Outcome]]] = {}
    for world in islice(worlds(), count):
        _tell(world.title)
        known[world.title] = (world, _outcomes(world))
    names = next(iter(known.values()))[1]
    lines = [f"| retrains; net benefit in wrong answers at {' / '.join(map(str, PRICES))} for a retrain | "]
    lines[0] += " | ".join([*known, "all"]) + " |"
    lines.append("|---|" + "--:|" * (len(known) + 1))
    for name in names:
        of_worlds = [outcomes[name] for _, outcomes in known.values()]
        lines.append(f"| {name} | {' | '.join(map(_benefit, [*([one] for one in of_worlds), of_worlds]))} |")
    planted = [(world, outcomes) for world, outcomes in known.values() if world.change is not None]
    lines += ["", "| rows to the first retrain after the change; false retrains in 10,000 rows | "]
    lines[-1] += " | ".join(world.title for world, _ in planted) + " |"
    lines.append("|---|" + "--:|" * len(planted))
    for name in names:
        if name != HINDSIGHT:
            lines.append(f"| {name} | {' | '.join(_soon(world, outcomes[name]) for world, outcomes in planted)} |")
    return lines


def _outcomes(world: World) -> dict[str, Outcome]:
    lost = losses(world)
    fired = {
        "**Mooring**, Harm": policies.harm(world, lost),
        "**Mooring**, InputDrift (not its default)": policies.inputs(world),
        "never": policies.never(world),
        "always": policies.always(world),
        "every tenth block": policies.periodic(world),
        HINDSIGHT: hindsight(_by_block(world, lost), 100),
        **_peers(world, lost),
    }
    return {name: outcome(world, lost, blocks) for name, blocks in fired.items()}


def _peers(world: World, lost: Losses) -> dict[str, Bools]:
    numbers = {"start": world.start, "block": world.block, "kept": world.kept}
    found: dict[str, Bools] = {}
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        files = {"table": str(Path(scratch, "table.npz")), "errors": str(Path(scratch, "errors.npy"))}
        np.savez(files["table"], features=world.features, texts=world.texts)
        np.save(files["errors"], lost.errors)
        for peer in PEERS:
            _tell(f"{world.title}: {peer}")
            try:
                found |= ask(peer, Job("decide", numbers=numbers, files=files))
            except Unavailable as problem:
                _tell(str(problem))
                raise
    return found


def outcome(world: World, lost: Losses, fired: Bools) -> Outcome:
    """Return what came of retraining after these blocks; a retrain after the last block helps nobody."""
    by_block = _by_block(world, lost)
    versions = in_use(fired)
    wrong = int(by_block[versions, np.arange(world.blocks)].sum())
    change = world.blocks if world.change is None or not world.harmful else world.change
    after = np.flatnonzero(fired[change:])
    return Outcome(
        int(fired.sum()),
        int(by_block[0].sum()) - wrong,
        int(after[0]) + 1 if len(after) else None,
        float(fired[:change].sum() / (change * world.block) * 10_000),
    )


def in_use(fired: Bools) -> np.ndarray:
    """Return the version that answers each block: 0, or one more than the last block before it that fired."""
    blocks = np.arange(len(fired))
    last = np.maximum.accumulate(np.where(fired, blocks + 1, 0))
    return np.concatenate([[0], last[:-1]])


def hindsight(wrong: np.ndarray, price: int) -> Bools:
    """Return the blocks after which retraining costs least in all, by dynamic programming over (versions, blocks)."""
    blocks = wrong.shape[1]
    # least[v]: the cost from block t on where version v answers it; chosen[t, v]: whether it retrains after t.
    least = np.zeros(blocks + 1)
    chosen = np.zeros((blocks, blocks), dtype=np.bool_)
    for block in range(blocks - 1, -1, -1):
        stay = least[: block + 1]
        change = price + least[block + 1] if block + 1 < blocks else inf
        chosen[block, : block + 1] = change < stay
        least[: block + 1] = wrong[: block + 1, block] + np.minimum(stay, change)
    fired, version = np.zeros(blocks, dtype=np.bool_), 0
    for block in range(blocks):
        fired[block] = chosen[block, version]
        version = block + 1 if fired[block] else version
    return fired


def _by_block(world: World, lost: Losses) -> np.ndarray:
    """Return (versions, blocks): wrong answers."""
    return np.stack([lost.errors[:, world.rows(block)].sum(axis=1) for block in range(world.blocks)], axis=1)


def _benefit(several: Sequence[Outcome]) -> str:
    benefits = [sum(one.benefit(price) for one in several) for price in PRICES]
    return f"{sum(one.retrains for one in several)}; {' / '.join(f'{benefit:+,}' for benefit in benefits)}"


def _soon(world: World, one: Outcome) -> str:
    if not world.harmful:
        return f"{one.false:.2f}"
    return f"{one.delay * world.block if one.delay else '–'}; {one.false:.2f}"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
