"""The reference: what the model lost out of sample by stratum, and how far its data moves with time."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.api.trainingjob import DataSource
from mooring.artifact.manifest import Feature
from mooring.artifact.predict import Answers
from mooring.ledger.layout import LOSS_EDGES
from mooring.ledger.profile import Profile
from mooring.training.prepare import prepare
from mooring.training.profile import profile, sample_profile
from mooring.training.target import Target
from mooring.training.times import blocks_of, distance_of_blocks, read_times

HOUR = 3600
MIDNIGHT = 86_400 * 19_675
AGE = Feature(name="age", datatype="FP64", nullable=False)


def binary(rows: int = 2000, seed: int = 0) -> tuple[Target, np.ndarray, Answers]:
    """Return a target, what is held out, and answers with calibrated probabilities."""
    random = np.random.default_rng(seed)
    held = random.random(rows) < 0.5
    chance = random.random(rows)
    truth = (random.random(rows) < chance).astype(np.int64)
    asked = chance[held]
    answers = Answers(np.column_stack([1 - asked, asked]), (asked > 0.5).astype(np.int64))
    return Target("BinaryClassification", truth, "INT64", [0, 1], 1), held, answers


def frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"age": np.random.default_rng(1).normal(size=rows)})


def test_losses_of_a_classification_are_wrong_labels_by_bin_and_label():
    target, held, answers = binary()
    made = profile([AGE], frame(2000), target, held, answers).predictions
    assert made.positive == 1
    strata, losses = np.array(made.strata).reshape(-1, 2), np.array(made.losses).reshape(-1, 2)
    assert strata.sum(axis=1).tolist() == made.counts
    assert strata.sum(axis=0).tolist() == made.classes
    assert losses.sum() == (answers.codes != target.values[held]).sum()
    assert (losses <= strata).all()
    wrong = losses.sum(axis=1) / strata.sum(axis=1)
    assert wrong[0] < 0.15 < 0.25 < wrong[7], "uncertain answers are lost more often than certain ones"


def test_losses_of_a_regression_are_errors_above_the_ninth_tenth_which_is_an_edge_of_truths():
    random = np.random.default_rng(0)
    said = random.normal(size=1000)
    truth = said + random.normal(size=1000)
    target, answers = Target("Regression", truth, "FP64"), Answers(prediction=said)
    made = profile([AGE], frame(1000), target, np.ones(1000, bool), answers).predictions
    assert made.strata == made.counts
    assert made.losses is not None
    assert sum(made.losses) == 100
    outcomes = np.searchsorted(LOSS_EDGES, np.abs(said - truth) / made.error_q90)
    assert (outcomes > LOSS_EDGES.index(1.0)).sum() == 100


def test_without_truths_there_are_no_losses_and_older_profiles_still_load():
    _, held, answers = binary()
    made = sample_profile([AGE], frame(int(held.sum())), answers, 1)
    assert (made.predictions.strata, made.predictions.losses, made.predictions.positive) == (None, None, 1)
    text = made.model_dump_json(by_alias=True, exclude_none=True)
    assert "losses" not in text
    assert "blocks" not in text
    assert Profile.model_validate_json(text) == made


def seasonal(hours: int, rows_an_hour: int, swing: float) -> tuple[pa.Table, np.ndarray]:
    """Return a year's end: a number that swings with the hour of the day, a text that is only said at night."""
    random = np.random.default_rng(0)
    hour = np.repeat(np.arange(hours), rows_an_hour)
    age = random.normal(size=len(hour)) + swing * np.sin(2 * np.pi * hour / 24)
    night = np.where((hour % 24 < 6) & (random.random(len(hour)) < 0.5), "night", "any")
    return pa.table(
        {"age": age, "shift": night, "y": (age > 0).astype(int)}
    ), hour * HOUR + 1_700_000_000 // 86400 * 86400


def prepared_blocks(table: pa.Table, times: pa.Array, **fields: object):
    source = DataSource.model_validate({"uri": "s3://b/x", "target": "y", **fields})
    return prepare(table.append_column("at", times), source, "m", [])


def profiled(prepared) -> Profile:
    held = int(prepared.holdout.sum())
    answers = Answers(np.full((held, 2), 0.5), np.zeros(held, np.int64))
    return profile(prepared.features, prepared.frame, prepared.target, prepared.holdout, answers, prepared.blocks)


def test_a_season_of_the_day_is_known_by_the_hours():
    table, seconds = seasonal(24 * 10, 100, 1.0)
    made = profiled(prepared_blocks(table, pa.array(seconds, pa.timestamp("s")), timeColumn="at"))
    (age,), (shift,) = made.numbers, made.categories
    assert age.blocks == pytest.approx(0.38 * 0.9, abs=0.06)
    assert shift.blocks == pytest.approx(0.5 - 0.125, abs=0.04)


def test_a_season_of_the_answers_is_known_too():
    table, seconds = seasonal(24 * 10, 200, 0.0)
    prepared = prepared_blocks(table, pa.array(seconds, pa.timestamp("s")), timeColumn="at", holdoutPerMille=500)
    night = prepared.blocks[prepared.holdout] < 12
    chance = np.where(night, 0.9, 0.2)
    answers = Answers(np.column_stack([1 - chance, chance]), night.astype(np.int64))
    made = profile(prepared.features, prepared.frame, prepared.target, prepared.holdout, answers, prepared.blocks)
    assert made.predictions.label_blocks == pytest.approx(0.5, abs=0.01)
    assert made.predictions.blocks == pytest.approx(0.5, abs=0.01)


def test_the_same_hours_with_another_offset_and_as_texts_are_the_same_blocks():
    _, seconds = seasonal(24 * 10, 100, 0.0)
    moments = pa.array(seconds, pa.timestamp("s"))
    texts = pa.array([f"{one}Z" for one in moments.cast(pa.string()).to_pylist()])
    found = [blocks_of(read_times(pa.chunked_array([one]), "at")) for one in (moments, texts)]
    assert found[0].tolist() == found[1].tolist()
    assert found[0].tolist() == (seconds // HOUR % 24).tolist()


@pytest.mark.parametrize(
    ("rows_an_hour", "blocks"), [(100, 24), (99, 12), (50, 12), (30, 6), (17, 4), (16, None), (1, None)]
)
def test_a_block_has_a_thousand_rows(rows_an_hour, blocks):
    _, seconds = seasonal(24 * 10, rows_an_hour, 0.0)
    found = blocks_of(read_times(pa.chunked_array([pa.array(seconds, pa.timestamp("s"))]), "at"))
    assert (None if found is None else len(np.unique(found))) == blocks


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.date32()])
def test_where_no_time_of_the_day_is_known_blocks_are_of_equal_rows_in_order(kind):
    days = np.repeat(np.arange(100), 100)
    found = blocks_of(read_times(pa.chunked_array([pa.array(days).cast(pa.int32()).cast(kind)]), "at"))
    counts = np.bincount(found)
    assert len(counts) == 10
    assert counts.min() == counts.max() == 1000
    assert (np.diff(found) >= 0).all()


def test_less_than_two_days_have_no_season_of_the_day():
    seconds = np.arange(0, 86_400, 10)
    found = blocks_of(read_times(pa.chunked_array([pa.array(seconds, pa.timestamp("s"))]), "at"))
    assert len(np.unique(found)) == 8, "8640 rows in order"


def test_rows_without_a_time_are_in_no_block_and_change_nothing():
    seconds = pa.array([*range(0, 10**6, 100), *[None] * 500], pa.timestamp("s"))
    found = blocks_of(read_times(pa.chunked_array([seconds]), "at"))
    assert (found[-500:] == -1).all()
    assert (found[:-500] >= 0).all()
    cells = np.r_[np.zeros(10_000, np.int64), np.ones(500, np.int64)]
    assert distance_of_blocks(found, cells, [10_000, 500], ordered=True) == pytest.approx(500 / 10_500)


def test_a_column_that_is_mostly_missing_has_no_block_with_enough_rows():
    places = np.repeat(np.arange(24), 10)
    assert distance_of_blocks(places, np.zeros(240, np.int64), [240, 0], ordered=True) == 0


def test_without_a_time_column_nothing_is_said():
    table, seconds = seasonal(24 * 10, 100, 1.0)
    made = profiled(prepared_blocks(table, pa.array(seconds, pa.timestamp("s")), ignore=["at"]))
    assert [one.blocks for one in (*made.numbers, *made.categories)] == [None, None]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 23), st.integers(0, 4)), max_size=200), st.booleans())
def test_a_distance_is_a_share_whatever_the_blocks(rows, ordered):
    places = np.repeat(np.array([row[0] for row in rows], np.int64), 100)
    cells = np.repeat(np.array([row[1] for row in rows], np.int64), 100)
    whole = (np.bincount(cells, minlength=5) if len(cells) else np.ones(5, int)).tolist()
    assert 0 <= distance_of_blocks(places, cells, whole, ordered=ordered) <= 1
