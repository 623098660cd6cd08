"""Policies that fire together: one hold, not ten retrains."""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests.unit.reconcile.driftpolicy.stage import HOUR, Stage

NAMES = ("ads", "fraud", "loans")


@pytest.fixture
def stage() -> Stage:
    """Three more policies, each with a deployment and a TrainingJob of its own."""
    stage = Stage()
    stage.drop("DriftPolicy", "income")
    for name in NAMES:
        spec = stage.objects[("TrainingJob", "default", "income")]["spec"]
        stage.put("TrainingJob", name, spec=spec | {"model": "income"})
        stage.put("ModelDeployment", name, spec={"model": "income"})
        stage.objects[("ModelDeployment", "default", name)]["status"] = {"stable": stage._arm("income-v1")}
        stage.put("DriftPolicy", name, spec={"deployment": name, "retrain": {"trainingJob": name}})
    return stage


def states(stage: Stage) -> list[str | None]:
    for name in NAMES:
        stage.look(name)
    found = [stage.status(name).request for name in NAMES]
    return [one.state if one is not None else None for one in found]


def test_three_that_fire_within_the_hour_are_all_held(stage: Stage) -> None:
    for name in NAMES:
        stage.alarm(name=name)
        stage.look(name)
        stage.pass_time(HOUR / 4)
    assert states(stage) == ["Gathering"] * 3
    stage.pass_time(HOUR)
    assert states(stage) == ["Held"] * 3
    suppressed = stage.status("fraud").suppressed
    assert suppressed is not None
    assert suppressed.reason == "Storm"
    assert "3 deployments fire together (>= 3), with default/ads, default/loans" in suppressed.message


def test_one_that_fires_first_is_held_where_others_drift_since_the_same_time(stage: Stage) -> None:
    for name in NAMES:
        stage.drift_for(1, name)
        stage.look(name)
        stage.pass_time(HOUR)
    stage.alarm(name="ads", streak=3)
    stage.look("ads")
    stage.pass_time(HOUR)
    assert states(stage) == ["Held", None, None]
    suppressed = stage.status("ads").suppressed
    assert suppressed is not None
    assert "3 deployments fire or drift together (>= 3), with default/fraud, default/loans" in suppressed.message


def test_drift_that_began_long_before_is_no_part_of_it(stage: Stage) -> None:
    for name in ("fraud", "loans"):
        stage.drift_for(1, name)
        stage.look(name)
    stage.pass_time(4 * HOUR)
    stage.drift_for(1, "ads")
    stage.look("ads")
    stage.alarm(name="ads", streak=1)
    stage.look("ads")
    stage.pass_time(HOUR)
    assert states(stage) == ["Asked", None, None]


def test_two_are_no_storm(stage: Stage) -> None:
    for name in NAMES[:2]:
        stage.alarm(name=name)
        stage.look(name)
    stage.pass_time(HOUR)
    assert states(stage) == ["Asked", "Asked", None]


def test_one_that_fires_hours_later_is_no_part_of_it(stage: Stage) -> None:
    for name in NAMES:
        stage.alarm(name=name)
        stage.look(name)
        stage.pass_time(2 * HOUR)
    assert states(stage) == ["Asked"] * 3


def test_two_policies_of_one_deployment_count_once(stage: Stage) -> None:
    spec = stage.objects[("DriftPolicy", "default", "ads")]["spec"]
    stage.pass_time(1)
    stage.put("DriftPolicy", "ads-too", spec=spec)
    for name in ("ads", "ads-too", "fraud"):
        stage.alarm(name=name)
        stage.look(name)
    stage.pass_time(HOUR)
    assert states(stage) == ["Asked", "Asked", None]
    assert stage.condition("Ready", "ads-too").reason == "OlderPolicy"


def test_a_person_may_train_one_all_the_same_and_the_storm_ends_with_fewer(stage: Stage) -> None:
    for name in NAMES:
        stage.alarm(name=name)
        stage.look(name)
    stage.pass_time(HOUR)
    states(stage)
    stage.put("DriftPolicy", "ads", metadata={"annotations": {"mooring.dev/approve": "dp/ads/1"}})
    assert states(stage) == ["Asked", "Held", "Held"]
    stage.objects[("TrainingJob", "default", "ads")]["status"] = {"handled": ["dp/ads/1"]}
    assert states(stage)[1:] == ["Asked", "Asked"]


def test_how_many_make_a_storm_is_configured(stage: Stage) -> None:
    stage.config = stage.config.model_copy(update={"storm_policies": 4})
    for name in NAMES:
        stage.alarm(name=name)
        stage.look(name)
    stage.pass_time(HOUR)
    assert states(stage) == ["Asked"] * 3


def test_policies_of_other_namespaces_are_part_of_it(stage: Stage) -> None:
    for name in NAMES[:2]:
        stage.alarm(name=name)
        stage.look(name)
    elsewhere = deepcopy(stage.objects[("DriftPolicy", "default", "fraud")])
    elsewhere["metadata"]["namespace"] = "shops"
    stage.objects[("DriftPolicy", "shops", "fraud")] = elsewhere
    stage.pass_time(HOUR)
    assert states(stage) == ["Held", "Held", None]
    suppressed = stage.status("fraud").suppressed
    assert suppressed is not None
    assert "with default/ads, shops/fraud" in suppressed.message


def test_a_look_stays_small_however_many_fire(stage: Stage) -> None:
    stage.alarm(name="ads")
    stage.look("ads")
    one = stage.objects[("DriftPolicy", "default", "ads")]
    for number in range(300):
        other = deepcopy(one)
        other["metadata"] |= {"namespace": f"team-{number}"}
        stage.objects[("DriftPolicy", f"team-{number}", "ads")] = other
    assert len(stage.seen("ads").others) == 100
    stage.pass_time(HOUR)
    stage.look("ads")
    suppressed = stage.status("ads").suppressed
    assert suppressed is not None
    assert suppressed.reason == "Storm"
    assert "and 95 more" in suppressed.message
