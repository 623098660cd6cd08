import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.api.trainingjob import DataSource
from mooring.training.failure import RunFailed
from mooring.training.rowhash import held_out, row_hashes
from mooring.training.split import choose_columns, split_rows

cells = st.one_of(st.none(), st.integers(-(2**53), 2**53))
tables = st.lists(st.tuples(cells, st.one_of(st.none(), st.text(max_size=5))), min_size=1, max_size=40)


def source(**fields: object) -> DataSource:
    return DataSource.model_validate({"uri": "s3://b/x", "target": "y", **fields})


def table(rows: int = 5000, **more: object) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table({"a": random.normal(size=rows), "b": random.integers(0, 10**6, rows), "y": np.zeros(rows), **more})


def held(of: pa.Table, recorded: list[str] | None = None, features: tuple[str, ...] = ("a", "b"), **fields: object):
    return split_rows(of, source(**fields), "income", list(features), recorded or []).holdout


def test_the_hash_is_the_documented_format():
    """The vectors of docs/formats.md: never change them, old holdouts depend on them."""
    numbers = pa.chunked_array([pa.array([1.0, -0.0, None, 0.1])])
    texts = pa.chunked_array([pa.array(["1", "", None, "Größe"])])
    times = pa.chunked_array([pa.array([1, 0, None, 1_700_000_000], pa.timestamp("s"))])
    found = [f"{value:016x}" for column in (numbers, texts, times) for value in row_hashes([column], "income")]
    assert found == VECTORS
    both = row_hashes([numbers, texts], "income")
    assert [f"{value:016x}" for value in both] == BOTH


@given(tables, st.randoms())
def test_a_row_hashes_alike_wherever_it_stands(rows, random):
    shuffled = random.sample(range(len(rows)), len(rows))

    def hashes(chosen):
        columns = [pa.chunked_array([pa.array([row[k] for row in chosen], kind)]) for k, kind in KINDS]
        return row_hashes(columns, "m")

    assert hashes([rows[place] for place in shuffled]).tolist() == hashes(rows)[shuffled].tolist()
    assert np.concatenate([hashes([row]) for row in rows]).tolist() == hashes(rows).tolist()


KINDS = [(0, pa.int64()), (1, pa.string())]


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_a_number_hashes_alike_in_every_type_that_holds_it(values):
    expected = row_hashes([pa.chunked_array([pa.array(values, pa.int64())])], "m").tolist()
    for kind in (pa.int32(), pa.float64(), pa.float32(), pa.decimal128(30, 2)):
        assert row_hashes([pa.chunked_array([pa.array(values, pa.int64()).cast(kind)])], "m").tolist() == expected


def test_a_text_hashes_alike_as_text_and_as_category():
    texts = pa.chunked_array([pa.array(["x", None, "y", "x"])])
    for kind in (pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        assert row_hashes([texts.cast(kind)], "m").tolist() == row_hashes([texts], "m").tolist()


def test_missing_and_not_a_number_are_the_same():
    null, nan = (pa.chunked_array([pa.array([value], pa.float64())]) for value in (None, float("nan")))
    assert row_hashes([null], "m") == row_hashes([nan], "m")
    assert row_hashes([pa.chunked_array([pa.nulls(1)])], "m") == row_hashes([null], "m")


def test_another_model_holds_out_other_rows():
    hashes = [row_hashes([table().column("a")], salt) for salt in ("income", "income2")]
    both = held_out(hashes[0], 200) & held_out(hashes[1], 200)
    assert both.mean() == pytest.approx(0.04, abs=0.01)


@given(st.integers(50, 500))
def test_about_the_wanted_share_is_held_out_and_a_greater_share_holds_out_the_same_rows(per_mille):
    hashes = row_hashes([table().column("a")], "income")
    chosen = held_out(hashes, per_mille)
    assert chosen.mean() * 1000 == pytest.approx(per_mille, abs=30)
    assert not (chosen & ~held_out(hashes, 500)).any()


def test_a_row_is_held_out_in_whatever_file_and_order_it_comes():
    first = table()
    again = pa.concat_tables([first.slice(3000), first.slice(0, 3000)])
    assert held(again).tolist() == np.roll(held(first), -3000).tolist()


def test_a_column_added_or_ignored_later_moves_no_row():
    first = split_rows(table(), source(), "income", ["b", "a"], [])
    assert first.columns == ["a", "b"]
    wider = table(c=np.arange(5000))
    assert held(wider, recorded=first.columns, features=("a", "b", "c")).tolist() == first.holdout.tolist()
    assert held(wider, recorded=first.columns, features=("a", "c")).tolist() == first.holdout.tolist()
    assert held(wider, features=("a", "b", "c")).tolist() != first.holdout.tolist()


def test_a_recorded_column_that_is_gone_is_a_data_error_that_says_why_it_matters():
    with pytest.raises(RunFailed, match="'a' is gone, by which earlier versions") as raised:
        held(table().drop_columns(["a"]), recorded=["a", "b"], features=("b",))
    assert raised.value.failure.reason == "SplitColumnMissing"


def test_rows_of_one_group_stay_together():
    groups = np.arange(5000) % 300
    chosen = held(table(household=groups), group_column="household")
    assert all(len(set(chosen[groups == group])) == 1 for group in range(300))
    assert split_rows(table(household=groups), source(group_column="household"), "m", ["a"], []).columns == [
        "household"
    ]


def test_the_newest_rows_are_held_out_where_there_is_time():
    days = np.random.default_rng(1).permutation(5000)
    chosen = held(table(day=days), time_column="day", holdout_per_mille=100)
    assert sorted(days[chosen]) == list(range(4500, 5000))


@pytest.mark.parametrize(
    "column",
    [
        pa.array(np.arange(5000), pa.timestamp("s")),
        pa.array(np.arange(5000, dtype=np.int32), pa.date32()),
        pa.array([f"2024-{1 + k // 2500:02d}-{1 + k % 28:02d}" for k in range(5000)]),
        pa.array([f"2024-{1 + k // 2500:02d}-{1 + k % 28:02d}T00:00:00+02:00" for k in range(5000)]),
    ],
)
def test_time_may_be_timestamps_dates_or_iso_texts(column):
    chosen = held(table(day=column), time_column="day")
    text = np.array([str(value) for value in column.to_pylist()])
    assert min(text[chosen]) >= max(text[~chosen])


def test_rows_of_one_time_stay_together_and_rows_without_one_are_trained_on():
    years = pa.array([2015, 2016, 2016, 2016, None] * 1000)
    chosen = held(table(year=years), time_column="year", holdout_per_mille=100)
    assert chosen.tolist() == [False, True, True, True, False] * 1000


def test_a_group_with_a_row_among_the_newest_is_held_out_whole():
    chosen = held(table(day=np.arange(5000), who=np.arange(5000) % 4999), time_column="day", group_column="who")
    assert chosen[0]  # group 0 has rows 0 and 4999
    assert not chosen[1]


@pytest.mark.parametrize(
    ("column", "reason"),
    [(["soon"] * 5000, "TimeColumnType"), ([7] * 5000, "TimeColumnConstant"), ([[1]] * 5000, "TimeColumnType")],
)
def test_a_column_that_orders_nothing_is_a_data_error(column, reason):
    with pytest.raises(RunFailed) as raised:
        held(table(day=column), time_column="day")
    assert raised.value.failure.reason == reason


def test_rows_that_are_all_alike_cannot_be_split():
    same = pa.table({"a": [1] * 100, "y": [0] * 100})
    with pytest.raises(RunFailed, match="too many rows are alike in 'a'"):
        held(same, features=("a",))


@given(st.lists(st.text(min_size=1, max_size=128), unique=True, max_size=90))
def test_the_hashed_columns_names_fit_the_record(names):
    chosen = choose_columns(names)
    assert chosen == sorted(chosen)
    assert len(chosen) <= 64
    assert sum(len(name.encode()) for name in chosen) <= 512
    assert chosen or not names


VECTORS = [
    "965bf70b56eaa9de",
    "aa34f0c731e5d996",
    "e8785a5faaa6ce57",
    "b0bf56d2bee050c2",
    "3672dc1208f25c53",
    "50bf0f320ee86c79",
    "e8785a5faaa6ce57",
    "1fdff12b97fe1e39",
    "0e276cd81a9fc011",
    "aa34f0c731e5d996",
    "e8785a5faaa6ce57",
    "a5b27ceefa5395c7",
]
BOTH = [
    "dc6bf383755cf309",
    "537d4a2524422e7a",
    "14969a591b509ff4",
    "9abe1c9b82f99ec4",
]
