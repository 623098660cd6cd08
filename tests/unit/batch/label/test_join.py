"""Captured rows get the truths that were told online and those of a table, each once, whatever comes when."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.batch.label import sink
from mooring.serving.capture.waiting import Told
from tests.unit.batch.label.shop import DAY, NOON, Deployment, Shop


def test_truths_told_online_stand_beside_their_rows(shop: Shop) -> None:
    asked = shop.asked(40, 60, request="order-1", role="canary")
    shop.write(asked, shop.asked(20))
    shop.write(Told(asked.id, 1, 0, NOON + 60))
    summary = shop.label()
    (row,) = shop.joined().to_dict("records")
    assert row == {
        "age": 60,
        "color": "red",
        "bought": 0,
        "mooring_prediction": 1,
        "mooring_score": 0.6,
        "mooring_version": "shop-v3",
        "mooring_role": "canary",
        "mooring_prediction_id": asked.id,
        "mooring_row": 1,
        "mooring_request_id": "order-1",
        "mooring_predicted_at": pd.Timestamp(NOON, unit="s", tz="UTC"),
        "mooring_truth_at": pd.Timestamp(NOON + 60, unit="s", tz="UTC"),
    }
    assert (summary.rows, summary.labelled, summary.written, summary.online) == (3, 1, 1, 1)


def test_columns_have_the_models_names_and_types(shop: Shop) -> None:
    shop.write(shop.asked(40))
    shop.label(everything=True)
    (file,) = (shop.folder / "joined").glob("2026-11-21/*.parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(file)}
    assert list(types)[:3] == ["age", "color", "bought"]
    assert (types["age"], types["color"], types["bought"]) == ("int64", "string", "int64")
    assert types["mooring_predicted_at"] == "timestamp[ms, tz=UTC]"


def test_plain_rows_are_as_the_training_data_has_them(shop: Shop) -> None:
    asked = shop.asked(40)
    shop.write(asked)
    shop.write(Told(asked.id, 0, 1, NOON))
    shop.label(plain=True)
    assert shop.joined().to_dict("list") == {"age": [40], "color": ["red"], "bought": [1]}


def test_a_table_by_prediction_ids_wins_over_what_was_told_online(shop: Shop) -> None:
    one, two, three = (shop.asked(age, age + 1) for age in (10, 20, 30))
    shop.write(one, two, three)
    shop.write(Told(one.id, 0, 0, NOON), Told(two.id, 1, 0, NOON))
    frame = pd.DataFrame({"prediction_id": [one.id, three.id], "row": [0, 1], "bought": [1, 1]})
    summary = shop.label(truth=shop.table(frame))
    found = shop.joined().set_index("age")["bought"].to_dict()
    assert found == {10: 1, 21: 0, 31: 1}
    assert summary.table is not None
    assert (summary.table.rows, summary.table.matched) == (2, 2)


@pytest.mark.parametrize(
    ("key", "column"), [("request", "request_id"), ("request", "id"), ("order", "order")], ids=["named", "id", "own"]
)
@pytest.mark.parametrize("name", ["truths.parquet", "truths.csv"])
def test_a_table_by_the_callers_own_ids(shop: Shop, key: str, column: str, name: str) -> None:
    shop.write(shop.asked(10, request="7"), shop.asked(20, 30, request="8"), shop.asked(40))
    frame = pd.DataFrame({column: [7, 8, 8, 9], "row": [0, 0, 1, 0], "truth": [1, 0, 1, 1]})
    summary = shop.label(truth=shop.table(frame, name), key=key)
    assert shop.joined().set_index("age")["bought"].to_dict() == {10: 1, 20: 0, 30: 1}
    assert summary.table is not None
    assert (summary.table.matched, summary.table.not_captured) == (3, 1)


def test_of_a_repeated_request_one_row_is_labelled_and_of_an_id_for_different_rows_none(shop: Shop) -> None:
    shop.write(shop.asked(10, request="a"), shop.asked(10, request="a"), shop.asked(10, request="a", role="shadow"))
    shop.write(shop.asked(20, request="b"), shop.asked(30, request="b"))
    frame = pd.DataFrame({"id": ["a", "b"], "truth": [1, 1]})
    summary = shop.label(truth=shop.table(frame), key="request")
    assert shop.joined()["age"].tolist() == [10]
    assert summary.table is not None
    assert (summary.table.matched, summary.table.ambiguous) == (1, 1)


def test_of_every_row_of_a_table_it_is_said_what_became_of_it(shop: Shop) -> None:
    asked = shop.asked(10, 20)
    shop.write(asked)
    aside = shop.identity("shop-v3", NOON, 1, captured=False)
    old = shop.identity("shop-v1", NOON - 101 * DAY, 1, captured=False)
    told = [
        (asked.id, 0, 1),
        (asked.id, 0, 1),
        (asked.id, 0, 0),
        (asked.id, 1, None),
        (asked.id, 2, 1),
        (aside, 0, 1),
        (old, 0, 1),
        ("hello", 0, 1),
        (asked.id, 1, 0.5),
    ]
    frame = pd.DataFrame(told, columns=["id", "row", "truth"])
    summary = shop.label(truth=shop.table(frame))
    found = summary.table
    assert found is not None
    assert found.model_dump(exclude={"refused"}) == {
        "rows": 9,
        "matched": 1,
        "duplicate": 1,
        "contradicting": 1,
        "missing": 1,
        "unknown": 2,
        "not_captured": 2,
        "ambiguous": 0,
        "late": 1,
    }
    assert (found.refused.count, found.refused.example) == (
        1,
        "truth is 0.5; 'bought' is a whole number: write one, for example 0",
    )
    assert shop.joined()["bought"].tolist() == [1]
    assert len(summary.message()) < 4096
    assert "9 rows, 1 matched, 2 not captured" in "\n".join(summary.lines())


def test_rows_lie_by_the_day_of_their_prediction_also_where_a_part_spans_midnight(shop: Shop) -> None:
    midnight = NOON + DAY / 2
    early, late = shop.asked(10, at=midnight - 60), shop.asked(20, at=midnight + 60)
    shop.write(early, late)
    next_day = shop.asked(30, at=midnight + 3600)
    shop.write(next_day)
    shop.write(*(Told(one.id, 0, 1, midnight + 9000) for one in (early, late, next_day)))
    summary = shop.label()
    ages = {
        file.parent.name: pd.read_parquet(file)["age"].tolist() for file in (shop.folder / "joined").glob("*/*.parquet")
    }
    assert ages == {"2026-11-21": [10], "2026-11-22": [20, 30]}
    assert (summary.days, summary.files) == (2, 2)
    shop.label(since=date(2026, 11, 22), output=str(shop.folder / "since"))
    assert [file.parent.name for file in (shop.folder / "since").glob("*/*.parquet")] == ["2026-11-22"]


def test_the_same_order_again_writes_over_what_it_wrote(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "BATCH_ROWS", 2)
    monkeypatch.setattr(sink, "GROUP_ROWS", 2)
    monkeypatch.setattr(sink, "FILE_ROWS", 4)
    many = [shop.asked(age) for age in range(1, 12)]
    shop.write(*many)
    shop.write(*(Told(one.id, 0, 1, NOON) for one in many))
    assert shop.label().files == 3
    assert shop.joined()["age"].tolist() == [*range(1, 12)]
    assert shop.label(version="shop-v3").files == 3
    monkeypatch.setattr(sink, "FILE_ROWS", 100)
    assert shop.label().files == 1
    assert shop.joined()["age"].tolist() == [*range(1, 12)]
    assert json.loads((shop.folder / "joined" / "_summary.json").read_text())["written"] == 11


def test_versions_with_other_columns_are_of_one_table(shop: Shop) -> None:
    old = shop.asked(10, version="shop-v1", at=NOON - DAY)
    before = [{"name": "age", "datatype": "FP64"}, {"name": "color", "datatype": "BYTES"}]
    shop.write(old, version="shop-v1", pod="pod-old-1", features=before, classes=[0, 1, 2])
    new = shop.asked(20)
    fields = [{"name": "color", "datatype": "INT64"}, {"name": "shade", "datatype": "BYTES"}]
    shop.write(new, version="shop-v2", pod="pod-new-1", features=[{"name": "years", "datatype": "INT64"}, fields[1]])
    shop.write(Told(old.id, 0, 1, NOON), Told(new.id, 0, 0, NOON))
    shop.label()
    found = shop.joined()
    assert list(found)[:5] == ["years", "shade", "age", "color", "bought"]
    assert found["age"].tolist()[0] == 10.0
    assert np.isnan(found["age"].tolist()[1])
    assert found["mooring_version"].tolist() == ["shop-v1", "shop-v2"]


def test_a_damaged_part_costs_no_other(shop: Shop) -> None:
    one, two = shop.asked(10), shop.asked(20)
    file = shop.write(one, pod="pod-a-1")
    shop.write(two, pod="pod-b-1")
    shop.write(Told(one.id, 0, 1, NOON), Told(two.id, 0, 1, NOON))
    file.write_bytes(file.read_bytes()[:-9])
    other = shop.folder / "parts" / "2026-11-21" / "rows-000000-x-y-00001.jsonl.gz"
    other.write_bytes(gzip.compress(b"no part\n"))
    summary = shop.label()
    assert summary.unreadable == 2
    assert 20 in shop.joined()["age"].tolist()


truth_rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.sampled_from([0, 1, None])), max_size=30)


@settings(max_examples=30, deadline=None)
@given(
    requests=st.lists(st.integers(1, 3), min_size=1, max_size=8),
    online=truth_rows,
    table=truth_rows,
)
def test_whatever_comes_in_whatever_order_every_row_gets_the_first_truth_told_of_it(
    requests: list[int],
    online: list[tuple[int, int, int | None]],
    table: list[tuple[int, int, int | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        asked = [shop.asked(*[10 * n + row for row in range(rows)], at=NOON + n) for n, rows in enumerate(requests)]
        for one in reversed(asked):
            shop.write(one, pod=f"pod-{one.rows}-1")
        online = [(n % len(asked), row % asked[n % len(asked)].rows, truth) for n, row, truth in online]
        for place, (n, row, truth) in enumerate(online):
            if truth is not None:  # told before the row's own part was written, even
                shop.write(Told(asked[n].id, row, truth, NOON - 100 + place))
        table = [(0, 0, 1), *((n % len(asked), row, truth) for n, row, truth in table)]
        frame = pd.DataFrame(
            [(asked[n].id, row, truth) for n, row, truth in table], columns=["id", "row", "truth"]
        ).astype({"id": str, "truth": "Int64"})
        expected: dict[tuple[int, int], int] = {}
        for n, row, truth in [*table, *online]:
            if truth is not None and row < asked[n].rows:
                expected.setdefault((n, row), truth)
        deployment = Deployment()
        summary = shop.label(truth=shop.table(frame), post=deployment.post)
        found = shop.joined()
        got = (
            {(age // 10, age % 10): truth for age, truth in found[["age", "bought"]].itertuples(index=False)}
            if len(found)
            else {}
        )
        assert got == expected
        assert summary.labelled == len(expected)
        if summary.table is not None:
            counts = summary.table
            sums = counts.matched + counts.missing + counts.unknown + counts.duplicate + counts.contradicting
            assert sums == counts.rows == len(table)
        given = {(n, row) for n, row, truth in table if truth is not None and row < asked[n].rows}
        known = {(n, row) for n, row, truth in online if truth is not None}
        assert len(deployment.known) == len(given - known)
