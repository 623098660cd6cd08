"""Rows that users sent are captured: joined with what became of them, trained on, compared with the training data."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import obstore
import pandas as pd
import pytest

from mooring.cli.kubectl import main
from mooring.serving.capture.part import read_part
from tests.e2e.asking import ask, forwarded, person
from tests.e2e.place import Place, kubectl_path, people, runtime_image, store
from tests.support.kube import eventually
from tests.support.operator import OperatorProcess

PEOPLE = people(160, seed=23)
TOLD_ONLINE = 80
MANY = 500
"""Rows of a request."""
BUCKET = "datasets"
DETAILS = [
    f"mooring_{name}"
    for name in (
        *("prediction", "score", "version", "role", "prediction_id", "row", "request_id"),
        *("predicted_at", "truth_at"),
    )
]


@pytest.fixture
def plugin(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's environment: the user's kubeconfig and kubectl."""
    monkeypatch.setenv("KUBECONFIG", place.kube.kubeconfig)
    monkeypatch.setenv("KUBECTL", kubectl_path())


def files(place: Place, folder: str) -> dict[str, bytes]:
    """Return what lies below a folder of the place, by path."""
    bucket, prefix = store(place.kube, BUCKET), f"{place.prefix}/{folder}"
    paths = [meta["path"] for batch in obstore.list(bucket, prefix) for meta in batch]
    return {path: bytes(obstore.get(bucket, path).bytes()) for path in sorted(paths)}


def lines(place: Place, folder: str, kind: str) -> list[dict[str, Any]]:
    """Return the lines of all captured parts of a kind."""
    parts = [content for path, content in files(place, folder).items() if f"/{kind}-" in path]
    return [line for part in parts for line in read_part(part)[1]]


@pytest.mark.usefixtures("plugin")
def test_rows_of_users_become_the_next_runs_data(
    place: Place, income_v1: str, capfd: pytest.CaptureFixture[str]
) -> None:
    uri, own = f"s3://{BUCKET}/{place.prefix}/captured", f"captured/{place.namespace}/watched"
    capture = {"uri": uri, "secretName": "object-store", "perMille": 1000}
    place.kube.apply(place.serving("watched", "income", version=income_v1, capture=capture))
    place.wait("ModelDeployment", "watched", "Ready")
    with forwarded(place, "watched") as address:
        ids = [predict(address, place_in, row) for place_in, row in enumerate(PEOPLE.to_dict("records"))]
        told = [{"id": ids[n], "truth": int(PEOPLE["employed"][n])} for n in range(TOLD_ONLINE)]
        status, answer = ask(address, "/v2/models/income/feedback", told)
        assert (status, answer["accepted"]) == (200, TOLD_ONLINE)
    (pod,) = [pod for pod in place.kube.list("Pod", "mooring.dev/owner=watched") if "-v1-" in pod["metadata"]["name"]]
    place.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")  # which writes what waits
    eventually(
        "rows and truths are written",
        lambda: (len(lines(place, own, "rows")), len(lines(place, own, "truths"))) == (len(PEOPLE), TOLD_ONLINE),
        120,
    )
    late = PEOPLE[TOLD_ONLINE - 10 :]
    table = io.BytesIO()
    pd.DataFrame({"person": [f"person-{n}" for n in late.index], "employed": late["employed"]}).to_parquet(table)
    obstore.put(store(place.kube, BUCKET), f"{place.prefix}/truths/november.parquet", table.getvalue())
    truth = f"s3://{BUCKET}/{place.prefix}/truths/"
    words = ["label", "watched", "-n", place.namespace, "--truth", truth, "--key", "person", "--wait"]
    assert main([*words, "--image", runtime_image()]) == 0
    said = capfd.readouterr().out
    assert f"rows      {len(PEOPLE)} captured, {len(PEOPLE)} with a truth; {len(PEOPLE)} written" in said
    found = result(place)
    assert found["table"]["matched"] == 90
    assert (found["told"]["accepted"], found["told"]["before"]) == (80, 10)
    check_rows(place, own)
    check_trained(place, f"{uri}/{place.namespace}/watched/joined/")


def test_rows_that_are_paired_wrongly_are_told_apart_though_every_column_is_as_it_was(
    place: Place, operator: OperatorProcess
) -> None:
    recipe = place.recipe("paired", evaluation={"gates": [{"metric": "roc_auc", "min": "0.6"}], "sampleRows": 2000})
    place.kube.apply(recipe)
    place.wait("TrainingJob", "paired", "Ready")
    capture = {"uri": f"s3://{BUCKET}/{place.prefix}/captured", "secretName": "object-store", "perMille": 1000}
    place.kube.apply(place.serving("paired", "paired", capture=capture))
    place.wait("ModelDeployment", "paired", "Ready")
    own = f"captured/{place.namespace}/paired"
    rows = people(10 * MANY, seed=31)

    predict_many(place, rows)
    eventually("5,000 rows are written at once", lambda: len(lines(place, own, "rows")) == 10, 60)
    alike = compare(place, "alike")
    assert float(alike["low"]) < 0.55, alike
    assert (alike["version"], alike["rows"], alike["reference"]) == ("paired-v1", 2000, 2000)

    order = np.argsort(np.argsort(rows["hours"]))
    predict_many(place, rows.assign(age=np.sort(rows["age"])[order]))
    eventually("so are those that are paired wrongly", lambda: len(lines(place, own, "rows")) == 20, 60)
    mixed = compare(place, "mixed")
    assert float(mixed["low"]) > 0.55, mixed
    assert {item["feature"] for item in mixed["top"][:2]} == {"age", "hours"}
    assert "together     a classifier tells rows of paired-v1" in place.mooring("drift", "status", "mixed")
    told = place.kubectl("get", "events", "--field-selector", "involvedObject.kind=DriftPolicy")
    assert [line.split()[3] for line in told.splitlines() if "RowsDiffer" in line] == ["driftpolicy/mixed"]


def predict_many(place: Place, rows: pd.DataFrame) -> None:
    """Ask for MANY rows at a time."""
    hours = [None if value != value else value for value in rows["hours"]]
    columns = {"age": ("INT64", rows["age"].tolist()), "school": ("BYTES", rows["school"].tolist())}
    columns["hours"] = ("FP64", hours)
    with forwarded(place, "paired") as address:
        for start in range(0, len(rows), MANY):
            inputs = [
                {"name": name, "datatype": kind, "shape": [MANY], "data": values[start : start + MANY]}
                for name, (kind, values) in columns.items()
            ]
            status, answer = ask(address, "/v2/models/paired/infer", {"inputs": inputs})
            assert status == 200, answer


def compare(place: Place, name: str) -> dict[str, Any]:
    """Return what a new policy's first look says."""
    spec = {"deployment": "paired", "classifier": {"everySeconds": 300, "maxRows": 2000}}
    place.kube.apply({"kind": "DriftPolicy", "metadata": {"name": name}, "spec": spec})

    def answer() -> dict[str, Any] | None:
        known: dict[str, Any] = place.status("DriftPolicy", name).get("classifier") or {}
        assert "failure" not in known, known
        return known if "auc" in known else None

    found: dict[str, Any] = eventually("rows were compared", answer, 120)
    return found


def predict(address: str, number: int, row: dict[str, Any]) -> str:
    hours = None if row["hours"] != row["hours"] else row["hours"]
    body = person(age=row["age"], school=row["school"]) | {"id": f"person-{number}"}
    body["inputs"][2]["data"] = [hours]
    status, answer = ask(address, "/v2/models/income/infer", body)
    assert status == 200, answer
    return str(answer["parameters"]["prediction_id"])


def result(place: Place) -> dict[str, Any]:
    """Return the termination message of the Job's pod."""
    (pod,) = place.kube.list("Pod", "app.kubernetes.io/name=mooring-label")
    status: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return dict(json.loads(status["message"]))


def check_rows(place: Place, own: str) -> None:
    joined = [content for path, content in files(place, f"{own}/joined").items() if path.endswith(".parquet")]
    frame = pd.concat([pd.read_parquet(io.BytesIO(content)) for content in joined])
    assert set(frame) == {"age", "school", "hours", "employed", *DETAILS}
    frame["person"] = frame["mooring_request_id"].str.removeprefix("person-").astype(int)
    frame = frame.sort_values("person").reset_index()
    assert frame["person"].tolist() == PEOPLE.index.tolist()
    for name in ("age", "school", "hours", "employed"):
        pd.testing.assert_series_equal(frame[name], PEOPLE[name], check_dtype=False)
    assert (frame["mooring_version"].unique().tolist(), frame["age"].dtype) == (["income-v1"], "int64")


def check_trained(place: Place, uri: str) -> None:
    moment = "mooring_predicted_at"
    data: dict[str, Any] = {"uri": uri, "secretName": "object-store", "target": "employed", "timeColumn": moment}
    data["ignore"] = [name for name in DETAILS if name != moment]
    gates = {"gates": [{"metric": "accuracy", "min": "0.1"}]}
    place.kube.apply(place.recipe("learned", data=data, evaluation=gates))
    place.wait("TrainingJob", "learned", "Ready")
    record = place.kube.get("ModelVersion", "learned-v1")
    assert record is not None
    assert record["spec"]["data"]["rows"] == len(PEOPLE)
