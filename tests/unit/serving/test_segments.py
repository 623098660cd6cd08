"""A version whose profile has segments: what is counted, what ids say, and that other versions count its truths."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from mooring.artifact.manifest import PROFILE as PROFILE_FILE
from mooring.ledger.layout import Layout
from mooring.ledger.profile import (
    CategoryCounts,
    NumberCounts,
    PredictionCounts,
    PredictionProfile,
    Profile,
    SegmentProfile,
)
from mooring.ledger.readable import by_field
from mooring.serving.app import App, build
from mooring.serving.errors import CannotServe
from mooring.serving.load import Loaded, read_profile
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, Running, loaded, order
from tests.unit.serving.talk import ask
from tests.unit.serving.test_feedback import joins, predict, results, tell
from tests.unit.serving.test_ledger import INFER, PROFILE

KEY = base64.b64encode(bytes(range(32))).decode()


def segment(column: str, value: float | str, predictions: PredictionProfile = PROFILE.predictions) -> SegmentProfile:
    return SegmentProfile(
        column=column,
        value=value,
        rows=20,
        numbers=[NumberCounts(counts=[0] * len(one.counts), missing=0) for one in PROFILE.numbers],
        categories=[CategoryCounts(counts=[0, 0], other=0, missing=0)],
        holdout_rows=0,
        predictions=PredictionCounts(counts=[0] * len(predictions.counts)),
    )


SLICED = Profile(
    **{
        **dict(PROFILE),
        "segments": [
            *(segment("color", name) for name in ("green", "red")),
            *(segment("age", age) for age in (18.0, 60.0)),
            segment("member", 1.0),
        ],
    }
)
STRATA, COLORS, AGES = 4, 3, 3
"""Of the small model with the profile's two bins, and the digits of a combination."""

Pod = Callable[..., Awaitable[Running]]


@pytest.fixture
async def pod(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pod]:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    running: list[Running] = []

    async def start(profile: Profile | None, version: str = "shop-v3") -> Running:
        backend = AgeBackend()
        model = loaded(backend)
        asked = order().model_copy(update={"version": version})
        app = build(asked, Loaded(model.manifest, backend, model.cost, profile=profile), lambda: True)
        running.append(Running(app, await app.listener.start("127.0.0.1", 0), backend))
        return running[-1]

    yield start
    for one in running:
        one.app.listener.close()


def segments(app: App) -> dict[str, list[int]]:
    """Return the rows by stratum of each segment."""
    ledger = app.journal.ledger
    found = by_field(ledger.totals()["stable"], ledger.layout)["segments"]
    assert isinstance(found, dict)
    return {f"{name} {at}": one["predictions"] for name, ones in found.items() for at, one in enumerate(ones)}


async def test_rows_are_counted_in_the_segments_that_they_lie_in(pod: Pod) -> None:
    running = await pod(SLICED)
    colors, members = ["green", "red", "blue", "red"], [True, True, False, False]
    rows = artifacts.body(4, age=[18, 60, 60, 40], color=colors, member=members)
    assert (await ask(running.port, "POST", INFER, rows)).status == 200
    assert (await ask(running.port, "POST", INFER, artifacts.body(age=[60], color=["green"]))).status == 200
    assert segments(running.app) == {
        "color 0": [1, 0, 0, 1],
        "color 1": [1, 0, 0, 1],
        "age 0": [1, 0, 0, 0],
        "age 1": [0, 0, 0, 3],
        "member 0": [1, 0, 0, 2],
    }
    counts = by_field(running.app.journal.ledger.totals()["stable"], running.app.journal.ledger.layout)
    assert counts["predictions"] == [2, 0, 0, 3]


async def test_a_truth_is_counted_by_stratum_and_segments_whichever_version_is_told(pod: Pod) -> None:
    mine, other = await pod(SLICED), await pod(PROFILE, "shop-v4")
    reply = await ask(mine.port, "POST", INFER, artifacts.body(2, age=[60, 40], color=["red", "blue"]))
    identity = reply.json()["parameters"]["prediction_id"]  # type: ignore[index]  # an object
    code = 3 + STRATA * (2 + COLORS * (2 + AGES * 1))
    neither = 0 + STRATA * COLORS * AGES * 1  # a member, as both are
    for told_to in (mine, other):
        told = await tell(
            told_to.port, [{"id": identity, "row": 0, "truth": 1}, {"id": identity, "row": 1, "truth": 0}]
        )
        assert results(told) == (2, 0, 0)
        assert joins(told_to.app) == {(code, 1): 1, (neither, 0): 1}
    layout = mine.app.journal.ledger.layout
    assert code % layout.strata == 3
    assert layout.in_segments(code // layout.strata) == (1, 3, 4)
    interval = other.app.journal.ledger.reading(0).intervals[0]
    assert {join.version for join in interval.joins} == {3}


async def test_without_slices_ids_and_layout_are_as_they_were(pod: Pod) -> None:
    running = await pod(PROFILE)
    assert len(await predict(running.port, 60)) == 44
    assert "sliced" not in running.app.journal.ledger.layout.to_json()
    sliced = await pod(SLICED)
    told = Layout.from_json(sliced.app.journal.ledger.reading(0).layout)
    assert [(one.column, one.values) for one in told.sliced] == [("color", 2), ("age", 2), ("member", 1)]


async def test_many_codes_of_a_regression_fit_into_ids(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    """A regression with 16 bins and 40 combinations needs two bytes a row."""
    edges = [float(age) for age in range(5, 80, 5)]
    answers = PredictionProfile(of="prediction", edges=edges, counts=[1] * 16, error_q90=10.0)
    ages = [segment("age", float(age), answers) for age in range(20, 29)]
    colors = [segment("color", name, answers) for name in ("blue", "green", "red")]
    profile = Profile(**{**dict(PROFILE), "predictions": answers, "segments": [*ages, *colors]})
    spec = artifacts.manifest().model_dump(by_alias=True) | {"task": "Regression", "classes": None}
    spec |= {"positiveClass": None, "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]}
    manifest = type(artifacts.manifest()).model_validate(spec)

    class Ages(AgeBackend):
        def predict(self, columns):  # type: ignore[no-untyped-def]  # as above
            return [np.asarray(columns[0], dtype=np.float64)]

    model = loaded(AgeBackend())
    app = build(order(), Loaded(manifest, Ages(), model.cost, profile=profile), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    rows = artifacts.body(3, age=[28, 28, 77], color=["red", "green", "green"])
    reply = await ask(port, "POST", INFER, rows)
    identity = reply.json()["parameters"]["prediction_id"]  # type: ignore[index]  # an object
    assert results(await tell(port, {"id": identity, "truth": [28.0, 38.0, 77.0]})) == (3, 0, 0)
    assert joins(app) == {
        (5 + 16 * (9 + 10 * 3), 0): 1,
        (5 + 16 * (9 + 10 * 2), 7): 1,
        (15 + 16 * (0 + 10 * 2), 0): 1,
    }
    app.listener.close()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text.replace('"column":"member"', '"column":"wage"'), "which is no feature of the profile"),
        (lambda text: text.replace('"value":"green"', '"value":7'), "are not texts"),
        (lambda text: text.replace('"name":"member"', '"name":"wage"').replace('"column":"member"', '"column":"wage"'),
         "segments are of 'wage', a number, and the model has no such feature"),
        (lambda text: text[:-9], "cannot be read"),
    ],
)  # fmt: skip
def test_a_profile_whose_segments_do_not_fit_is_refused_before_a_request_comes(
    damage: Callable[[str], str], why: str, tmp_path: Path
) -> None:
    written = SLICED.model_dump_json(by_alias=True, exclude_none=True)
    (tmp_path / PROFILE_FILE).write_text(written)
    assert read_profile(tmp_path, artifacts.manifest()) == SLICED
    (tmp_path / PROFILE_FILE).write_text(damage(written))
    with pytest.raises(CannotServe, match=why) as refused:
        read_profile(tmp_path, artifacts.manifest())
    assert refused.value.reason == "UnreadableProfile"
