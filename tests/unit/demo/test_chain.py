"""A chain of records is told only where each record names the same request."""

from __future__ import annotations

import pytest

from demo.chain import Link, Records, links, told
from demo.errors import DemoFailed
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import TrainingJob
from tests.rules.objects import changed, sample

REQUEST = "dp/income/1"
AT = "2026-11-21T10:00:00Z"
LAST = {"id": REQUEST, "outcome": "Promoted", "at": AT, "version": "income-v2", "gain": "0.07"}
RUN = {
    "run": 2,
    "request": REQUEST,
    "reason": "dp/income/1: harm",
    "job": "income-2",
    "recipeHash": "h",
    "startedAt": AT,
    "finishedAt": AT,
    "version": "income-v2",
    "verdict": "Passed",
    "rows": 69126,
}
ENDED = {"at": AT, "to": "income-v2", "outcome": "Promoted", "seconds": 70, "reason": "shown to be no worse"}


def records(*, run: str = REQUEST, version: str = REQUEST, served: str = "income-v2") -> Records:
    record = changed(
        sample("modelversion", "default"), {"metadata.name": "income-v2", "spec.provenance.request": version}
    )
    policy = sample("driftpolicy-minimal", "default") | {"status": {"last": LAST}}
    job = sample("trainingjob-minimal", "default") | {"status": {"runs": [RUN | {"request": run}]}}
    deployment = sample("modeldeployment-minimal", "default") | {"status": {"history": [ENDED | {"to": served}]}}
    return Records(
        DriftPolicy.model_validate(policy),
        TrainingJob.model_validate(job),
        ModelVersion.model_validate(record),
        ModelDeployment.model_validate(deployment),
    )


def test_the_chain_leads_from_the_evidence_to_the_version_that_serves() -> None:
    evidence = Link("DriftPolicy/income .status.request", "losses 0.26 > 0.22")
    assert [link.record for link in links(records(), [evidence])] == [
        "DriftPolicy/income .status.request",
        "TrainingJob/income .status.runs[2]",
        "TrainingJob/income .status.runs[2]",
        "ModelVersion/income-v2 .spec.provenance.request",
        "ModelDeployment/income .status.history",
        "DriftPolicy/income .status.last",
    ]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"run": "token/friday"}, "no run of TrainingJob"),
        ({"version": "token/friday"}, "does not say"),
        ({"served": "income-v3"}, "no rollout of income-v2"),
    ],
)
def test_a_record_that_names_another_request_breaks_it(broken: dict[str, str], why: str) -> None:
    with pytest.raises(DemoFailed, match=why):
        links(records(**broken))


def test_it_is_told_with_times_and_numbers() -> None:
    text = told(links(records()))
    assert "10:00:00  TrainingJob/income .status.runs[2]\n          made income-v2 on 69,126 rows, Passed" in text
    assert "dp/income/1 Promoted, losses fell by 0.07" in text
