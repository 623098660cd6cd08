"""Rows told from rows: by what they are together, and not by heart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mooring.artifact.manifest import Feature
from mooring.artifact.sample import schema_of
from mooring.batch.classify.matrix import CATEGORIES, matrix_of
from mooring.batch.classify.telling import Told, tell_apart
from mooring.training.failure import RunFailed

FEATURES = [
    Feature(name="age", datatype="INT64", nullable=False),
    Feature(name="wage", datatype="FP64", nullable=True),
    Feature(name="job", datatype="BYTES", nullable=True),
    Feature(name="citizen", datatype="BOOL", nullable=False),
]


def people(rows: int, seed: int) -> pa.Table:
    """Return people whose wages go with their age, and jobs with both."""
    random = np.random.default_rng(seed)
    age = random.integers(16, 90, rows)
    wage = age * 50 + random.normal(0, 300, rows)
    frame = pd.DataFrame(
        {
            "age": age,
            "wage": np.where(random.random(rows) < 0.05, np.nan, wage),
            "job": np.where(random.random(rows) < 0.1, None, np.where(wage > 2500, "clerk", "baker")),
            "citizen": random.random(rows) < 0.9,
        }
    )
    return pa.Table.from_pandas(frame, schema=schema_of(FEATURES), preserve_index=False)


def mixed(table: pa.Table, column: str) -> pa.Table:
    """Return the rows with the values of a column dealt out anew: every column keeps its distribution."""
    order = np.random.default_rng(0).permutation(table.num_rows)
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), table.column(at).take(pa.array(order)))


def told(captured: pa.Table, reference: pa.Table, seed: int = 1) -> Told:
    return tell_apart(captured, reference, FEATURES, seed)


def test_rows_of_the_same_are_not_told_apart() -> None:
    lows = [told(people(600, seed), people(600, 100 + seed)).auc.low for seed in range(12)]
    assert max(low or 0 for low in lows) < 0.55
    assert sum((low or 0) > 0.5 for low in lows) <= 2


def test_columns_that_are_paired_wrongly_are_found_though_each_is_as_it_was() -> None:
    reference = people(1000, 1)
    found = told(mixed(people(1000, 2), "wage"), reference)
    assert found.auc.low is not None
    assert found.auc.low > 0.7
    assert {name for name, _ in found.top[:2]} == {"age", "wage"}
    assert found.top[0][1] >= found.top[1][1] > 0.05


def test_what_only_few_rows_show_is_found_where_categories_and_gaps_show_it() -> None:
    other = people(1000, 2).to_pandas()
    other["job"] = np.where(other["age"] > 60, "miner", other["job"])
    captured = pa.Table.from_pandas(other, schema=schema_of(FEATURES), preserve_index=False)
    found = told(captured, people(1000, 1))
    assert found.auc.low is not None
    assert found.auc.low > 0.6
    assert found.top[0][0] == "job"


def test_the_same_seed_says_the_same() -> None:
    captured, reference = people(500, 1), people(500, 2)
    assert told(captured, reference) == told(captured, reference)
    assert told(captured, reference, 2) != told(captured, reference, 1)


def test_what_was_learned_by_heart_is_worth_nothing() -> None:
    """Forty users who ask the same fifty times: were rows of one user in both halves, they would all be known."""
    few = people(40, 3)
    captured = pa.concat_tables([few] * 50).combine_chunks()
    lows = [told(captured, people(2000, 4), seed).auc.low for seed in range(5)]
    assert sum((low or 0) > 0.55 for low in lows) == 0


def test_samples_of_different_sizes_weigh_the_same() -> None:
    found = told(mixed(people(300, 2), "wage"), people(4000, 1))
    assert found.auc.low is not None
    assert found.auc.low > 0.6


def test_rows_that_are_all_alike_are_refused_with_a_sentence() -> None:
    one = people(1, 1)
    with pytest.raises(RunFailed, match="800 rows have 1 different contents"):
        told(pa.concat_tables([one] * 400), pa.concat_tables([one] * 400))


def test_a_column_without_any_value_and_one_with_many_categories_are_no_trouble() -> None:
    features = [Feature(name="id", datatype="BYTES", nullable=False), Feature(name="x", datatype="FP64", nullable=True)]
    tables = [pa.table({"id": [f"{side}-{n}" for n in range(500)], "x": pa.nulls(500, pa.float64())}) for side in "ab"]
    found = tell_apart(*tables, features, 1)
    assert 0.4 < found.auc.value < 0.6  # an id says nothing of ids that nobody has seen
    assert found.top == []


def test_texts_are_numbered_by_how_often_the_rows_have_them_that_are_learned_from() -> None:
    words = ["a", "b", "b", None, "c", "c", "c"] + [f"rare-{n}" for n in range(300)]
    learned = np.arange(len(words)) != 0
    column = matrix_of(pa.table({"job": words}), [FEATURES[2]], learned)[:, 0]
    assert column[[1, 2, 4, 5, 6]].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert np.isnan(column[3])
    assert column[0] == CATEGORIES  # it is of nobody's who was learned from
    assert column[-1] == CATEGORIES
    assert np.nanmax(column) == CATEGORIES
