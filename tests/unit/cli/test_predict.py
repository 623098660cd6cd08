"""`mooring predict` and `kubectl mooring predict`: what they print, order, and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from mooring.cli import kubectl as plugin
from mooring.cli import main as program
from mooring.cli.dates import dated, due
from tests.unit.batch.conftest import model, people, rows

__all__ = ["model", "rows"]

DIGEST = "sha256:" + "a" * 64
JOB = ("income-v3", "--input", "s3://in/rows/", "--output", "s3://out/{date}/")


def record(**changes: Any) -> dict[str, Any]:
    sample = yaml.safe_load((Path(__file__).parents[3] / "samples" / "modelversion.yaml").read_text())
    artifact = {"uri": "s3://models/income/3", "digest": DIGEST, "bytes": 1, "format": "Skops", "secretName": "keys"}
    sample["spec"]["artifact"] = artifact
    sample["spec"]["provenance"]["image"] = "runtime:1"
    sample["spec"] |= changes
    return dict(sample)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Path]:
    """Return a function that puts a kubectl in place, which knows one object and keeps what it is told to apply."""

    def install(found: dict[str, Any]) -> Path:
        (tmp_path / "found.json").write_text(json.dumps(found))
        script = tmp_path / "kubectl"
        script.write_text(
            f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\ncase " $* " in\n'
            f"*' get '*) cat {tmp_path}/found.json;;\n*' apply '*) cat >{tmp_path}/applied; echo job created;;\nesac\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("KUBECTL", str(script))
        monkeypatch.delenv("MOORING_RUNTIME_IMAGE", raising=False)
        return tmp_path

    return install


def test_a_file_is_scored_here(
    model: Path, rows: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", str(model), "--input", str(rows()), "--output", str(tmp_path / "out"), "--keep", "id,age"]
    assert program.main(words) == 0
    said = capsys.readouterr().out
    assert "rows      300, 300 answered, 0 refused" in said
    assert (tmp_path / "out" / "part-00000.parquet").exists()


def test_a_mistake_exits_42(
    model: Path, rows: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = rows(frame=people().drop(columns="age"))
    assert program.main(["predict", str(model), "--input", str(file), "--output", str(tmp_path / "out")]) == 42
    assert "Data error, ColumnMissing: rows.parquet lacks 'age'" in capsys.readouterr().out


def test_options_of_jobs_have_no_meaning_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["predict", "m", "--input", "i", "--output", "o", "--schedule", "@daily", "--cpu", "2"]) == 2
    assert "--cpu, --schedule only has a meaning with --on-cluster" in capsys.readouterr().out


def test_a_job_is_made_of_the_versions_record(
    kubectl: Callable[[dict[str, Any]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = kubectl(record())
    assert (
        plugin.main(["predict", *JOB, "-n", "shop", "--keep", "id", "--memory", "2Gi", "--output-secret", "out"]) == 0
    )
    assert capsys.readouterr().out == "job created\n"
    job = yaml.safe_load((folder / "applied").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert container["command"] == [
        *("python3", "-m", "mooring.cli.main", "predict", "--input", "s3://in/rows/"),
        *("--output", f"s3://out/{today}/", "--on-bad-row", "fail", "--keep", "id"),
    ]
    order = json.loads(container["env"][0]["value"])
    assert (container["env"][0]["name"], order["version"]) == ("MOORING_SERVE_ORDER", "income-v3")
    assert order["artifact"]["digest"] == DIGEST
    secrets = {item["name"]: item["valueFrom"]["secretKeyRef"]["name"] for item in container["env"][1:]}
    assert secrets["MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY"] == "keys"
    assert secrets["MOORING_DATA_AWS_ACCESS_KEY_ID"] == "keys"
    assert secrets["MOORING_OUTPUT_AWS_ACCESS_KEY_ID"] == "out"
    assert container["image"] == "runtime:1"
    assert container["resources"] == {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert "--namespace shop get modelversions.mooring.dev income-v3" in (folder / "asked").read_text()


def test_the_same_order_has_the_same_name_and_another_has_another(
    kubectl: Callable[[dict[str, Any]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl(record())
    names = []
    for keep in ("id", "id", "name"):
        assert plugin.main(["predict", *JOB, "--keep", keep, "--dry-run"]) == 0
        names.append(yaml.safe_load(capsys.readouterr().out)["metadata"]["name"])
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("income-v3-predict-")


def test_a_schedule_is_a_cronjob_whose_runs_fill_in_their_dates(
    kubectl: Callable[[dict[str, Any]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl(record())
    words = ["predict", *JOB, "--on-cluster", "--schedule", "0 3 * * *", "--time-zone", "Europe/Berlin", "--dry-run"]
    assert program.main(words) == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert (made["kind"], made["spec"]["schedule"], made["spec"]["timeZone"]) == (
        "CronJob",
        "0 3 * * *",
        "Europe/Berlin",
    )
    (container,) = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "s3://out/{date}/" in container["command"]
    assert container["env"][-1]["name"] == "MOORING_SCHEDULED_JOB"


def test_dates_are_those_for_which_a_scheduled_job_was_due() -> None:
    moment = due({"MOORING_SCHEDULED_JOB": "nightly-29384712"}, 0.0)
    assert moment == datetime.fromtimestamp(29384712 * 60, UTC)
    assert due({}, 86400.0) == datetime(1970, 1, 2, tzinfo=UTC)
    assert (
        dated("s3://b/{date}/{time}", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)) == "s3://b/2026-03-04/20260304T050607Z"
    )


REFUSED = {
    "a path of this machine": (("--input", "rows.parquet"), "--input: a pod has no files of this machine"),
    "a schedule into one folder": (("--schedule", "@daily", "--output", "s3://o/x"), "put {date} or {time} into it"),
    "a zone without a schedule": (("--time-zone", "UTC"), "--time-zone only has a meaning with --schedule"),
    "following a schedule": (("--schedule", "@daily", "--follow"), "--follow shows one run"),
    "no quantity": (("--cpu", "many"), "--cpu 'many' is no quantity; write one, for example 2"),
}


@pytest.mark.parametrize(("words", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_no_job_can_do_is_refused(
    kubectl: Callable[[dict[str, Any]], Path],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    kubectl(record())
    assert plugin.main(["predict", *JOB, *words]) == 42
    assert sentence in capsys.readouterr().out


def test_a_version_trained_in_a_shell_wants_an_image(
    kubectl: Callable[[dict[str, Any]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl(record(provenance=record()["spec"]["provenance"] | {"image": "shell"}))
    assert plugin.main(["predict", *JOB]) == 42
    assert "say --image" in capsys.readouterr().out
    assert plugin.main(["predict", *JOB, "--image", "mine:1", "--dry-run"]) == 0


def test_a_model_of_ones_own_is_scored_by_its_record(
    kubectl: Callable[[dict[str, Any]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = record(artifact=record()["spec"]["artifact"] | {"format": "XGBoost"})
    del found["spec"]["provenance"]
    kubectl(found)
    assert plugin.main(["predict", *JOB]) == 42
    assert "names no image: say --image" in capsys.readouterr().out
    assert plugin.main(["predict", *JOB, "--image", "mine:1", "--dry-run"]) == 0
    (container,) = yaml.safe_load(capsys.readouterr().out)["spec"]["template"]["spec"]["containers"]
    order = json.loads(container["env"][0]["value"])
    assert (order["artifact"]["format"], len(order["signature"]["inputs"])) == ("XGBoost", 2)


def test_what_kubectl_says_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho 'modelversions \"income-v3\" not found' >&2\nexit 1\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(tmp_path / "kubectl"))
    assert plugin.main(["predict", *JOB]) == 42
    assert 'error: modelversions "income-v3" not found' in capsys.readouterr().out
    monkeypatch.setenv("KUBECTL", "no-such-program")
    assert plugin.main(["predict", *JOB]) == 42
    assert "install kubectl" in capsys.readouterr().out


def test_without_a_model_it_is_asked_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOORING_SERVE_ORDER", raising=False)
    assert program.main(["predict", "--input", "i", "--output", "o"]) == 42
    assert "name the model" in capsys.readouterr().out
    assert program.main(["predict", "--input", "s3://i", "--output", "s3://o", "--on-cluster"]) == 42
    assert "name a ModelVersion" in capsys.readouterr().out
