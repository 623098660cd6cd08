import json

import pandas as pd
import pytest

from mooring.api.wire import LIST_ORDER_VARIABLE, TERMINATION_PATH_VARIABLE, ListReport
from mooring.training import listing
from mooring.training.load import listed_data, load


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """Return a function that runs the pod's entry and returns its status and report."""
    termination = tmp_path / "termination-log"
    monkeypatch.setenv(TERMINATION_PATH_VARIABLE, str(termination))
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.2")
    monkeypatch.setattr(listing, "end_on_sigterm", lambda: None)

    def start(order: str | None) -> tuple[int, ListReport]:
        if order is not None:
            monkeypatch.setenv(LIST_ORDER_VARIABLE, order)
        status = listing.main()
        report = ListReport.decode(termination.read_text())
        assert report is not None
        return status, report

    return start


def as_order(uri: str) -> str:
    return json.dumps({"data": {"uri": uri, "target": "y"}})


def listed(folder) -> str:
    return listing.listing_digest(listed_data(str(folder), "Parquet", {}))


def test_a_listing_is_the_one_that_a_run_records_until_a_file_comes_goes_or_changes(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3]})
    frame.to_parquet(tmp_path / "1.parquet")
    before = listed(tmp_path)
    assert before == load(str(tmp_path), "Parquet", {}).listing == listed(tmp_path)
    frame.to_parquet(tmp_path / "2.parquet")
    with_two = listed(tmp_path)
    (tmp_path / "1.parquet").unlink()
    with_the_other = listed(tmp_path)
    frame[:1].to_parquet(tmp_path / "2.parquet")
    assert len({before, with_two, with_the_other, listed(tmp_path)}) == 4


def test_what_a_run_does_not_read_is_no_new_data(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "1.parquet")
    before = listed(tmp_path)
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "README.txt").write_text("not data")
    assert listed(tmp_path) == before


def test_a_store_that_is_down_exits_1_and_explains_itself(pod, monkeypatch):
    monkeypatch.setenv("MOORING_DATA_AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MOORING_DATA_AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("MOORING_DATA_AWS_SECRET_ACCESS_KEY", "TopSecret")
    status, report = pod(as_order("s3://datasets/x"))
    assert (status, report.failure.class_, report.failure.reason) == (1, "Infrastructure", "DataStoreUnavailable")
    assert "TopSecret" not in report.failure.message


@pytest.mark.parametrize("order", [None, "{}", as_order("/etc")])
def test_an_order_that_cannot_be_read_exits_1(pod, order):
    status, report = pod(order)
    assert (status, report.failure.reason) == (1, "OrderUnreadable")


def test_what_is_no_report_is_none():
    assert ListReport.decode("Killed") is None
    assert ListReport.decode('mooring/listed/v1:{"files": "many"}') is None
