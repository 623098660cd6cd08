"""Each class of failure, once, in a real pod: what it is called and what it tells the user to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.place import Place
from tests.support.kube import eventually
from tests.support.operator import OperatorProcess


def recipes(place: Place) -> dict[str, dict[str, Any]]:
    """Return a recipe that fails in each way."""
    base = place.recipe("base")["spec"]
    heavy = {
        "sklearn": {"estimator": "RandomForestClassifier", "parameters": [{"name": "n_estimators", "value": "20000"}]}
    }
    return {
        "no-slice": {"evaluation": {"slices": [{"column": "schol"}]}},
        "no-target": {"data": base["data"] | {"target": "employd"}},
        "bad-fit": {
            "trainer": {
                "sklearn": {
                    "estimator": "LogisticRegression",
                    "parameters": [{"name": "solver", "value": "lbfgs"}, {"name": "l1_ratio", "value": "0.5"}],
                }
            }
        },
        "no-secret": {
            "data": base["data"] | {"secretName": "forgotten"},
            "run": base["run"] | {"startDeadlineSeconds": 12},
        },
        "no-store": {"data": base["data"] | {"secretName": "nowhere"}},
        "no-upload": {"output": base["output"] | {"secretName": "nowhere"}},
        "too-little-memory": {"run": base["run"] | {"resources": {"limits": {"memory": "48Mi"}}}},
        "too-slow": {"trainer": heavy, "run": base["run"] | {"deadlineSeconds": 15}},
    }


@pytest.fixture(scope="module")
def failing(place: Place, operator: OperatorProcess) -> None:
    """All of them at once: most of their time is waiting."""
    for name, changes in recipes(place).items():
        place.kube.apply(place.recipe(name, **changes))


@pytest.mark.parametrize(
    ("name", "class_", "reason", "sentence"),
    [
        ("no-slice", "User", "SliceNoFeature", "did you mean 'school'?"),
        ("no-target", "Data", None, "employed"),
        ("bad-fit", "User", None, "elasticnet"),
        ("no-secret", "User", "SecretNotFound", "forgotten"),
        ("no-store", "Infrastructure", None, "127.0.0.1:1"),
        ("no-upload", "Infrastructure", None, "127.0.0.1:1"),
        ("too-little-memory", "OutOfMemory", "OOMKilled", "48Mi"),
        ("too-slow", "Deadline", "DeadlineExceeded", "run.deadlineSeconds"),
    ],
)
def test_a_failure_says_what_it_is_and_what_to_do(
    place: Place, failing: None, name: str, class_: str, reason: str | None, sentence: str
) -> None:
    place.wait("TrainingJob", name, "Stalled", seconds=180)
    (run,) = place.status("TrainingJob", name)["runs"]
    failure = run["failure"]
    assert (failure["class"], failure["reason"]) == (class_, reason or failure["reason"]), failure
    assert sentence in failure["message"]
    assert place.status("TrainingJob", name)["phase"] == "Failed"
    assert place.kube.get("ModelVersion", f"{name}-v1") is None


def test_a_corrected_recipe_runs(place: Place, failing: None) -> None:
    place.wait("TrainingJob", "no-target", "Stalled", seconds=180)
    place.kube.apply(place.recipe("no-target"))
    place.wait("TrainingJob", "no-target", "Ready")
    assert place.status("TrainingJob", "no-target")["latestVersion"] == "no-target-v1"


def test_parameters_are_refused_before_any_job_exists(place: Place, operator: OperatorProcess) -> None:
    wrong = {"sklearn": {"estimator": "Ridge", "parameters": [{"name": "alfa", "value": "1"}]}}
    place.kube.apply(place.recipe("mistyped", trainer=wrong))
    stalled = place.wait("TrainingJob", "mistyped", "Stalled")
    assert stalled["reason"] == "InvalidParameters"
    assert "alpha" in stalled["message"]
    assert place.kube.list("Job", "mooring.dev/owner=mistyped") == []
    eventually("it is in the columns too", lambda: "Failed" in place.kubectl("get", "tj", "mistyped"))
