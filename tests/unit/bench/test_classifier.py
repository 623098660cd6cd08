"""What the figures of rows together rest on: rows that are paired wrongly have every column as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.classifier.draws import SCENARIOS, Draw, distance
from demo.upstream import EDUCATION


def people(rows: int = 2000) -> pd.DataFrame:
    age = np.random.default_rng(0).integers(16, 90, rows)
    return pd.DataFrame({"AGEP": age.astype(float), EDUCATION: (age // 10).astype(str).astype(object)})


def test_rows_that_are_paired_wrongly_have_the_columns_that_they_had_and_others_are_not_touched() -> None:
    rows = people()
    changes = {scenario.name: scenario.change(rows, 1) for scenario in SCENARIOS[:3]}
    for name, share in (("joined", 1.0), ("partly", 1 / 3)):
        assert distance(Draw(rows, changes[name])) == 0
        moved = (changes[name][EDUCATION] != rows[EDUCATION]).mean()
        assert 0.6 * share < moved <= 1.1 * share
    assert changes["quiet"] is rows


def test_the_greatest_distance_is_of_the_feature_that_moved_most() -> None:
    rows = people()
    assert distance(Draw(rows, rows.assign(AGEP=rows["AGEP"] + 100))) == 1
    only = rows.assign(**{EDUCATION: rows[EDUCATION].mask(rows[EDUCATION] == "3", "new")})
    assert distance(Draw(rows, only)) == pytest.approx((rows[EDUCATION] == "3").mean())
