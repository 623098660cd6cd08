"""A policy as people read it: losses by the metric that harm is judged by, and segments each apart."""

import pytest

from mooring.api.driftpolicy import DriftPolicy
from mooring.cli.drift.view import view
from tests.unit.reconcile.driftpolicy.stage import Stage, truths


def policy(**evidence: str) -> DriftPolicy:
    known = {"test": "harm", "value": "3", "alarmAt": "4320", "rows": 5000, "state": "Quiet", **evidence}
    ready = {
        "type": "Ready", "status": "True", "reason": "Watching", "message": "nothing is asked for",
        "lastTransitionTime": "2026-11-21T12:00:00Z",
    }  # fmt: skip
    return DriftPolicy.model_validate(
        {
            "metadata": {"name": "income", "namespace": "default"},
            "spec": {"deployment": "income"},
            "status": {"conditions": [ready], "evidence": [known]},
        }
    )


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"rate": "0.188", "reference": "0.139"}, "losses 0.188 (0.139 at training)"),
        (
            {"rate": "0.142", "reference": "0.121", "bound": "0.141", "metric": "brier"},
            "Brier score 0.142 (0.121 at training, 0.141 allowed)",
        ),
        ({"rate": "0.41", "reference": "0.38", "metric": "log_loss"}, "log loss 0.41 (0.38 at training)"),
    ],
)
def test_what_was_lost_is_named_by_its_metric(evidence: dict[str, str], said: str) -> None:
    assert f"  harm         3 of 4320, Quiet, {said}" in view(policy(**evidence)).splitlines()


def shown(stage: Stage) -> str:
    stage.look()
    return view(DriftPolicy.model_validate(stage.objects[("DriftPolicy", "default", "income")]))


def test_evidence_of_all_rows_comes_first_and_each_segment_has_its_own() -> None:
    stage = Stage(segments=[{"column": "SEX"}])
    stage.bring_evidence(harm=truths(), harm_at=stage.ms)
    stage.bring_segment("SEX=1", harm=None)
    stage.drift_for(1, segment="SEX=2")
    stage.alarm(segment="SEX=2")
    lines = shown(stage).splitlines()
    whole = lines.index("  harm         12 of 4320, Quiet, losses 0.14 (0.139 at training, 0.163 allowed)")
    first = lines.index("  segment      SEX=1, 20000 rows of reference, 1 windows, can be seen: inputs beyond 0.068")
    second = next(place for place, line in enumerate(lines) if line.startswith("  segment      SEX=2"))
    inside = lines.index("    harm         5210 of 4320, Alarm, losses 0.188 (0.139 at training, 0.163 allowed)")
    assert whole < first < second < inside
    assert "  moved        AGEP in SEX=2 up by 0.21 (p 1e-12)" in lines


def test_the_request_says_where_its_evidence_is() -> None:
    stage = Stage(segments=[{"column": "SEX"}])
    stage.alarm(segment="SEX=2")
    assert "dp/income/1 Retrain, Gathering: harm in SEX=2 5210 >= 4320" in shown(stage)
