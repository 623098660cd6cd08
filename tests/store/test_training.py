"""The training pod's code against the real S3 server: from the order to the termination message."""

import numpy as np
import pandas as pd
import pytest

from mooring.api.wire import TERMINATION_PATH_VARIABLE, TRAIN_ORDER_VARIABLE, TrainReport
from mooring.artifact.errors import ArtifactMismatch
from mooring.artifact.folder import fetch
from mooring.training import __main__ as entry

RANDOM = np.random.default_rng(0)
PEOPLE = pd.DataFrame({"age": RANDOM.integers(16, 90, 600), "wage": RANDOM.lognormal(8, 1, 600)})
PEOPLE["employed"] = (PEOPLE["age"] + RANDOM.normal(0, 10, 600) > 50).astype(int)


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """Return a function that carries out an order as a pod does and returns its exit status and report."""
    monkeypatch.setattr(entry, "end_on_sigterm", lambda: None)
    monkeypatch.setenv(TERMINATION_PATH_VARIABLE, str(tmp_path / "termination-log"))

    def start(order: str) -> tuple[int, TrainReport]:
        monkeypatch.setenv(TRAIN_ORDER_VARIABLE, order)
        status = entry.main()
        report = TrainReport.decode((tmp_path / "termination-log").read_text())
        assert report is not None
        return status, report

    return start


def test_rows_in_s3_become_a_verified_artifact_in_s3(keys, order, pod, tmp_path):
    keys.put("train/part-0.parquet", PEOPLE[:300])
    keys.put("train/part 1 (größer).parquet", PEOPLE[300:])
    status, report = pod(order(keys.uri("datasets", "train/")))
    assert (status, report.outcome, report.gate.verdict) == (0, "Trained", "Passed")
    assert report.data.rows == 600
    assert report.artifact.uri == keys.uri("models", "income/1-0123abcd")
    assert report.artifact.secret_name == "object-store"
    manifest = fetch(report.artifact, "MOORING_ARTIFACT_", tmp_path / "back")
    assert manifest.data.digest == report.data.digest


def test_a_retried_pod_finds_the_finished_artifact_in_s3(keys, order, pod):
    uri = keys.put("x.parquet", PEOPLE)
    first = pod(order(uri))[1]
    keys.put("x.parquet", b"no longer what it was")
    assert pod(order(uri))[1].artifact == first.artifact


def test_an_artifact_changed_in_s3_is_not_interpreted(keys, order, pod, tmp_path):
    import obstore

    report = pod(order(keys.put("x.parquet", PEOPLE)))[1]
    path = f"{keys.prefix}/income/1-0123abcd/model.skops"
    content = bytes(obstore.get(keys.bucket("models"), path).bytes())
    obstore.put(keys.bucket("models"), path, content[:-1] + b"!")
    with pytest.raises(ArtifactMismatch, match="somebody changed them"):
        fetch(report.artifact, "MOORING_ARTIFACT_", tmp_path / "back")


@pytest.mark.parametrize(
    ("content", "reason", "sentence"),
    [
        (None, "DataNotFound", "there is nothing at s3://datasets/"),
        (b"", "DataEmpty", "is empty (0 bytes)"),
        (b"age,employed\n1,0\n", "NotParquet", "it looks like CSV"),
        (PEOPLE.rename(columns={"employed": "Employed"}), "TargetMissing", "did you mean 'Employed'?"),
        (PEOPLE.assign(employed=1), "OneClass", "is 1 in every row"),
        (PEOPLE.assign(wage=None), "ColumnAllNull", "column 'wage' has no value in any row"),
        (PEOPLE[:20], "TooFewRows", "20 rows have a target"),
    ],
)
def test_bad_data_is_a_data_failure_that_says_what_to_do(keys, order, pod, content, reason, sentence):
    uri = keys.uri("datasets", "x.parquet") if content is None else keys.put("x.parquet", content)
    status, report = pod(order(uri))
    assert (status, report.failure.class_, report.failure.reason) == (42, "Data", reason)
    assert sentence in report.failure.message


def test_a_bucket_that_does_not_exist_is_the_users_mistake(keys, order, pod):
    status, report = pod(order("s3://no-such-bucket/x"))
    assert (status, report.failure.class_, report.failure.reason) == (42, "User", "DataStoreRefused")
    assert "bucket 'no-such-bucket'" in report.failure.message
    status, report = pod(order(keys.put("x.parquet", PEOPLE), output="s3://no-such-bucket"))
    assert (status, report.failure.class_, report.failure.reason) == (42, "User", "ArtifactStoreRefused")


@pytest.mark.parametrize("key", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_the_users_mistake_and_are_not_repeated(keys, order, pod, monkeypatch, key):
    uri = keys.put("x.parquet", PEOPLE)
    monkeypatch.setenv("MOORING_DATA_" + key, "WrongSecret")
    status, report = pod(order(uri))
    assert (status, report.failure.class_, report.failure.reason) == (42, "User", "DataStoreRefused")
    assert "secretName" in report.failure.message
    assert "WrongSecret" not in report.failure.message


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [("MOORING_DATA_", "DataStoreUnavailable"), ("MOORING_ARTIFACT_", "ArtifactStoreUnavailable")],
)
def test_a_server_that_is_down_is_infrastructure(keys, order, pod, monkeypatch, prefix, reason):
    uri = keys.put("x.parquet", PEOPLE)
    monkeypatch.setenv(prefix + "AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    status, report = pod(order(uri))
    assert (status, report.failure.class_, report.failure.reason) == (1, "Infrastructure", reason)


def test_a_server_that_goes_down_before_the_upload_is_infrastructure_and_a_retry_finishes(
    keys, order, pod, monkeypatch
):
    from mooring.artifact.errors import StoreUnavailable
    from mooring.artifact.store import Store

    uri = keys.put("x.parquet", PEOPLE)
    write, written = Store.write, []

    def write_some(self: Store, path: str, source: object) -> None:
        if len(written) == 2:
            raise StoreUnavailable("the store at 127.0.0.1 cannot be reached")
        written.append(path)
        write(self, path, source)

    with monkeypatch.context() as down:
        down.setattr(Store, "write", write_some)
        status, report = pod(order(uri))
    assert (status, report.failure.reason) == (1, "ArtifactStoreUnavailable")
    assert len(written) == 2
    assert pod(order(uri))[1].outcome == "Trained"
