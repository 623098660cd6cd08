import random
import string

from mooring.api.modelversion import (
    Artifact,
    Check,
    DataRecord,
    GateRecord,
    InputTensor,
    MetricValue,
    OutputTensor,
    Signature,
)
from mooring.api.trainingjob import Metric
from mooring.api.wire import REPORT_LIMIT, TrainReport
from mooring.training.failure import data_error, failure
from mooring.training.report import encode, failed


def noise(length: int, seed: int) -> str:
    letters = [chr(code) for code in range(0x4E00, 0x9F00)]
    return "".join(random.Random(seed).choices(letters, k=length))


def letters(length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=length))


def report(names: int = 12, uri: int = 60, reason: int = 60) -> TrainReport:
    digest = f"sha256:{random.Random(1).getrandbits(256):064x}"
    metrics = [
        MetricValue(name=name, value=f"0.{k}91{k}72", low=f"0.1{k}1828", high=f"0.7{k}4142", rows=123456)
        for k, name in enumerate(Metric.__args__[:8])
    ]
    checks = [
        Check(metric="roc_auc", rule=f">= 0.8{k}", value="0.123456", result="Rejected", reason=noise(reason, k))
        for k in range(16)
    ]
    return TrainReport(
        outcome="Trained",
        artifact=Artifact(uri="s3://" + letters(uri, 1), digest=digest, bytes=1, format="Skops"),
        signature=Signature(
            inputs=[InputTensor(name=noise(names, k), datatype="BYTES", categories=k) for k in range(64)],
            inputs_total=5000,
            outputs=[OutputTensor(name="probability", datatype="FP64", shape=[-1, 100])],
            task="MulticlassClassification",
        ),
        metrics=metrics,
        data=DataRecord(
            uri="s3://" + letters(uri, 2),
            digest=digest,
            rows=10**9,
            train_rows=10**9,
            holdout_rows=10**9,
            split_columns=[noise(128, 900)],
        ),
        gate=GateRecord(verdict="Rejected", message=noise(min(15 * reason, 900), 5), checks=checks),
        seconds={"load": 1.234, "fit": 100.123},
    )


def test_an_ordinary_report_travels_whole():
    small = TrainReport.model_validate(report(reason=5).model_dump() | {"gate": None, "seconds": {}})
    small = small.model_copy(update={"signature": small.signature.model_copy(update={"inputs": []})})
    assert TrainReport.decode(encode(small)) == small


def test_the_largest_report_fits_and_keeps_what_a_record_must_hold():
    worst = report(names=128, uri=700, reason=900)
    message = encode(worst)
    assert len(message) <= REPORT_LIMIT
    decoded = TrainReport.decode(message)
    assert decoded is not None
    assert decoded.outcome == "Trained"
    assert decoded.signature.inputs_total == 5000
    assert decoded.data.split_columns == worst.data.split_columns
    assert [metric.value for metric in decoded.metrics] == [metric.value for metric in worst.metrics]
    assert [check.result for check in decoded.gate.checks] == ["Rejected"] * 16


def test_inputs_go_before_anything_that_is_written_nowhere_else():
    decoded = TrainReport.decode(encode(report(names=60, reason=3)))
    assert 0 < len(decoded.signature.inputs) < 64
    assert decoded.metrics[0].low is not None


def test_shrinking_is_deterministic():
    assert encode(report(names=128, uri=700)) == encode(report(names=128, uri=700))


def test_a_report_that_cannot_fit_becomes_a_failure_that_says_so():
    whole = report()
    lost = whole.artifact.model_copy(update={"uri": "s3://" + letters(4000, 1)})
    decoded = TrainReport.decode(encode(whole.model_copy(update={"artifact": lost})))
    assert decoded.outcome == "Failed"
    assert decoded.failure.reason == "ReportTooLarge"


def test_a_long_message_is_cut_to_what_a_status_holds():
    assert len(data_error("Reason", "x" * 5000).failure.message) <= 1024
    decoded = TrainReport.decode(encode(failed(failure("Data", "Reason", noise(5000, 3)), {"load": 1.0})))
    assert decoded.failure.message.endswith("…")
