"""Rows as peers that read pandas want them, and the windows that nobody should fall over. pandas and numpy only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from bench.drifting.peers.exchange import Arrays, Job
from bench.drifting.tables import Rows, Stream, reference, windows

CASES = ("empty", "8 rows", "a column of nulls", "a constant column", "new categories", "NaN and infinity")
"""All but the first two have something that may be told: broken data. None is drift of a number by its values."""


def frame(rows: Rows) -> pd.DataFrame:
    """Return the numbers as x0, x1 and so on, the texts as t0, t1 and so on."""
    made = {f"x{at}": rows.numbers[:, at] for at in range(rows.numbers.shape[1])}
    for at in range(rows.codes.shape[1]):
        names = np.array([f"category {code}" for code in range(int(rows.codes[:, at].max(initial=0)) + 1)], object)
        made[f"t{at}"] = names[rows.codes[:, at]]
    return pd.DataFrame(made)


def texts_of(data: pd.DataFrame) -> set[str]:
    """Return the names of the columns of categories."""
    return {name for name in data if str(name).startswith("t")}


def odd(job: Job, drifted: Callable[[pd.DataFrame, pd.DataFrame], bool]) -> Arrays:
    """Return for each stream (rows) and case (columns) what became of it: "fine", "drift" or the name of the error."""
    told = [[_told(drifted, known, window) for known, window in cases(stream)] for stream in job.streams]
    return {"told": np.array(told, dtype=str)}


def _told(drifted: Callable[[pd.DataFrame, pd.DataFrame], bool], known: pd.DataFrame, window: pd.DataFrame) -> str:
    try:
        return "drift" if drifted(known, window) else "fine"
    except Exception as error:  # whatever a peer falls over is the figure
        return type(error).__name__


def cases(stream: Stream) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the reference and the window of each case. A constant column is constant in both."""
    known, window = frame(reference(stream)), frame(next(windows(stream)))
    constant = {"x0": 1.0}
    dirty = window["x0"].mask(window.index % 20 == 0, np.nan).mask(window.index % 50 == 1, np.inf)
    yield known, window.head(0)
    yield known, window.head(8)
    yield known, window.assign(x0=np.nan)
    yield known.assign(**constant), window.assign(**constant)
    yield known, window.assign(t0="never seen " + window["t0"])
    yield known, window.assign(x0=dirty)
