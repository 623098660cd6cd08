"""What a policy would have done over recorded windows, by its own settings or others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mooring.cli.drift.backtest import backtested
from mooring.cli.kubectl import main
from mooring.reconcile.drift.reference import Asked
from mooring.reconcile.drift.replay import replay
from mooring.reconcile.drift.tape import Tape
from mooring.reconcile.driftpolicy.rehearse import Rehearsal, rehearse
from tests.unit.cli.drift.history import bundle, bundle_with_segments

DAY_OF_HARM: list[dict[str, object]] = [{}] * 4 + [{"lost": 0.3}] * 24
MOVED: list[dict[str, object]] = [{}] * 2 + [{"moved": True}] * 6


def rehearsed(windows: list[dict[str, object]], run_seconds: float = 600, **spec: object) -> Rehearsal:
    written = bundle(windows, **spec)
    steps = [step.seen for step in replay(written.tape, Asked.of(written.seen.policy.spec))]
    return rehearse(written.seen, steps, run_seconds)


def whats(found: Rehearsal) -> list[str]:
    return [turn.what for turn in found.turns]


def test_a_quiet_day_would_have_cost_nothing() -> None:
    assert rehearsed([{}] * 24) == Rehearsal((), 0, 600)


def test_harm_would_have_asked_once_a_cooldown() -> None:
    found = rehearsed(DAY_OF_HARM, retrain={"cooldownSeconds": 6 * 3600})
    assert found.retrains == 4
    assert whats(found)[:4] == ["Gathering", "Asked", "Gathering", "Cooldown"]


def test_an_alarm_of_the_last_window_is_decided_on_too() -> None:
    found = rehearsed([*[{}] * 4, {"lost": 0.3}])
    assert (found.retrains, whats(found)) == (1, ["Gathering", "Asked"])


def test_alarms_of_segments_are_replayed_and_named() -> None:
    told = backtested(bundle_with_segments([{}, {"moved": True}, {"moved": True}]))
    assert told.count("inputs in color=red ALARM: where color is red: age moved up by 0.75 at 60") == 2
    assert "; alarms: 2 of inputs in color=red" in told
    assert "recorded without" not in told


def test_segments_that_were_not_recorded_are_not_passed_over_in_silence() -> None:
    written = bundle_with_segments([{}, {"moved": True}], asked=False)
    spec = written.seen.policy.spec
    with_segments = type(spec).model_validate({**spec.to_json(), "segments": [{"column": "color"}]})
    told = backtested(written, with_segments)
    assert "segments of color: 2 of 2 windows were recorded without them" in told
    assert "alarms: none" in told


def test_a_month_has_a_limit() -> None:
    found = rehearsed(DAY_OF_HARM, retrain={"cooldownSeconds": 0, "maxPerMonth": 3})
    assert found.retrains == 3
    assert "Budget" in whats(found)


def test_a_dry_run_is_rehearsed_as_if_it_were_armed() -> None:
    assert rehearsed(DAY_OF_HARM, retrain={"mode": "DryRun"}).retrains == 1


def test_broken_data_would_have_held_it() -> None:
    found = rehearsed([{}] * 2 + [{"lost": 0.3, "broken": True}] * 4)
    assert (found.retrains, "DataQuality" in whats(found)) == (0, True)


def test_other_triggers_over_the_same_windows_give_another_answer() -> None:
    assert rehearsed(MOVED).retrains == 0
    assert rehearsed(MOVED, triggers=[{"type": "InputDrift", "consecutiveWindows": 2}]).retrains == 1


def test_it_prints_windows_what_would_have_happened_and_the_cost() -> None:
    told = backtested(bundle(DAY_OF_HARM), run_seconds=1800)
    assert "28 windows in 28 h" in told
    assert "dp/income/1 Asked: Harm: wrong answers in 30.0%" in told
    assert "retrains: at most 1, 30 min of training (30 min each)" in told


def test_without_windows_it_says_what_to_do() -> None:
    empty = bundle([])
    assert empty.tape == Tape()
    assert "no window is kept yet" in backtested(empty)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Pod", "is no DriftPolicy"),
        ("kind: DriftPolicy\nspec: {deployment: web, window: {minRows: 8}}", "spec.window.minRows"),
        ("{", "is no YAML"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    saved, file = tmp_path / "bundle.json", tmp_path / "policy.yaml"
    saved.write_bytes(bundle([{}] * 2).to_json())
    file.write_text(text)
    assert main(["backtest", "income", "--bundle", str(saved), "-f", str(file)]) == 1
    assert told in capsys.readouterr().err


def test_a_policy_from_a_file_is_tried_on_a_saved_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, file = tmp_path / "bundle.json", tmp_path / "policy.yaml"
    saved.write_bytes(bundle(MOVED).to_json())
    trigger = "triggers: [{type: InputDrift, consecutiveWindows: 2}], retrain: {trainingJob: income}"
    file.write_text(f"kind: DriftPolicy\nspec: {{deployment: web, {trigger}}}")
    assert main(["backtest", "income", "--bundle", str(saved), "-f", str(file)]) == 0
    assert "InputDrift: drift in 2 windows in a row >= 2" in capsys.readouterr().out
