from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.apiserver import Answer, Server
from tests.rules.objects import REMOVED, changed, sample

Create = Callable[[str, dict[str, Any]], Answer]

NAME = "metadata.name: write MODEL-vNUMBER of spec.model and spec.number, for example income-v3"
RECORD = "a ModelVersion is a record: only artifact.uri and artifact.secretName may change"

LONGEST = {"metadata.name": "m" * 42 + "-v999999", "spec.model": "m" * 42, "spec.number": 999999}


def test_the_longest_name_is_accepted(create: Create) -> None:
    assert create("modelversion", LONGEST).message == ""


BAD = {
    "the name of another number": ({"metadata.name": "income-v4"}, NAME),
    "the name of another model": ({"metadata.name": "churn-v3"}, NAME),
    "the model's name alone": ({"metadata.name": "income"}, NAME),
    "a padded number": ({"metadata.name": "income-v03"}, NAME),
    "a longer number": ({"metadata.name": "income-v33"}, NAME),
    "a longer model": ({"metadata.name": "income-2-v3"}, NAME),
    "version zero": ({"metadata.name": "income-v0", "spec.number": 0}, "greater than or equal to 1"),
    "a short digest": ({"spec.artifact.digest": "sha256:abc"}, "write a digest as sha256: and 64 hexadecimal digits"),
    "an artifact on a web server": ({"spec.artifact.uri": "https://host/model"}, "write s3://BUCKET/PATH"),
    "a format that runs code on load": (
        {"spec.artifact.format": "Joblib"},
        'supported values: "Skops", "Onnx", "MLflow", "XGBoost", "LightGBM"',
    ),
    "what the manifest of Mooring's own folder says": (
        {"spec.signature.classes": ["no", "yes"]},
        "leave signature.classes and nullable out: of format Skops",
    ),
    "missing values of Mooring's own folder": (
        {"spec.signature.inputs.0.nullable": True},
        "leave signature.classes and nullable out: of format Skops",
    ),
    "an unknown verdict": ({"spec.gate.verdict": "Fine"}, 'supported values: "Passed", "Rejected", "Unknown"'),
    "a metric twice": (
        {"spec.metrics": [{"name": "f1", "value": "1", "rows": 1}, {"name": "f1", "value": "1", "rows": 1}]},
        "Duplicate value",
    ),
    "too many inputs": (
        {"spec.signature.inputs": [{"name": f"x{i}", "datatype": "FP64"} for i in range(65)]},
        "must have at most 64 items",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_these_are_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("modelversion", changes).message


BROUGHT_BAD = {
    "a compiled form": ({"spec.artifact.alsoAs": ["Onnx"]}, "leave alsoAs out: only the folders of Mooring's own"),
    "no signature": ({"spec.signature": REMOVED}, "spec.signature: Required value"),
    "an empty class": ({"spec.signature.classes": ["", "b"]}, "spec.signature.classes[0]"),
}


@pytest.mark.parametrize(("changes", "sentence"), BROUGHT_BAD.values(), ids=BROUGHT_BAD)
def test_these_models_of_ones_own_are_refused(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("modelversion-brought", changes).message


@pytest.mark.parametrize("form", ["Onnx", "MLflow", "XGBoost", "LightGBM"])
def test_a_model_of_ones_own_is_unknown_unless_somebody_judged_it(create: Create, form: str) -> None:
    stored = create("modelversion-brought", {"spec.artifact.format": form})
    assert stored.message == ""
    assert stored.body["spec"]["gate"] == {"verdict": "Unknown", "message": "no gate was checked"}


def test_what_was_left_out_is_not_added_later(server: Server, namespace: str) -> None:
    obj = changed(sample("modelversion-brought", namespace), {"metadata.name": "bare-v1", "spec.model": "bare"})
    assert server.for_real().create(obj).message == ""
    metrics = {"spec": {"metrics": [{"name": "f1", "value": "1", "rows": 1}]}}
    for later in (metrics, {"spec": {"signature": {"classes": ["a", "b"]}}}, {"spec": {"gate": {"verdict": "Passed"}}}):
        assert RECORD in server.merge(obj, later).message
    assert server.merge(obj, {"spec": {"artifact": {"uri": "gs://elsewhere/model.json"}}}).message == ""


@pytest.fixture(scope="module")
def version(server: Server, namespace: str) -> dict[str, Any]:
    """A ModelVersion that is really there."""
    obj = changed(sample("modelversion", namespace), {"metadata.name": "kept-v3", "spec.model": "kept"})
    assert server.for_real().create(obj).message == ""
    return obj


IDENTITY = {
    "spec.number": 4,
    "spec.model": "another",
    "spec.artifact.digest": "sha256:" + "0" * 64,
    "spec.artifact.bytes": 1,
    "spec.artifact.alsoAs": ["Onnx"],
    "spec.signature.inputsTotal": 3,
    "spec.metrics.0.value": "0.99",
    "spec.data.rows": 1,
    "spec.provenance.seed": 1,
    "spec.gate.verdict": "Passed",
    "spec.gate.checks": [{"metric": "f1", "rule": ">= 0", "result": "Passed"}],
}


@pytest.mark.parametrize("path", IDENTITY)
def test_what_was_recorded_never_changes(server: Server, version: dict[str, Any], path: str) -> None:
    assert RECORD in server.merge(version, changed(version, {path: IDENTITY[path]})).message


def test_an_artifact_may_move(server: Server, version: dict[str, Any]) -> None:
    moved = {"spec": {"artifact": {"uri": "gs://elsewhere/3/", "secretName": "renamed"}}}
    assert server.merge(version, moved).message == ""
