"""Harm to a few, which the mean of all hides: a policy that watches them apart names them, and only them."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
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
NORTH, SOUTH = "country=north", "country=south"
SWAPPED = Change("school", codes={"south-none": "south-college", "south-college": "south-none"})
PHASES = (Phase("as at training"), Phase("the south has new codes", (SWAPPED,)))


def employed(rows: int, seed: int) -> pd.DataFrame:
    """Return people of two countries, each with codes of its own for schools; one in seven lives in the south.

    Half of the people of each went to college, so that swapped codes change nothing that is counted of inputs alone.
    """
    random = np.random.default_rng(seed)
    country = np.where(random.random(rows) < 1 / 7, "south", "north")
    college = random.random(rows) < 0.5
    school = np.char.add(country, np.where(college, "-college", "-none"))
    truth = (random.random(rows) < np.where(college, 0.9, 0.1)).astype("int64")
    age = random.integers(16, 80, rows).astype(float)
    return pd.DataFrame({"id": np.arange(rows), "country": country, "school": school, "age": age, "employed": truth})


def policy(name: str, column: str, **spec: Any) -> dict[str, Any]:
    """Return a policy whose windows are seconds long, whose budget is one false alarm a day, and which allows much.

    All rows lose a ninth more when the south loses four in five more.
    """
    watched = {
        "deployment": MODEL,
        "window": {"minRows": 300, "minSeconds": 10},
        "falseAlarms": {"perDays": 1},
        "harm": {"tolerance": "0.15", "labels": {"matureAfterSeconds": 0}},
        "segments": [{"column": column}],
    }
    return {"kind": "DriftPolicy", "metadata": {"name": name}, "spec": watched | spec}


@pytest.fixture(scope="module")
def apart(rights: Kube, operator_config: dict[str, object]) -> Iterator[Place]:
    """A place with an operator of its own, where a model with slices serves and two policies watch it."""
    place = make_namespace(rights.kubeconfig, f"e2e-{uuid.uuid4().hex[:8]}")
    put_people(place, employed(12_000, seed=1))
    with OperatorProcess(operator_kubeconfig(rights), [place.namespace], operator_config):
        recipe = place.recipe(MODEL)
        recipe["spec"]["evaluation"]["slices"] = [{"column": "country"}]
        place.kube.apply(recipe)
        place.wait("TrainingJob", MODEL, "Ready")
        place.kube.apply(place.serving(MODEL, MODEL))
        place.wait("ModelDeployment", MODEL, "Ready")
        place.kube.apply(policy("by-country", "country", retrain={"trainingJob": MODEL, "mode": "DryRun"}))
        place.kube.apply(policy("by-age", "age"))
        yield place
    place.kube.delete("Namespace", place.namespace)


@pytest.fixture(scope="module")
def upstream(apart: Place) -> Iterator[Stream]:
    """People of both countries ask."""
    people = employed(6000, seed=2)
    rows = Rows(people.drop(columns=["id", "employed"]), people["employed"].tolist())
    with asking(Stream(Kubectl(apart.namespace), "visitors")) as stream:
        stream.begin((MODEL,), Asked(MODEL, runtime_image(), rate=40, batch=10), rows, PHASES)
        yield stream


def test_a_column_that_the_version_was_not_sliced_by_is_told_and_the_rest_is_watched(
    apart: Place, upstream: Stream
) -> None:
    eventually("it is told", lambda: ready(apart, "by-age").get("reason") == "NotSliced", 60)
    assert "write evaluation.slices: [{column: age}] in TrainingJob income" in ready(apart, "by-age")["message"]
    assert apart.condition("DriftPolicy", "by-age", "Stalled")["status"] == "True"
    eventually("a window is tested all the same", lambda: evidence(apart, "by-age", "harm"), 60)


def test_harm_to_the_few_is_named_and_neither_the_others_nor_all_rows_are(apart: Place, upstream: Stream) -> None:
    eventually("both are tested", lambda: all(evidence(apart, "by-country", "harm", of) for of in (NORTH, SOUTH)), 60)
    assert [one["name"] for one in status(apart)["segments"]] == [NORTH, SOUTH]
    assert {item["state"] for item in status(apart)["evidence"]} <= {"Quiet", "Unknown"}
    assert "request" not in status(apart)
    upstream.next_phase()
    eventually("it would ask", lambda: status(apart).get("request"), 60)
    request = status(apart)["request"]
    assert (request["trigger"], request["segment"]) == ("Harm", SOUTH)
    assert request["reason"].startswith("where country is south: wrong answers in ")
    harmful = apart.condition("DriftPolicy", "by-country", "Harmful")
    assert (harmful["status"], harmful["message"]) == ("True", request["reason"])
    eventually("the codes changed long ago", lambda: rate(apart, SOUTH) > 0.8, 60)
    assert rate(apart, NORTH) < 0.15
    assert 0.15 < rate(apart, None) < 0.25
    assert "north" not in apart.condition("DriftPolicy", "by-country", "Harmful")["message"]
    assert apart.condition("DriftPolicy", "by-country", "Drifted")["status"] == "False"
    assert apart.condition("DriftPolicy", "by-age", "Harmful")["status"] == "False"
    assert f"segment      {SOUTH}" in apart.mooring("drift", "status", "by-country")


def test_its_alarm_is_computed_anew_from_what_was_kept(apart: Place, upstream: Stream, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    apart.mooring("drift", "bundle", "by-country", "-o", str(bundle))
    explain = [sys.executable, "-m", "mooring.cli.main", "drift", "explain", str(bundle)]
    told = subprocess.run(explain, capture_output=True, text=True, check=True).stdout.splitlines()
    alarms = [place for place, line in enumerate(told) if line.startswith("alarm ")]
    assert alarms
    assert all("UTC, harm in country=south: where country is south" in told[place] for place in alarms)
    assert {told[place + 1] for place in alarms} == {"  computed anew from the recorded windows: the same"}
    replayed = apart.mooring("backtest", "by-country", "--bundle", str(bundle))
    assert "harm in country=south ALARM" in replayed
    assert re.search(r"^retrains: at most [1-9]", replayed, re.MULTILINE), replayed


def status(place: Place) -> dict[str, Any]:
    return place.status("DriftPolicy", "by-country")


def ready(place: Place, name: str) -> dict[str, Any]:
    return place.condition("DriftPolicy", name, "Ready")


def evidence(place: Place, name: str, test: str, segment: str | None = None) -> dict[str, Any]:
    """Return what status shows of a tier; empty where nothing is known of it."""
    found = place.status("DriftPolicy", name).get("evidence", [])
    return next((one for one in found if (one["test"], one.get("segment")) == (test, segment)), {})


def rate(place: Place, segment: str | None) -> float:
    """Return the share of predictions that are lost by the truths settled last."""
    return float(evidence(place, "by-country", "harm", segment).get("rate", 0))
