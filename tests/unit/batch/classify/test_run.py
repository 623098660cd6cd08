"""A look as its pod takes it: what serving wrote, a trained artifact, and a report without a row in it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mooring.api.modelversion import Artifact
from mooring.api.wire import (
    CLASSIFY_ORDER_VARIABLE,
    TERMINATION_PATH_VARIABLE,
    ClassifyOrder,
    ClassifyReport,
)
from mooring.batch.classify import __main__ as entry
from mooring.batch.classify import captured as reading
from mooring.batch.classify.run import Look, execute
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.capture.part import ColumnType, Encoder, Head
from mooring.serving.capture.waiting import Predicted
from mooring.training.run import Run
from mooring.training.run import execute as train
from tests.unit.batch.label.shop import SCORING
from tests.unit.training.conftest import make_order, make_people

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
VERSION = "income-v3"
FEATURES = {"age": "INT64", "wage": "FP64", "job": "BYTES", "citizen": "BOOL"}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("model")
    (folder / "data").mkdir()
    make_people(1500).to_parquet(folder / "data" / "part.parquet")
    report = train(Run(make_order(folder, evaluation={"sampleRows": 1000}), {}, {}))
    assert report.artifact is not None
    return report.artifact


class Pods:
    """What pods of a deployment captured."""

    def __init__(self, folder: Path, artifact: Artifact) -> None:
        self.folder = folder
        self.artifact = artifact
        self.parts = 0

    def write(
        self, people: pd.DataFrame, *, at: float = NOON, version: str = VERSION, role: int = 0, **head: object
    ) -> Path:
        """Write a part with a request of each ten people, as a serving pod does."""
        self.parts += 1
        features = [ColumnType.model_validate({"name": name, "datatype": kind}) for name, kind in FEATURES.items()]
        about = {"kind": "rows", "model": "income", "version": version, "digest": self.artifact.digest, "pod": "p"}
        about |= {"features": features, "target": ColumnType(name="employed", datatype="INT64"), "classes": [0, 1]}
        encoder = Encoder(Head.model_validate(about | head), SCORING)
        items = [self._asked(people[start : start + 10], at, role) for start in range(0, len(people), 10)]
        moment = datetime.fromtimestamp(at, UTC)
        file = self.folder / "parts" / f"{moment:%Y-%m-%d}" / f"rows-{moment:%H%M%S}-{version}-{self.parts:05}.jsonl.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoder.rows(items))
        return file

    def _asked(self, people: pd.DataFrame, at: float, role: int) -> Predicted:
        texts = [name for name, kind in FEATURES.items() if kind == "BYTES"]
        columns: list[list[object]] = [
            [None if pd.isna(value) else str(value) for value in people[name]]
            if name in texts
            else [float(value) for value in people[name]]
            for name in FEATURES
        ]
        packed = Packed.of(Kinds([name in texts for name in FEATURES]), columns)  # type: ignore[arg-type]  # values
        answers: list[list[object]] = [[0] * len(people), [0.5] * 2 * len(people)]
        return Predicted("id", None, role, at, packed, answers, len(people), 1)  # type: ignore[arg-type]  # values

    def order(self, **changes: object) -> ClassifyOrder:
        since = int((NOON - 3600) * 1000)
        order = {"version": VERSION, "artifact": self.artifact, "captured": str(self.folder), "since": since}
        return ClassifyOrder.model_validate({**order, "max_rows": 5000, "seed": 1, **changes})

    def look(self, **changes: object) -> ClassifyReport:
        return execute(Look(self.order(**changes)))


@pytest.fixture
def pods(tmp_path: Path, artifact: Artifact) -> Pods:
    return Pods(tmp_path / "captured", artifact)


def rested(people: pd.DataFrame) -> pd.DataFrame:
    """Return the people with their ages sorted by their jobs: each column is as it was."""
    return people.assign(age=np.sort(people["age"])[people["wage"].rank(method="first").astype(int).to_numpy() - 1])


def whole(people: pd.DataFrame) -> pd.DataFrame:
    return people.dropna(subset=["wage"])


def failure(report: ClassifyReport) -> tuple[str, str]:
    assert report.failure is not None
    return report.failure.class_, report.failure.reason


def test_rows_like_the_training_datas_are_not_told_apart(pods: Pods) -> None:
    pods.write(make_people(800, 5))
    report = pods.look()
    assert report.failure is None
    assert (report.rows, report.reference) == (800, 1000)
    assert report.low is not None
    assert report.low < 0.55
    assert report.until == int(NOON * 1000)


def test_rows_of_which_only_the_pairing_changed_are_and_the_columns_are_named(pods: Pods) -> None:
    people = whole(make_people(900, 5))
    pods.write(rested(people))
    report = pods.look()
    assert report.low is not None
    assert report.low > 0.6
    assert {item.feature for item in report.top[:2]} == {"age", "wage"}


def test_only_new_rows_that_users_of_this_version_were_answered_count(pods: Pods, artifact: Artifact) -> None:
    pods.write(make_people(250, 5))
    pods.write(make_people(100, 6), role=1)  # a canary's
    pods.write(make_people(100, 7), version="income-v2")
    pods.write(make_people(100, 8), digest="sha256:" + "0" * 64)
    pods.write(make_people(100, 9), at=NOON - 3601)
    pods.write(make_people(100, 10), at=NOON - 5 * 3600)
    assert pods.look().rows == 250


def test_of_many_rows_as_many_as_are_asked_for_from_the_whole_time(pods: Pods) -> None:
    for minute in range(10):
        pods.write(make_people(100, minute).assign(age=minute), at=NOON + 60 * minute)
    order = pods.order(max_rows=300)
    drawn = reading.draw(order, list(FEATURES), {}, Look(order).journal)
    assert (len(drawn.rows), drawn.seen, drawn.until) == (300, 1000, int((NOON + 540) * 1000))
    minutes = np.bincount([int(str(row[0])) for row in drawn.rows], minlength=10)
    assert minutes.min() >= 10
    assert pods.look(max_rows=300).rows == 300


def test_of_very_many_parts_some_are_read_from_the_whole_time(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_PARTS", 3)
    for minute in range(9):
        pods.write(make_people(100, minute), at=NOON + 60 * minute)
    report = pods.look()
    assert (report.rows, report.until) == (300, int((NOON + 480) * 1000))


def test_too_few_rows_are_said_with_their_number_and_what_to_do(pods: Pods) -> None:
    pods.write(make_people(199, 5))
    report = pods.look()
    assert (report.rows, report.auc, *failure(report)) == (199, None, "Data", "TooFewRows")
    assert report.failure is not None
    assert "too few: 199 rows of income-v3 were captured since 2026-11-21 11:00 UTC" in report.failure.message
    assert "raise capture.perMille" in report.failure.message


def test_nothing_captured_at_all_says_where_it_looked(pods: Pods) -> None:
    report = pods.look()
    assert failure(report) == ("Data", "NothingCaptured")
    assert report.failure is not None
    assert str(pods.folder) in report.failure.message


def test_a_version_without_a_sample_says_what_to_set(pods: Pods, artifact: Artifact, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "manifest.json").write_text("{}")
    report = pods.look(artifact=artifact.model_copy(update={"uri": str(bare)}))
    assert failure(report) == ("User", "NoSample")
    assert report.failure is not None
    assert "set evaluation.sampleRows in the TrainingJob" in report.failure.message


def test_an_artifact_that_somebody_changed_is_not_compared_with(pods: Pods, artifact: Artifact) -> None:
    other = artifact.model_copy(update={"digest": "sha256:" + "0" * 64})
    assert failure(pods.look(artifact=other)) == ("User", "ArtifactMismatch")


def test_features_that_the_policy_leaves_out_are_not_looked_at(pods: Pods) -> None:
    pods.write(make_people(400, 5).assign(age=17))
    assert pods.look().top[0].feature == "age"
    report = pods.look(exclude=["age"])
    assert report.low is not None
    assert report.low < 0.55
    assert failure(pods.look(exclude=list(FEATURES))) == ("User", "NoFeatures")


def test_a_part_that_is_cut_off_is_passed_over(pods: Pods) -> None:
    pods.write(make_people(300, 5))
    broken = pods.write(make_people(300, 6), at=NOON + 1)
    broken.write_bytes(broken.read_bytes()[:100])
    assert pods.look().rows == 300


Pod = Callable[[ClassifyOrder | str | None], tuple[int, ClassifyReport]]


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pod:
    """Return a function that runs the pod's entry and returns its status and report."""
    monkeypatch.setenv(TERMINATION_PATH_VARIABLE, str(tmp_path / "termination-log"))
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.2")
    monkeypatch.setattr(entry, "end_on_sigterm", lambda: None)

    def start(order: ClassifyOrder | str | None) -> tuple[int, ClassifyReport]:
        if isinstance(order, ClassifyOrder):  # its addresses are paths of this machine, which no order of a pod has
            monkeypatch.setattr(entry, "ClassifyOrder", SimpleNamespace(model_validate_json=lambda _: order))
            monkeypatch.setenv(CLASSIFY_ORDER_VARIABLE, "{}")
        elif order is not None:
            monkeypatch.setenv(CLASSIFY_ORDER_VARIABLE, order)
        status = entry.main()
        said = (tmp_path / "termination-log").read_text()
        assert len(said) <= 4096
        report = ClassifyReport.decode(said)
        assert report is not None
        return status, report

    return start


def test_no_value_of_a_row_is_said_whatever_lies_in_the_bucket(
    pods: Pods, pod: Pod, capfd: pytest.CaptureFixture[str]
) -> None:
    file = pods.write(make_people(400, 5))
    head, *lines = map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
    lines[7]["rows"][3][0] = "SecretAge"
    file.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in [head, *lines]).encode()))
    status, report = pod(pods.order())
    assert (status, *failure(report)) == (42, "Data", "RowsUnreadable")
    assert "'age'" in str(report.failure)
    printed = capfd.readouterr()
    assert "SecretAge" not in f"{report}{printed.out}{printed.err}"


def test_what_nobody_foresaw_is_told_without_its_words(
    pods: Pods, pod: Pod, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(look: Look) -> ClassifyReport:
        raise ValueError("could not convert string to float: 'SecretJob'")

    monkeypatch.setattr(entry, "execute", fail)
    status, report = pod(pods.order())
    assert (status, *failure(report)) == (1, "Infrastructure", "InternalError")
    printed = capfd.readouterr()
    assert "ValueError at test_run.py:" in printed.err
    assert "SecretJob" not in f"{report}{printed.out}{printed.err}"


def test_a_look_that_went_well_prints_aggregates_only(pods: Pods, pod: Pod, capfd: pytest.CaptureFixture[str]) -> None:
    pods.write(make_people(400, 5))
    status, report = pod(pods.order())
    assert (status, report.rows) == (0, 400)
    printed = capfd.readouterr().out
    assert f"AUC {report.auc}" in printed
    assert not any(job in printed for job in ("baker", "clerk", "miner"))


def test_a_store_that_is_down_exits_1(pods: Pods, pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("MOORING_ARTIFACT_", "MOORING_CAPTURE_"):
        monkeypatch.setenv(f"{prefix}AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv(f"{prefix}AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv(f"{prefix}AWS_SECRET_ACCESS_KEY", "TopSecret")
    order = pods.order(captured="s3://captured/x", artifact=pods.artifact.model_copy(update={"uri": "s3://models/x"}))
    status, report = pod(order)
    assert (status, *failure(report)) == (1, "Infrastructure", "StoreUnavailable")
    assert "TopSecret" not in str(report)


@pytest.mark.parametrize("order", [None, "{}", json.dumps({"version": "x"})])
def test_an_order_that_cannot_be_read_exits_1(pod: Pod, order: str | None) -> None:
    status, report = pod(order)
    assert (status, *failure(report)) == (1, "Infrastructure", "OrderUnreadable")


def test_what_is_no_report_is_none() -> None:
    assert ClassifyReport.decode("Killed") is None
    assert ClassifyReport.decode('mooring/classified/v1:{"rows": "many"}') is None
