"""Ours and the peers that test windows, asked the same question of the same streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.drifting.asked import ask
from bench.drifting.peers.exchange import Job
from bench.drifting.tables import Stream, digest
from bench.peers.environments import Unavailable

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
PEERS = {
    "evidently": "Evidently, the test it chooses",
    "nannyml": "NannyML, Jensen-Shannon, 3σ",
    "alibi": "alibi-detect, KS and χ², Bonferroni",
    "frouros": "frouros, KS and χ², p < 0.05",
}


@dataclass(frozen=True)
class Told:
    """Of streams, windows and columns: how much each differs, in the peer's own measure, and whether that alarms."""

    scores: Floats
    alarms: Bools


def told(peer: str, streams: Sequence[Stream]) -> Told:
    """Return what a peer says of streams with the same number of windows; raises Unavailable."""
    answer = ask(peer, Job("windows", tuple(streams)))
    if str(answer["digest"]) != digest(streams[0]):
        raise Unavailable(f"{peer} draws other rows from the same seed")
    return Told(np.asarray(answer["scores"], dtype=np.float64), np.asarray(answer["alarms"], dtype=np.bool_))


def online(parameters: Sequence[str], streams: Sequence[Stream]) -> Bools:
    """Return (parameters, streams, windows): river's detectors, named with their parameter, one for each number."""
    return np.asarray(
        ask("river", Job("windows", tuple(streams), dict.fromkeys(parameters, 0.0)))["alarms"], dtype=np.bool_
    )
