import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mooring.artifact.digest import files_digest
from mooring.artifact.folder import file_entry
from mooring.training.failure import RunFailed
from mooring.training.load import load, looks_like

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})


def failure(uri: object, form: str = "Parquet"):
    with pytest.raises(RunFailed) as raised:
        load(str(uri), form, {})
    return raised.value.failure


def test_a_folder_is_read_in_the_order_of_its_paths_without_hidden_and_empty_files(tmp_path):
    FRAME[:1].to_parquet(tmp_path / "1.parquet")
    (tmp_path / "deep").mkdir()
    FRAME[1:].to_parquet(tmp_path / "deep" / "0.parquet")
    (tmp_path / "empty.parquet").write_bytes(b"")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden.parquet").write_text("junk")
    (tmp_path / "README.txt").write_text("not data")
    loaded = load(str(tmp_path), "Parquet", {})
    assert loaded.table.to_pylist() == FRAME.astype(object).where(FRAME.notna(), None).to_dict("records")
    assert loaded.files == 2


def test_the_digest_is_that_of_the_files_and_follows_their_content(tmp_path):
    file = tmp_path / "x.parquet"
    FRAME.to_parquet(file)
    first = load(str(file), "Parquet", {}).digest
    assert first == files_digest([file_entry(file)])
    FRAME[:2].to_parquet(file)
    assert load(str(file), "Parquet", {}).digest != first


def test_csv_plain_and_compressed_reads_like_parquet(tmp_path):
    FRAME.to_csv(tmp_path / "x.csv", index=False)
    plain = load(str(tmp_path / "x.csv"), "CSV", {}).table
    assert plain.to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": "z"}]
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress((tmp_path / "x.csv").read_bytes()))
    assert load(str(tmp_path / "y.csv.gz"), "CSV", {}).table == plain


def test_an_integer_column_with_a_gap_in_one_file_joins_with_one_without(tmp_path):
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1.5, np.nan]}).to_parquet(tmp_path / "2.parquet")
    pd.DataFrame({"a": [None, None]}).to_parquet(tmp_path / "3.parquet")
    assert load(str(tmp_path), "Parquet", {}).table.column("a").type == pa.float64()


def test_nothing_there(tmp_path):
    found = failure(tmp_path / "none")
    assert (found.class_, found.reason) == ("Data", "DataNotFound")
    assert "correct the address (data.uri)" in found.message


def test_a_folder_without_such_files_says_what_it_holds(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert failure(tmp_path).message.endswith("(it holds 'x.csv'); check the format (data.format)")


def test_a_file_of_no_bytes(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"")
    assert failure(tmp_path / "x.parquet").reason == "DataEmpty"
    assert "all its files are empty" in failure(tmp_path).message


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a,b\n1,2\n", "CSV"),
        (json.dumps([{"a": 1}]).encode(), "JSON"),
        (b"<!DOCTYPE html><p>403", "HTML or XML"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x00\x01\x02", "binary data"),
    ],
)
def test_a_file_that_is_not_parquet_is_told_by_what_it_looks_like(tmp_path, content, kind):
    (tmp_path / "x.parquet").write_bytes(content)
    found = failure(tmp_path / "x.parquet")
    assert (found.class_, found.reason) == ("Data", "NotParquet")
    assert found.message.endswith(f"is not readable Parquet: it looks like {kind}")
    assert looks_like(content) == kind


def test_a_truncated_parquet_file_is_not_readable(tmp_path):
    FRAME.to_parquet(tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(content[: len(content) // 2])
    assert failure(tmp_path / "x.parquet").reason == "NotParquet"


def test_parquet_given_as_csv_is_told(tmp_path):
    FRAME.to_parquet(tmp_path / "x.csv")
    assert "it looks like Parquet" in failure(tmp_path / "x.csv", "CSV").message


def test_a_csv_with_rows_of_different_lengths_is_told_with_the_row(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n1,2,3\n")
    assert "Expected 2 columns, got 3" in failure(tmp_path / "x.csv", "CSV").message


def test_column_names_without_rows(tmp_path):
    FRAME[:0].to_parquet(tmp_path / "x.parquet")
    assert failure(tmp_path / "x.parquet").reason == "NoRows"


def test_files_with_other_columns_are_told_with_the_columns(tmp_path):
    FRAME.to_parquet(tmp_path / "1.parquet")
    FRAME[["a"]].to_parquet(tmp_path / "2.parquet")
    assert "2.parquet lacks 'b', compared with 1.parquet" in failure(tmp_path).message
    FRAME.assign(c=1).to_parquet(tmp_path / "2.parquet")
    assert "2.parquet also has 'c'" in failure(tmp_path).message


def test_files_with_other_types_are_told_with_the_column(tmp_path):
    FRAME.to_parquet(tmp_path / "1.parquet")
    FRAME.assign(b=[1, 2, 3]).to_parquet(tmp_path / "2.parquet")
    found = failure(tmp_path)
    assert found.reason == "TypesDiffer"
    assert "column 'b' is large_string in 1.parquet and int64 in 2.parquet" in found.message


def test_two_columns_of_one_name(tmp_path):
    (tmp_path / "x.csv").write_text("a,a\n1,2\n")
    assert "more than one column named 'a'" in failure(tmp_path / "x.csv", "CSV").message


def test_a_store_that_does_not_answer_is_infrastructure_and_a_wrong_address_the_users(monkeypatch):
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.2")
    with pytest.raises(RunFailed) as raised:
        load("s3://b/x", "Parquet", {"AWS_ACCESS_KEY_ID": "a", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert (raised.value.failure.class_, raised.value.failure.reason) == ("Infrastructure", "DataStoreUnavailable")
    with pytest.raises(RunFailed) as raised:
        load("s3://b/x", "Parquet", {"AWS_ENDPOINT_URL": "nonsense"})
    assert (raised.value.failure.class_, raised.value.failure.reason) == ("User", "DataStoreRefused")
