"""`kubectl mooring predict`: a Job scores files of the real store with a version of the real loop."""

from __future__ import annotations

import io
import json
import os
import subprocess

import obstore
import pandas as pd
import pytest

from mooring.cli.kubectl import main
from tests.e2e.place import Place, kubectl_path, people, put_people, runtime_image, store


@pytest.fixture
def plugin(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's environment: the user's kubeconfig and kubectl."""
    monkeypatch.setenv("KUBECONFIG", place.kube.kubeconfig)
    monkeypatch.setenv("KUBECTL", kubectl_path())


@pytest.mark.usefixtures("plugin")
def test_a_job_scores_a_folder_and_leaves_out_what_serving_would_refuse(place: Place, income_v1: str) -> None:
    frame = people(500, seed=11)
    frame.loc[[4, 9], "school"] = "kindergarten"
    put_people(place, frame, folder="to-score")
    source, target = f"s3://datasets/{place.prefix}/to-score/", f"s3://datasets/{place.prefix}/scores/"
    words = ["predict", income_v1, "-n", place.namespace, "--input", source, "--output", target, "--keep", "id"]
    # The image that trained may be an older one, of which only the digest of the model counts.
    asked = [*words, "--on-bad-row", "skip", "--image", runtime_image(), "--follow"]
    assert main(asked) == 0
    assert main(asked) == 0, "the same order again is the same Job"
    bucket, folder = store(place.kube, "datasets"), f"{place.prefix}/scores"
    summary = json.loads(bytes(obstore.get(bucket, f"{folder}/_summary.json").bytes()))
    answers = pd.read_parquet(io.BytesIO(bytes(obstore.get(bucket, f"{folder}/part-00000.parquet").bytes())))
    record = place.kube.get("ModelVersion", income_v1)
    assert record is not None
    assert summary["digest"] == record["spec"]["artifact"]["digest"]
    assert summary["refused"] == {"rows": 2, "byColumn": {"school": 2}}
    assert list(answers) == ["id", "label", "probability_0", "probability_1", "version"]
    assert (len(answers), set(answers["version"])) == (498, {income_v1})
    assert obstore.head(bucket, f"{folder}/_SUCCESS")["size"] == 0


@pytest.mark.usefixtures("plugin")
def test_the_api_server_takes_the_cronjob(place: Place, income_v1: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", income_v1, "-n", place.namespace, "--input", "s3://datasets/x/{date}/", "--dry-run"]
    assert main([*words, "--output", "s3://datasets/y/{date}/", "--schedule", "0 3 * * *", "--memory", "1Gi"]) == 0
    manifest = capsys.readouterr().out
    environment = {**os.environ, "KUBECONFIG": place.kube.kubeconfig}
    command = [kubectl_path(), "apply", "--dry-run=server", "-f", "-"]
    applied = subprocess.run(command, input=manifest, env=environment, capture_output=True, text=True, check=False)
    assert "cronjob.batch/" in applied.stdout, applied.stderr
    assert "Warning" not in applied.stderr, "a pod of it would not be admitted"
