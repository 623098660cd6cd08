"""What a peer's process is given: the reference, and the windows of each scenario, as CSV. pandas only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

REFERENCE = "reference.csv"
NUMBERS = {"AGEP": float, "score": float, "label": int, "truth": int, "window": int}
"""All other columns are texts."""
APART = ("score", "label", "truth", "window")
"""Columns that are no features."""
Voices = dict[str, list[bool]]
"""What is alarmed by: whether it alarms in each window."""


def features(rows: pd.DataFrame) -> list[str]:
    """Return the names of the features."""
    return [name for name in rows.columns if name not in APART]


def categories(rows: pd.DataFrame) -> list[str]:
    """Return the names of the features that are texts."""
    return [name for name in features(rows) if name not in NUMBERS]


def windows(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the windows in turn."""
    for _, window in rows.groupby("window", sort=True):
        yield window.drop(columns="window").reset_index(drop=True)


def read(file: Path) -> pd.DataFrame:
    """Return a file's rows."""
    names = file.open(encoding="utf-8").readline().strip().split(",")
    return pd.read_csv(file, dtype={name: NUMBERS.get(name, str) for name in names})


def answer(say: Callable[[pd.DataFrame, pd.DataFrame], Voices]) -> None:
    """Print as JSON what is said of each scenario in the folder of the first argument."""
    folder = Path(sys.argv[1])
    reference = read(folder / REFERENCE)
    files = [file for file in sorted(folder.glob("*.csv")) if file.name != REFERENCE]
    print(json.dumps({file.stem: say(reference, read(file)) for file in files}))
