from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.apiserver import Answer, Server
from tests.rules.objects import REMOVED, changed, sample

Create = Callable[[str, dict[str, Any]], Answer]

GOOD = {
    "a policy that only watches": {"spec.retrain": REMOVED},
    "nothing that trains": {"spec.triggers": []},
    "two schedules": {
        "spec.triggers": [{"type": "Schedule", "cron": "0 3 * * 0"}, {"type": "Schedule", "cron": "30 12 1 * *"}]
    },
    "a zone": {"spec.triggers": [{"type": "Schedule", "cron": "0 3 * * 0", "timeZone": "Europe/Berlin"}]},
    "new data": {"spec.triggers": [{"type": "NewData"}]},
    "all truths": {"spec.harm": {"labels": {"minCoverage": "1"}}},
    "any shift is drift": {"spec.inputs": {"effect": "0"}},
    "segments by two columns": {"spec.segments": [{"column": "SEX"}, {"column": "AGEP"}]},
    "a classifier": {"spec.classifier": {}},
    "a window of seconds": {"spec.window": {"minRows": 100, "minSeconds": 5}},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_these_are_accepted(create: Create, changes: dict[str, Any]) -> None:
    assert create("driftpolicy-minimal", changes).message == ""


NAME = "use at most 42 lowercase letters, digits and '-', starting with a letter and not ending with '-'"
SHARE = 'write a share as a string, from "0" and below "1", for example "0.05"'
COVERAGE = 'write a share as a string, from "0" to "1", for example "0.8"'
CRON = 'write five fields with one space between them, for example "0 3 * * 0"'


def trigger(**fields: Any) -> dict[str, Any]:
    return {"spec.triggers": [fields]}


BAD = {
    "a name of 43 letters": ({"metadata.name": "a" * 43}, f"metadata.name: {NAME}"),
    "no deployment": ({"spec.deployment": REMOVED}, "spec.deployment: Required value"),
    "a deployment in capitals": ({"spec.deployment": "Income"}, f'spec.deployment: Invalid value: "Income": {NAME}'),
    "a recipe with a dot": ({"spec.retrain.trainingJob": "in.come"}, NAME),
    "a share as a number": ({"spec.inputs": {"effect": 0.05}}, "must be of type string"),
    "a share of all": ({"spec.harm": {"tolerance": "1"}}, SHARE),
    "a share below none": ({"spec.quality": {"missing": "-0.1"}}, SHARE),
    "more truths than predictions": ({"spec.harm": {"labels": {"minCoverage": "1.5"}}}, COVERAGE),
    "a small window": ({"spec.window": {"minRows": 8}}, "should be greater than or equal to 100"),
    "an unknown metric": ({"spec.harm": {"metric": "f1"}}, 'Unsupported value: "f1"'),
    "an unknown mode": ({"spec.retrain.mode": "Dry"}, 'supported values: "Enforce", "DryRun", "Approve"'),
    "an unknown trigger": (trigger(type="Moon"), 'Unsupported value: "Moon"'),
    "a schedule without times": (trigger(type="Schedule"), "cron belongs to type Schedule, for example"),
    "times without a schedule": (trigger(type="Harm", cron="0 3 * * 0"), "cron belongs to type Schedule, for example"),
    "times of six fields": (trigger(type="Schedule", cron="0 0 3 * * 0"), CRON),
    "times as a word": (trigger(type="Schedule", cron="@midnight"), CRON),
    "a zone without a schedule": (trigger(type="Harm", timeZone="Etc/UTC"), "timeZone belongs to type Schedule"),
    "an age without seconds": (trigger(type="MaxAge"), "seconds belongs to type MaxAge, for example 7776000"),
    "seconds without an age": (trigger(type="Harm", seconds=60), "seconds belongs to type MaxAge"),
    "windows of harm": (
        trigger(type="Harm", consecutiveWindows=3),
        "consecutiveWindows belongs to type InputDrift, for example 3",
    ),
    "polls of harm": (trigger(type="Harm", pollSeconds=60), "pollSeconds belongs to type NewData, for example 3600"),
    "polls without a pause": (trigger(type="NewData", pollSeconds=1), "should be greater than or equal to 60"),
    "harm twice": (
        {"spec.triggers": [{"type": "Harm"}, {"type": "Harm"}]},
        "each type of trigger is written once (Schedule may be repeated)",
    ),
    "nine triggers": (
        {"spec.triggers": [{"type": "Schedule", "cron": "0 3 * * 0"}] * 9},
        "spec.triggers: Too many: 9: must have at most 8 items",
    ),
    "triggers of nothing": (
        {"spec.retrain": REMOVED, "spec.triggers": [{"type": "Harm"}]},
        "triggers need `retrain`, for example retrain: {trainingJob: income}",
    ),
    "a segment of nothing": ({"spec.segments": [{}]}, "spec.segments[0].column: Required value"),
    "segments by a column twice": (
        {"spec.segments": [{"column": "SEX"}, {"column": "SEX"}]},
        'spec.segments[1]: Duplicate value: {"column":"SEX"}',
    ),
    "segments by five columns": (
        {"spec.segments": [{"column": name} for name in "abcde"]},
        "spec.segments: Too many: 5: must have at most 4 items",
    ),
    "rows compared all the time": (
        {"spec.classifier": {"everySeconds": 299}},
        "should be greater than or equal to 300",
    ),
    "rows too few to compare": ({"spec.classifier": {"maxRows": 199}}, "should be greater than or equal to 200"),
    "no run at all": ({"spec.retrain.maxPerMonth": 0}, "should be greater than or equal to 1"),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_these_are_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("driftpolicy-minimal", changes).message


def test_the_deployment_never_changes(server: Server, namespace: str) -> None:
    policy = changed(sample("driftpolicy-minimal", namespace), {"metadata.name": "kept"})
    assert server.for_real().create(policy).message == ""
    said = server.merge(policy, {"spec": {"deployment": "other"}}).message
    assert "deployment is immutable: evidence belongs to it; create another DriftPolicy for another deployment" in said
    assert server.merge(policy, {"spec": {"retrain": {"maxPerMonth": 2}}}).message == ""
