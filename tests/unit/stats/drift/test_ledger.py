"""The cells of a watch are those that serving pods count, on the edges that training froze."""

from __future__ import annotations

import numpy as np

from mooring.ledger.binner import Binner, NumberEdges, Strata, TextTable
from mooring.stats.drift import Column, Counted, Folded, Predictions, Reference, Settings, Watch
from mooring.training.profile import bins_of, frozen_edges
from tests.unit.stats.drift.worlds import HOUR

CITIES = ["Oslo", "Paris", "Rome"]


class Pod:
    """A service of two features, trained on 20,000 rows."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        ages = self.random.normal(40, 10, 20_000)
        edges = frozen_edges(ages)
        self.binner = Binner(
            [NumberEdges("age", edges.tolist(), ages.min(), ages.max()), TextTable("city", CITIES[:2], CITIES)],
            Strata([0.25, 0.5, 0.75], 2),
        )
        counts = tuple(np.bincount(bins_of(ages, edges)).tolist())
        columns = (Column("age", "number", counts), Column("city", "text", (10_000, 6000), other=4000))
        self.watch = Watch(Reference(columns, Predictions(4, 2, (5000,) * 4, (10_000,) * 2)), Settings(min_rows=2000))

    def hour(self, ages: list[float], cities: list[str | None]) -> Folded:
        """Return what an hour with these rows says."""
        layout, rows = self.binner.layout, len(ages)
        vector = np.zeros(layout.size, dtype=np.int64)
        scores = self.random.random(rows).tolist()
        self.binner.count(vector, [ages, cities], [self.stratum(score) for score in scores])
        where = layout.slices
        cells = vector[where["features"].start : where["predictions"].stop].tolist()
        counted = Counted(0, HOUR, int(vector[where["rows"].start]), cells)
        return self.watch.fold(self.watch.resume(None), counted)

    @staticmethod
    def stratum(score: float) -> int:
        return Strata([0.25, 0.5, 0.75], 2).stratum(score, int(score > 0.5))


def said(folded: Folded) -> tuple[str, str, list[str], list[str]]:
    window = folded.window
    assert window is not None
    assert window.rows == 2000
    top = [f"{name.column} {name.direction}" for name in window.top]
    return window.inputs.state, window.predictions.state, top, [f"{one.column} {one.fault}" for one in window.broken]


def test_the_same_data_is_quiet() -> None:
    pod = Pod()
    ages, cities = pod.random.normal(40, 10, 2000), pod.random.choice(CITIES, 2000, p=[0.5, 0.3, 0.2])
    assert said(pod.hour(ages.tolist(), cities.tolist())) == ("Quiet", "Quiet", [], [])


def test_older_people_are_drift_and_unknown_cities_are_broken() -> None:
    pod = Pod()
    ages, cities = pod.random.normal(46, 10, 2000), pod.random.choice([*CITIES, "Ys"], 2000, p=[0.4, 0.24, 0.16, 0.2])
    assert said(pod.hour(ages.tolist(), cities.tolist())) == ("Alarm", "Quiet", ["age up"], ["city Unseen"])


def test_nan_infinities_and_nulls_are_broken_alone() -> None:
    pod = Pod()
    ages, cities = pod.random.normal(40, 10, 2000), pod.random.choice(CITIES, 2000, p=[0.5, 0.3, 0.2]).tolist()
    ages[:200], ages[200:400] = np.nan, np.inf
    cities[:300] = [None] * 300
    faults = ["city Missing", "age OutOfRange", "age Missing"]
    assert said(pod.hour(ages.tolist(), cities)) == ("Quiet", "Quiet", [], faults)
