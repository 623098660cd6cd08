"""What a peer's process is given and answers: pairs of samples as CSV, a score and a verdict as JSON. pandas only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

NUMBERS = {"AGEP": float}
"""All other columns are texts."""
Say = Callable[[pd.DataFrame, pd.DataFrame], tuple[float, bool]]
"""From reference and captured rows to a score and whether it alarms."""


def answer(say: Say) -> None:
    """Print as JSON what is said of each pair in the folder of the first argument."""
    found = {}
    for file in sorted(Path(sys.argv[1]).glob("*-captured.csv")):
        reference, captured = (_read(path) for path in (file.with_name(f"{_name(file)}-reference.csv"), file))
        found[_name(file)] = say(reference, captured)
    print(json.dumps(found))


def _name(file: Path) -> str:
    return file.name.removesuffix("-captured.csv")


def _read(file: Path) -> pd.DataFrame:
    names = file.open(encoding="utf-8").readline().strip().split(",")
    return pd.read_csv(file, dtype={name: NUMBERS.get(name, str) for name in names}, keep_default_na=False)
