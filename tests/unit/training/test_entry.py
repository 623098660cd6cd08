import json
import subprocess
import sys
import time

import pytest

from mooring.api.wire import TERMINATION_PATH_VARIABLE, TRAIN_ORDER_VARIABLE, TrainReport
from mooring.training import __main__ as entry
from mooring.training.journal import Journal


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """Return a function that runs the pod's entry and returns its status, report and log."""
    termination = tmp_path / "termination-log"
    monkeypatch.setenv(TERMINATION_PATH_VARIABLE, str(termination))
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.2")
    monkeypatch.setattr(entry, "end_on_sigterm", lambda: None)

    def start(order: str | None) -> tuple[int, TrainReport]:
        if order is not None:
            monkeypatch.setenv(TRAIN_ORDER_VARIABLE, order)
        status = entry.main()
        report = TrainReport.decode(termination.read_text())
        assert report is not None
        return status, report

    return start


def as_json(order, **spec: object) -> str:
    """Return an order as the operator writes it: with addresses that only a cluster has."""
    text = json.loads(order.model_dump_json(by_alias=True, exclude_none=True))
    text["spec"]["data"]["uri"] = "s3://datasets/x"
    text["spec"]["output"]["uri"] = "s3://models"
    text["spec"] |= spec
    return json.dumps(text)


def test_a_mistake_of_the_user_exits_42_with_the_sentence_in_the_report(pod, order, capsys):
    bad = order(trainer={"parameters": [{"name": "max_itr", "value": "3"}]})
    status, report = pod(as_json(bad))
    assert (status, report.outcome, report.failure.class_) == (42, "Failed", "User")
    assert "did you mean max_iter?" in report.failure.message
    assert "failed: User, InvalidParameters" in capsys.readouterr().out


def test_a_store_that_is_down_exits_1_and_explains_itself(pod, order, monkeypatch):
    monkeypatch.setenv("MOORING_ARTIFACT_AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MOORING_ARTIFACT_AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY", "TopSecret")
    status, report = pod(as_json(order()))
    assert (status, report.failure.class_, report.failure.reason) == (1, "Infrastructure", "ArtifactStoreUnavailable")
    assert "TopSecret" not in report.failure.message


def test_an_order_that_cannot_be_read_exits_1(pod):
    status, report = pod("{}")
    assert (status, report.failure.reason) == (1, "OrderUnreadable")


def test_a_mistake_of_ours_exits_1_with_its_kind_and_a_traceback_in_the_log(pod, order, monkeypatch, capsys):
    def broken(_: object) -> None:
        raise ZeroDivisionError("AWS_SECRET_ACCESS_KEY=TopSecret")

    monkeypatch.setattr(entry, "execute", broken)
    status, report = pod(as_json(order()))
    assert (status, report.failure.class_, report.failure.reason) == (1, "Infrastructure", "InternalError")
    assert "ZeroDivisionError" in report.failure.message
    assert "TopSecret" not in report.failure.message
    assert "Traceback" in capsys.readouterr().err


def test_a_rejected_model_exits_0(order, people, store_rows, monkeypatch):
    store_rows(people(1000))
    strict = order(evaluation={"gates": [{"metric": "accuracy", "min": "0.999"}]})
    monkeypatch.setattr(entry.TrainOrder, "model_validate_json", lambda _: strict)
    monkeypatch.setenv(TRAIN_ORDER_VARIABLE, "{}")
    report = entry.attempt(Journal())
    assert (report.outcome, report.gate.verdict, entry.exit_status_of(report)) == ("Trained", "Rejected", 0)


def test_sigterm_ends_the_pod_at_once(tmp_path, order):
    """A retrying store keeps the run busy in native code's waits; the signal must not wait for it."""
    environment = {
        "PYTHONPATH": ":".join(sys.path),
        TRAIN_ORDER_VARIABLE: as_json(order()),
        TERMINATION_PATH_VARIABLE: str(tmp_path / "termination-log"),
        "MOORING_ARTIFACT_AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "MOORING_ARTIFACT_AWS_ACCESS_KEY_ID": "id",
        "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY": "secret",
    }
    command = [sys.executable, "-m", "mooring.training"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert "run 1 (0123abcd) of demo/income" in process.stdout.readline()
    started = time.monotonic()
    process.terminate()
    assert process.wait(timeout=20) == 143
    assert time.monotonic() - started < 10
