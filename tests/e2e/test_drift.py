"""The loop: harm leads to one run and a new version, though the operator is killed twice; a fault upstream to none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from demo.kubectl import Kubectl
from demo.stream import Asked, Rows, Stream, asking
from demo.visitors import Change, Phase
from tests.e2e.place import Place, make_namespace, operator_kubeconfig, put_people, runtime_image
from tests.support.kube import Kube, eventually
from tests.support.operator import OperatorProcess

MODEL = "income"
SHARED = ("income-b", "income-c")
"""Deployments that the same fault upstream reaches."""
SWAPPED = Change("school", codes={"none": "college", "college": "none"})
PHASES = (
    Phase("as at training"),
    Phase("recoded", (SWAPPED,)),
    Phase("hours are lost", (SWAPPED, Change("hours", share=0.7))),
    Phase("mended", (SWAPPED,)),
    Phase("recoded back"),
)
"""What upstream does, one after the other."""


def employed(rows: int, seed: int) -> pd.DataFrame:
    """Return people of whom most that went to college are employed, and few of those without a school."""
    random = np.random.default_rng(seed)
    school = random.choice(["none", "school", "college"], rows)
    hours = np.where(random.random(rows) < 0.1, np.nan, random.normal(30, 8, rows))
    chance = pd.Series(school).map({"none": 0.1, "school": 0.5, "college": 0.9})
    age = random.integers(16, 80, rows).astype(float)
    truth = (random.random(rows) < chance).astype("int64")
    return pd.DataFrame({"id": np.arange(rows), "age": age, "school": school, "hours": hours, "employed": truth})


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(school=frame["school"].replace(SWAPPED.codes))


def policy(name: str) -> dict[str, Any]:
    """Return a policy whose windows are seconds long, and whose budget is one false alarm a day."""
    spec = {
        "deployment": name,
        "window": {"minRows": 300, "minSeconds": 10},
        "falseAlarms": {"perDays": 1},
        "harm": {"labels": {"matureAfterSeconds": 0}},
        "retrain": {"trainingJob": MODEL, "cooldownSeconds": 0},
        "onHarmAfterPromotion": "Retrain",
    }
    return {"kind": "DriftPolicy", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def apart(rights: Kube) -> Iterator[Place]:
    """A place whose operator only these tests start, with people to train on."""
    place = make_namespace(rights.kubeconfig, f"e2e-{uuid.uuid4().hex[:8]}")
    put_people(place, employed(20_000, seed=1))
    yield place
    place.kube.delete("Namespace", place.namespace)


@pytest.fixture(scope="module")
def operators(rights: Kube, apart: Place, operator_config: dict[str, object]) -> Iterator[list[OperatorProcess]]:
    """The operator, and its successors."""
    account = operator_kubeconfig(rights)
    running = [OperatorProcess(account, [apart.namespace], operator_config) for _ in range(3)]
    running[0].__enter__()
    yield running
    for process in running:
        if hasattr(process, "process"):
            process.__exit__(None, None, None)


@pytest.fixture(scope="module")
def upstream(apart: Place, operators: list[OperatorProcess]) -> Iterator[Stream]:
    """People ask three deployments of a model, the first of which is watched, until the last test is over."""
    apart.kube.apply(apart.recipe(MODEL))
    apart.wait("TrainingJob", MODEL, "Ready")
    for name in (MODEL, *SHARED):
        apart.kube.apply(apart.serving(name, MODEL))
    for name in (MODEL, *SHARED):
        apart.wait("ModelDeployment", name, "Ready")
    apart.kube.apply(policy(MODEL))
    people = employed(6000, seed=2)
    rows = Rows(people.drop(columns=["id", "employed"]), people["employed"].tolist())
    with asking(Stream(Kubectl(apart.namespace), "visitors")) as stream:
        stream.begin((MODEL, *SHARED), Asked(MODEL, runtime_image(), rate=45, batch=8), rows, PHASES)
        yield stream


def test_harm_has_the_model_replaced_once_though_the_operator_is_killed_twice(
    apart: Place, operators: list[OperatorProcess], upstream: Stream
) -> None:
    eventually("a window is quiet", lambda: closed(apart) > 0, 60)
    put_people(apart, swapped(employed(20_000, seed=3)))
    upstream.next_phase()
    eventually("a window is open", lambda: status(apart)["window"].get("rows", 0) > 0, 30)
    operators[0].kill()
    operators[1].__enter__()
    eventually("a request is open", lambda: status(apart).get("request"), 60)
    request = status(apart)["request"]["id"]
    operators[1].kill()
    operators[2].__enter__()
    eventually("it is promoted", lambda: status(apart).get("last", {}).get("outcome") == "Promoted", 90)
    assert status(apart)["last"]["id"] == request
    assert runs(apart)[0]["request"] == request
    assert len(runs(apart)) == 2
    version = apart.kube.get("ModelVersion", f"{MODEL}-v2")
    assert version is not None
    assert version["spec"]["provenance"]["request"] == request
    history = apart.status("ModelDeployment", MODEL)["history"]
    assert [(entry["to"], entry["outcome"]) for entry in history] == [
        (f"{MODEL}-v2", "Promoted"),
        (f"{MODEL}-v1", "Promoted"),
    ]


def test_a_column_that_is_lost_is_named_and_nothing_is_trained_on_it(
    apart: Place, operators: list[OperatorProcess], upstream: Stream
) -> None:
    eventually("a window of the new version is clean", lambda: quality(apart)["reason"] == "Clean", 60)
    upstream.next_phase()
    eventually("broken data is told", lambda: quality(apart)["status"] == "True", 60)
    assert quality(apart)["message"].startswith("hours: ")
    upstream.next_phase()
    eventually("one clean window ends it", lambda: quality(apart)["status"] == "False", 60)
    assert len(runs(apart)) == 2


def test_a_fault_that_several_deployments_share_is_held(
    apart: Place, operators: list[OperatorProcess], upstream: Stream
) -> None:
    for name in SHARED:
        apart.kube.apply(policy(name))
    for name in (MODEL, *SHARED):
        eventually(f"a window of {name} is quiet", lambda name=name: closed(apart, name) > 0, 60)
    upstream.next_phase()
    for name in (MODEL, *SHARED):
        eventually(f"{name} is held", lambda name=name: held(apart, name) == "Storm", 60)
    assert len(runs(apart)) == 2


def status(place: Place, name: str = MODEL) -> dict[str, Any]:
    return place.status("DriftPolicy", name)


def closed(place: Place, name: str = MODEL) -> int:
    """Return how many windows of the version that serves were tested."""
    found: int = status(place, name).get("window", {}).get("closed", 0)
    return found


def held(place: Place, name: str) -> str:
    """Return what holds the request of a policy."""
    found: str = status(place, name).get("suppressed", {}).get("reason", "")
    return found


def quality(place: Place) -> dict[str, Any]:
    """Return the condition that tells of broken data."""
    found: dict[str, Any] = next(item for item in status(place)["conditions"] if item["type"] == "DataQualityBroken")
    return found


def runs(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.status("TrainingJob", MODEL)["runs"]
    return found
