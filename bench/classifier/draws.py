"""What may become of census rows: nothing, columns that are paired wrongly, real years, what features alone show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from bench.census_drift.scenarios import moved
from demo import upstream
from demo.upstream import EDUCATION, IGNORED, TRUTH

ROWS = 5000
"""Of each sample."""
Change = Callable[[pd.DataFrame, int], pd.DataFrame]


@dataclass(frozen=True)
class Scenario:
    """Rows of a year, changed."""

    name: str
    title: str
    year: int
    change: Change


@dataclass(frozen=True)
class Draw:
    """Two samples: of the first year, and of what is asked about. None of its rows is in both."""

    reference: pd.DataFrame
    captured: pd.DataFrame


def _same(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    return rows


def _paired_wrongly(share: float) -> Change:
    def change(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        """Return rows of which a share has somebody else's education: every column is as it was."""
        random, values = np.random.default_rng(seed), rows[EDUCATION].to_numpy(object, copy=True)
        chosen = np.flatnonzero(random.random(len(rows)) < share)
        values[chosen] = values[random.permutation(chosen)]
        return rows.assign(**{EDUCATION: values})

    return change


SCENARIOS = (
    Scenario("quiet", "other rows of 2015", 2015, _same),
    Scenario("joined", f"{EDUCATION} is somebody else's in every row", 2015, _paired_wrongly(1.0)),
    Scenario("partly", f"{EDUCATION} is somebody else's in a third of the rows", 2015, _paired_wrongly(1 / 3)),
    Scenario("2016", "2016, as it was", 2016, _same),
    Scenario("2017", "2017, as it was", 2017, _same),
    Scenario("2018", "2018, as it was", 2018, _same),
    Scenario("recoded", f"{EDUCATION} is recoded upstream", 2015, lambda rows, _: upstream.recoded(rows)),
    Scenario("harmless", "a third of RAC1P becomes one code", 2015, lambda rows, _: moved(rows)),
)


@cache
def _year(year: int) -> pd.DataFrame:
    return upstream.labelled(year).drop(columns=[*IGNORED, TRUTH], errors="ignore")


def draws(scenario: Scenario, many: int) -> Iterator[Draw]:
    """Yield so many pairs of samples, always the same."""
    for seed in range(many):
        chosen = _year(2015).sample(2 * ROWS, random_state=seed).reset_index(drop=True)
        rows = chosen[ROWS:] if scenario.year == 2015 else _year(scenario.year).sample(ROWS, random_state=seed)
        captured = scenario.change(rows.reset_index(drop=True), seed)
        yield Draw(chosen[:ROWS], captured)


def distance(draw: Draw) -> float:
    """Return the greatest distance of one feature: what is counted of each alone shows no more."""
    return max(_distance(draw.reference[name], draw.captured[name]) for name in draw.reference)


def _distance(one: pd.Series, other: pd.Series) -> float:
    if one.dtype == object:
        shares = [part.value_counts(normalize=True) for part in (one, other)]
        return float(shares[0].sub(shares[1], fill_value=0).abs().max())
    steps = np.sort(np.concatenate([one, other]))
    sides = [np.searchsorted(np.sort(part), steps, side="right") / len(part) for part in (one, other)]
    return float(np.abs(sides[0] - sides[1]).max())
