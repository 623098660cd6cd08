"""A peer's alarms as the trigger of retraining: after each, its reference is the rows that the new version is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from bench.drifting.peers.exchange import Arrays, Job

Rule = Callable[[pd.DataFrame, pd.DataFrame], bool]
"""Whether a window has drifted from a reference."""


def decide(job: Job, rules: Mapping[str, Rule]) -> Arrays:
    """Return for each rule after which blocks it alarmed.

    `table` holds the rows and which columns are categories; `start`, `block` and `kept` are those of a world.
    """
    with np.load(job.files["table"]) as table:
        frame = _frame(table["features"], table["texts"])
    start, block, kept = (int(job.numbers[name]) for name in ("start", "block", "kept"))
    return {name: np.array(_fired(frame, rule, start, block, kept)) for name, rule in rules.items()}


def _fired(frame: pd.DataFrame, rule: Rule, start: int, block: int, kept: int) -> list[bool]:
    known, found = frame[:start], []
    for begin in range(start, len(frame) - block + 1, block):
        end = begin + block
        found.append(rule(known, frame[begin:end].reset_index(drop=True)))
        if found[-1]:
            known = frame[end - kept : end].reset_index(drop=True)
    return found


def _frame(features: np.ndarray, texts: np.ndarray) -> pd.DataFrame:
    made = {}
    for at, (column, text) in enumerate(zip(features.T, texts, strict=True)):
        made[f"{'t' if text else 'x'}{at}"] = column.astype(int).astype(str).astype(object) if text else column
    return pd.DataFrame(made)
