"""Values of the recipe's slices: which become segments, what is counted of them, and what is said of the others."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.api.trainingjob import DataSource, Slice
from mooring.artifact.manifest import Manifest
from mooring.artifact.predict import Answers
from mooring.ledger.layout import MOST_COMBINATIONS
from mooring.ledger.profile import Profile
from mooring.training.failure import RunFailed
from mooring.training.prepare import Prepared, prepare
from mooring.training.profile import profile
from mooring.training.run import Run, execute
from mooring.training.segments import segment_metrics, with_segments
from mooring.training.slices import sliced_by, told

SOURCE = DataSource.model_validate({"uri": "s3://b/x", "target": "y", "ignore": ["id"], "timeColumn": "at"})


def sliced(frame: pd.DataFrame, *columns: str, held: float = 0.5, min_rows: int = 50):
    holdout = np.arange(len(frame)) < held * len(frame)
    return sliced_by([Slice(column=name, min_rows=min_rows) for name in columns], SOURCE, frame, holdout)


def values(count: dict[object, int], rows: int) -> list[object]:
    """Return so many of each value, in turn over all rows, and none for the rest."""
    found = [*chain.from_iterable([value] * many for value, many in count.items())]
    found += [None] * (rows - len(found))
    return [found[(at * 7919) % rows] for at in range(rows)]


def frame_of(**columns: list[object]) -> pd.DataFrame:
    kinds = {name: object if any(isinstance(one, str) for one in given) else float for name, given in columns.items()}
    return pd.DataFrame({name: pd.Series(given, dtype=kinds[name]) for name, given in columns.items()})


def test_values_with_enough_held_out_rows_are_segments_in_ascending_order():
    city = values({"Oslo": 500, "Bergen": 300, "Vadsø": 20}, 1000)
    (found,) = sliced(frame_of(city=city), "city")
    assert [(one.value, one.rows) for one in found.segments] == [("Bergen", 300), ("Oslo", 500)]
    assert found.places.tolist() == [{"Bergen": 0, "Oslo": 1}.get(one, -1) for one in city]
    assert found.few == ["city=Vadsø"]
    lines = [*told(found)]
    assert lines[0].startswith("segments of city: city=Bergen (300 rows, ")
    assert lines[1:] == ["no segments, with fewer than 50 held out rows: 'city=Vadsø'"]


def test_the_values_of_a_number_are_exact_and_a_missing_one_is_none_of_them():
    sex = values({2.0: 500, 1.0: 300, 1.5: 10}, 1000)
    (found,) = sliced(frame_of(sex=sex), "sex")
    assert [one.value for one in found.segments] == [1.0, 2.0]
    assert found.places.tolist() == [{1.0: 0, 2.0: 1}.get(one, -1) for one in sex]
    assert found.few == ["sex=1.5"]


def test_a_column_has_the_twelve_most_frequent_and_the_others_are_told():
    kind = values({f"k{number:02}": 200 + number for number in range(15)}, 4000)
    (found,) = sliced(frame_of(kind=kind), "kind")
    assert [one.value for one in found.segments] == [f"k{number:02}" for number in range(3, 15)]
    assert found.many == ["kind=k02", "kind=k01", "kind=k00"]
    assert "rarer than those that fit 12 values a column and 64 combinations" in [*told(found)][1]


def test_of_several_columns_the_rarest_values_are_left_out_until_their_combinations_fit():
    frame = frame_of(
        a=values({f"a{number}": 1000 for number in range(4)}, 4000),
        b=values({f"b{number}": 800 - number for number in range(5)}, 4000),
        c=values({"one": 110}, 4000),
    )
    found = sliced(frame, "a", "b", "c")
    assert [len(one.segments) for one in found] == [4, 5, 1]
    tight = sliced(pd.concat([frame, frame_of(d=values({"d0": 900, "d1": 700}, 4000))], axis=1), "a", "b", "c", "d")
    assert [len(one.segments) for one in tight] == [4, 2, 1, 1]
    assert tight[1].many == ["b=b2", "b=b3", "b=b4"]
    assert [one.value for one in tight[2].segments] == ["one"], "a column keeps its most frequent value"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(100, 400), min_size=1, max_size=9), min_size=1, max_size=4))
def test_there_are_never_more_combinations_than_fit(counts: list[list[int]]):
    rows = 4000
    given_columns = {
        f"c{at}": values({float(value): many for value, many in enumerate(column)}, rows)
        for at, column in enumerate(counts)
    }
    found = sliced(frame_of(**given_columns), *given_columns, held=1.0)
    assert np.prod([len(one.segments) + 1 for one in found]) <= MOST_COMBINATIONS
    for one in found:
        left = [segment.rows for segment in one.segments]
        named = {f"{one.column}={int(segment.value)}" for segment in one.segments}
        assert left
        assert named.isdisjoint(one.many)
        assert min(left) >= max((counts[int(one.column[1:])][int(name.split("=")[1])] for name in one.many), default=0)


@pytest.mark.parametrize(
    ("column", "reason", "sentence"),
    [
        ("cty", "SliceNoFeature", "evaluation.slices names 'cty', which is no feature; did you mean 'city'?"),
        ("y", "SliceNoFeature", "the target; name a feature"),
        ("id", "SliceNoFeature", "remove it from data.ignore"),
        ("at", "SliceNoFeature", "the time or group column"),
        ("city", "SliceWithoutSegment", "has the 50 held out rows that its slice needs (city=Oslo has 20): lower its"),
    ],
)
def test_a_slice_that_cannot_be_is_the_recipes_mistake_and_says_what_to_write(column, reason, sentence):
    with pytest.raises(RunFailed) as raised:
        sliced(frame_of(city=["Oslo"] * 40), column)
    assert (raised.value.failure.class_, raised.value.failure.reason) == ("User", reason)
    assert sentence in raised.value.failure.message


def test_a_column_twice_is_refused():
    with pytest.raises(RunFailed, match="names a column twice"):
        sliced(frame_of(city=["Oslo"] * 400), "city", "city")


def test_a_text_that_is_no_name_is_no_segment():
    (found,) = sliced(frame_of(city=values({"x" * 129: 200, "Oslo": 200}, 400)), "city")
    assert [one.value for one in found.segments] == ["Oslo"]
    assert found.few == []
    assert "since a text of more than 128 characters names none: 'city=xxx" in [*told(found)][1]
    with pytest.raises(RunFailed, match="every value of 'city' is a text of more than 128 characters"):
        sliced(frame_of(city=["x" * 129] * 400), "city")


def prepared_of(rows: int, task: str, *, timed: bool = True) -> tuple[Prepared, Answers]:
    """Return rows of ten days with a text and a number to slice by, gaps in both, and answers to the held out ones."""
    random = np.random.default_rng(0)
    city = random.choice(["Oslo", "Bergen", "rare", None], rows, p=[0.5, 0.3, 0.01, 0.19])
    sex = random.choice([1.0, 2.0, 3.0, np.nan], rows, p=[0.5, 0.4, 0.001, 0.099])
    age = np.where(random.random(rows) < 0.1, np.nan, random.normal(40, 10, rows) + 10 * (city == "Oslo"))
    y = random.normal(size=rows) if task == "Regression" else random.integers(0, 3, rows)
    seconds = 1_700_000_000 // 86400 * 86400 + np.arange(rows) * 864_000 // rows
    table = pa.table(
        {"age": pa.array(age), "city": city, "sex": pa.array(sex), "y": y, "at": pa.array(seconds, pa.timestamp("s"))}
    )
    source = {"uri": "s3://b/x", "target": "y", "holdoutPerMille": 500}
    source |= {"timeColumn": "at"} if timed else {"ignore": ["at"]}
    made = prepare(table, DataSource.model_validate(source), "m", [])
    slices = [Slice(column="sex", min_rows=200), Slice(column="city", min_rows=200)]
    held = int(made.holdout.sum())
    probability = random.dirichlet([1, 1, 1], held)
    answers = Answers(probability, probability.argmax(axis=1))
    if task == "Regression":
        answers = Answers(prediction=random.normal(size=held))
    cut = sliced_by(slices, SOURCE, made.frame, made.holdout)
    return Prepared(**{**vars(made), "slices": cut}), answers


@pytest.mark.parametrize("task", ["Regression", "MulticlassClassification"])
def test_a_segment_counts_its_own_rows_on_the_edges_of_all(task):
    """Each segment's counts are those of the rows alone: counted here one after the other."""
    prepared, answers = prepared_of(30_000, task)
    frame, target, held = prepared.frame, prepared.target, prepared.holdout
    whole = profile(prepared.features, frame, target, held, answers, prepared.blocks)
    made = with_segments(whole, prepared, answers)
    assert [one.name for one in made.segments] == ["sex=1", "sex=2", "city=Bergen", "city=Oslo"]
    for one in made.segments:
        mine = (frame[one.column] == one.value).to_numpy()
        assert (one.rows, one.holdout_rows) == (mine.sum(), (mine & held).sum())
        inside = made.within(one)
        for number in inside.numbers:
            present = frame[number.name][mine].dropna()
            bins = [sum(value > edge for edge in number.edges) for value in present]
            assert number.counts == np.bincount(bins, minlength=len(number.edges) + 1).tolist()
            assert number.missing == mine.sum() - len(present)
        (city,) = inside.categories
        counts = frame["city"][mine].value_counts()
        assert city.counts == [counts.get(name, 0) for name in city.categories]
        assert (city.other, city.missing) == (0, int(frame["city"][mine].isna().sum()))
        asked = mine[held]
        assert sum(inside.predictions.counts) == sum(inside.predictions.strata) == asked.sum()
        wrong = (
            np.abs(answers.prediction - target.values[held]) > whole.predictions.error_q90
            if task == "Regression"
            else answers.codes != target.codes()[held]
        )
        assert sum(inside.predictions.losses) == wrong[asked].sum()
    by_column = [[one for one in made.segments if one.column == name] for name in ("sex", "city")]
    for column in by_column:
        strata = np.sum([one.predictions.strata for one in column], axis=0)
        assert (strata <= whole.predictions.strata).all()


def test_a_profile_with_segments_reads_as_it_was_written_and_without_slices_has_none():
    prepared, answers = prepared_of(8000, "MulticlassClassification")
    args = (prepared.features, prepared.frame, prepared.target, prepared.holdout, answers, prepared.blocks)
    whole = profile(*args)
    made = with_segments(whole, prepared, answers)
    assert Profile.model_validate_json(made.model_dump_json(by_alias=True, exclude_none=True)) == made
    plain = with_segments(whole, Prepared(**{**vars(prepared), "slices": ()}), answers)
    assert plain == whole
    assert "segments" not in plain.model_dump_json(by_alias=True, exclude_none=True)


def test_a_season_inside_a_segment_is_known_by_blocks_of_its_own_rows():
    prepared, answers = prepared_of(60_000, "Regression")
    night = (prepared.blocks < 12) & (prepared.frame["sex"] == 1.0).to_numpy()
    moved = prepared.frame.assign(age=prepared.frame["age"].where(~night, 200.0))
    prepared = Prepared(**{**vars(prepared), "frame": moved})
    whole = profile(prepared.features, prepared.frame, prepared.target, prepared.holdout, answers, prepared.blocks)
    made = with_segments(whole, prepared, answers)
    blocks = {one.name: one.numbers[0].blocks for one in made.segments}
    assert blocks["sex=1"] == pytest.approx(0.5, abs=0.05)
    assert blocks["sex=2"] < 0.1
    assert made.segments[0].predictions.blocks == pytest.approx(0.05, abs=0.05)
    small = [one.categories[0].blocks for one in made.segments]
    assert all(0 <= one < 0.1 for one in small)


def test_without_times_a_segment_has_no_blocks():
    prepared, answers = prepared_of(8000, "Regression", timed=False)
    whole = profile(prepared.features, prepared.frame, prepared.target, prepared.holdout, answers, None)
    (first, *_) = with_segments(whole, prepared, answers).segments
    assert [first.numbers[0].blocks, first.categories[0].blocks, first.predictions.blocks] == [None, None, None]


def test_metrics_of_a_segment_are_those_of_its_held_out_rows():
    prepared, answers = prepared_of(8000, "MulticlassClassification")
    right = answers.codes == prepared.target.codes()[prepared.holdout]
    for one in segment_metrics(prepared, answers, seed=1, primary="accuracy"):
        asked = (prepared.frame[one.column] == one.value).to_numpy()[prepared.holdout]
        assert one.metrics[0].name == "accuracy"
        assert one.rows == one.metrics[0].rows == asked.sum()
        assert float(one.metrics[0].value) == pytest.approx(right[asked].mean(), rel=1e-5)
        assert float(one.metrics[0].low) < float(one.metrics[0].value) < float(one.metrics[0].high)


def test_a_recipe_with_slices_writes_them_into_profile_manifest_and_card(order, people, store_rows, tmp_path, capsys):
    rows = people(2000)
    rows.loc[:20, "job"] = "a|b"
    store_rows(rows)
    slices = [{"column": "job", "minRows": 50}, {"column": "citizen", "minRows": 50}]
    report = execute(Run(order(evaluation={"slices": slices}), {}, {}))
    folder = tmp_path / "models" / "income" / "1-0123abcd"
    found = Profile.model_validate_json((folder / "profile.json").read_bytes())
    names = ["job=baker", "job=clerk", "job=miner", "citizen=1"]
    assert [one.name for one in found.segments or ()][:4] == names
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    assert [one.name for one in manifest.segments][:4] == names
    assert [one.rows for one in manifest.segments] == [one.holdout_rows for one in found.segments]
    assert [one.name for one in manifest.segments[0].metrics] == [one.name for one in manifest.metrics]
    card = (folder / "card.md").read_text()
    first = manifest.segments[0].metrics[0]
    assert f"| job=baker | {first.rows} | roc_auc | {first.value} | {first.low} to {first.high} |" in card
    assert "Nothing was checked for groups" not in card
    said = capsys.readouterr().out
    assert "segments of job: job=baker (" in said
    assert "fewer than 50 held out rows: 'job=a|b'" in said
    assert len(report.encode()) <= 4096


def test_without_slices_the_card_says_that_nothing_was_checked(order, people, store_rows, tmp_path):
    store_rows(people())
    execute(Run(order(), {}, {}))
    folder = tmp_path / "models" / "income" / "1-0123abcd"
    assert "Nothing was checked for groups of people or other slices." in (folder / "card.md").read_text()
    assert Manifest.model_validate_json((folder / "manifest.json").read_bytes()).segments == []
