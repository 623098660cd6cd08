"""`mooring label` and `kubectl mooring label`: what they print, order, and refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from mooring.cli import kubectl as plugin
from mooring.cli import main as program
from mooring.serving.capture.waiting import Told
from tests.unit.batch.label.shop import NOON, Shop

CAPTURE = {"uri": "s3://captured/rows/", "secretName": "rows", "perMille": 10}
TRUTH = ("--truth", "s3://truths/november/", "--key", "order")


def deployment(**spec: Any) -> dict[str, Any]:
    stable = {"version": "income-v3", "digest": "sha256:" + "a" * 64, "template": "5c9f1a2b"}
    status = {"stable": stable | {"replicas": 2, "ready": 2, "startedAt": "2026-11-21T10:00:00Z"}}
    found = {"model": "income", "capture": CAPTURE, **spec}
    return {"metadata": {"name": "income", "namespace": "shop"}, "spec": found, "status": status}


def version() -> dict[str, Any]:
    sample = yaml.safe_load((Path(__file__).parents[3] / "samples" / "modelversion.yaml").read_text())
    sample["spec"]["provenance"]["image"] = "runtime:1"
    return dict(sample)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Path]:
    """Return a function that puts a kubectl in place, which knows a deployment and its version."""

    def install(found: dict[str, Any]) -> Path:
        (tmp_path / "modeldeployments.json").write_text(json.dumps(found))
        (tmp_path / "modelversions.json").write_text(json.dumps(version()))
        script = tmp_path / "kubectl"
        script.write_text(
            f'#!/bin/sh\ncase " $* " in\n*modeldeployments*) cat {tmp_path}/modeldeployments.json;;\n'
            f"*modelversions*) cat {tmp_path}/modelversions.json;;\n"
            f"*' apply '*) cat >{tmp_path}/applied; echo job created;;\nesac\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("KUBECTL", str(script))
        monkeypatch.delenv("MOORING_RUNTIME_IMAGE", raising=False)
        return tmp_path

    return install


Install = Callable[[dict[str, Any]], Path]


def test_rows_are_joined_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOORING_TERMINATION_PATH", str(tmp_path / "message"))
    (tmp_path / "message").touch()
    shop = Shop(tmp_path / "shop")
    asked = shop.asked(40, 60, request="a")
    shop.write(asked)
    shop.write(Told(asked.id, 0, 1, NOON))
    table = shop.table(pd.DataFrame({"order": ["a"], "row": [1], "sold": [0]}), "truths.csv")
    words = ["label", str(shop.folder), "--out", str(tmp_path / "out"), "--truth", table, "--key", "order"]
    assert program.main([*words, "--truth-column", "sold", "--plain"]) == 0
    said = capsys.readouterr().out
    assert "rows      2 captured, 2 with a truth; 2 written" in said
    assert "table     1 rows, 1 matched" in said
    assert f"output    {tmp_path / 'out'}: 1 files of 1 days" in said
    (file,) = (tmp_path / "out").glob("*/part-00000.parquet")
    assert pd.read_parquet(file)["bought"].tolist() == [1, 0]
    assert json.loads((tmp_path / "message").read_text())["table"]["matched"] == 1


def test_a_mistake_exits_42_and_is_in_the_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOORING_TERMINATION_PATH", str(tmp_path / "message"))
    (tmp_path / "message").touch()
    assert program.main(["label", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 42
    assert "Data error, NothingCaptured: nothing was captured at" in capsys.readouterr().out
    assert (tmp_path / "message").read_text().startswith("Data error, NothingCaptured")


def test_the_program_of_jobs_starts_without_the_operators_libraries() -> None:
    gone = "import sys; sys.modules.update(dict.fromkeys(('kopf', 'kubernetes', 'cronsim')))"
    code = f"{gone}; from mooring.cli.main import main; main(['label', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_job_is_made_of_the_deployment(kubectl: Install, capsys: pytest.CaptureFixture[str]) -> None:
    spec = {"server": {"builtin": {"keysSecretName": "callers"}}, "serviceAccountName": "robot"}
    folder = kubectl(deployment(**spec))
    words = [*TRUTH, "--secret", "truths", "--since", "2026-11-01", "--plain", "-n", "shop"]
    assert plugin.main(["label", "income", *words]) == 0
    assert capsys.readouterr().out == "job created\n"
    job = yaml.safe_load((folder / "applied").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    captured = "s3://captured/rows/shop/income"
    assert container["command"] == [
        *("python3", "-m", "mooring.cli.main", "label", captured, "--out", f"{captured}/joined/"),
        *("--truth", "s3://truths/november/", "--key", "order", "--since", "2026-11-01", "--plain"),
        *("--feedback", "http://income.shop.svc/v2/models/income/feedback"),
    ]
    secrets = {item["name"]: item["valueFrom"]["secretKeyRef"] for item in container["env"]}
    assert secrets["MOORING_CAPTURE_AWS_SECRET_ACCESS_KEY"]["name"] == "rows"
    assert secrets["MOORING_DATA_AWS_SECRET_ACCESS_KEY"]["name"] == "truths"
    assert secrets["MOORING_OUTPUT_AWS_SECRET_ACCESS_KEY"]["name"] == "rows"
    assert secrets["MOORING_FEEDBACK_KEYS"] == {"name": "callers", "key": "keys"}
    assert (container["image"], pod["serviceAccountName"], pod["restartPolicy"]) == ("runtime:1", "robot", "Never")
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_without_truths_what_came_online_is_joined_every_night(
    kubectl: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl(deployment())
    assert plugin.main(["label", "income", "--schedule", "0 4 * * *", "--out", "s3://rows/joined/", "--dry-run"]) == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert (made["kind"], made["spec"]["schedule"]) == ("CronJob", "0 4 * * *")
    (container,) = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "--feedback" not in container["command"]
    assert not [item for item in container["env"] if item["name"].startswith("MOORING_DATA_")]


def test_every_time_is_another_job(kubectl: Install, capsys: pytest.CaptureFixture[str]) -> None:
    kubectl(deployment())
    names = []
    for _ in range(2):
        assert plugin.main(["label", "income", "--dry-run"]) == 0
        names.append(yaml.safe_load(capsys.readouterr().out)["metadata"]["name"])
    assert names[0] != names[1]
    assert all(name.startswith("income-label-") for name in names)


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "a deployment that captures nothing": (
        deployment(capture=None),
        (),
        "ModelDeployment income captures nothing: write spec.capture, for example",
    ),
    "a deployment that serves nothing": (deployment() | {"status": {}}, (), "income serves no version yet"),
    "truths of this machine": (deployment(), ("--truth", "truths.csv"), "--truth: a pod has no files of this machine"),
    "an output of this machine": (deployment(), ("--out", "joined"), "--out: a pod has no files of this machine"),
    "waiting for a schedule": (deployment(), ("--schedule", "@daily", "--wait"), "--wait shows one run"),
}


@pytest.mark.parametrize(("found", "words", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_no_job_can_do_is_refused(
    kubectl: Install, capsys: pytest.CaptureFixture[str], found: dict[str, Any], words: tuple[str, ...], sentence: str
) -> None:
    kubectl({**found, "spec": {key: value for key, value in found["spec"].items() if value is not None}})
    assert plugin.main(["label", "income", *words]) == 42
    assert sentence in capsys.readouterr().out
