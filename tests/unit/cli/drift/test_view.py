"""A policy as people read it: losses by the metric that harm is judged by."""

import pytest

from mooring.api.driftpolicy import DriftPolicy
from mooring.cli.drift.view import view


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
