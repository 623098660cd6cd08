"""What happens to the census rows after the first year: nothing, harm, a real block, something harmless, a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.census_drift.rows import SEED, WINDOW, YEARS, Census
from demo import upstream
from demo.upstream import EDUCATION

STORY_YEAR = 2017
STAGE = 5
"""Windows of each part of a story."""
IDLE = "RAC1P"
"""A column that hardly moves an answer."""
IDLE_CODE = "9"
SHARE = 1 / 3
QUARTERS = 134_000
"""From here five windows in the order of the file are people in group quarters (RELP 16 and 17), and nobody else."""


@dataclass(frozen=True)
class Part:
    """Windows of a scenario that are told together."""

    title: str
    windows: int = STAGE


@dataclass(frozen=True)
class Scenario:
    """A stream of rows, whole windows of them."""

    name: str
    rows: pd.DataFrame
    parts: tuple[Part, ...]


def scenarios(census: Census) -> Iterator[Scenario]:
    """Yield what happens."""
    years = [census.year(year) for year in YEARS]
    parts = tuple(Part(f"{year}, as it was", len(rows) // WINDOW) for year, rows in zip(YEARS, years, strict=True))
    yield Scenario("quiet", pd.concat(years), parts)
    yield _story(census, "harm", f"{EDUCATION} is recoded upstream: same codes, other meanings", recoded)
    yield _story(census, "harmless", f"a third of {IDLE}, which hardly matters, becomes one code", moved)
    yield _story(census, "broken", f"a third of {EDUCATION} is null", emptied)
    from_, to = QUARTERS - STAGE * WINDOW, QUARTERS + 2 * STAGE * WINDOW
    titles = ("rows 124,000 on in the file's order", "group quarters only (real)", "rows 144,000 on")
    yield Scenario("quarters", census.later.iloc[from_:to], tuple(map(Part, titles)))


def _story(census: Census, name: str, title: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Scenario:
    rows, stage = census.year(STORY_YEAR, 3 * STAGE), STAGE * WINDOW
    before, during, after = (rows.iloc[start : start + stage] for start in (0, stage, 2 * stage))
    stages = (Part(f"{STORY_YEAR}, before"), Part(title), Part("as before again"))
    return Scenario(name, pd.concat([before, change(during), after]), stages)


def recoded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose education has new codes."""
    return upstream.recoded(rows)


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of which a third have another value in a column that matters little."""
    return rows.assign(**{IDLE: rows[IDLE].mask(_lot(rows), IDLE_CODE)})


def emptied(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of which a third have lost a column."""
    values = rows[EDUCATION].to_numpy(object, copy=True)
    values[_lot(rows)] = None
    return rows.assign(**{EDUCATION: pd.Series(values, rows.index, dtype=object)})


def _lot(rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.random.default_rng(SEED).random(len(rows)) < SHARE
