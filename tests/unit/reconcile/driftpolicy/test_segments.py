"""Evidence about the rows with one value of a column: it counts like that of all rows, and is told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mooring.api.driftstatus import DriftPolicyStatus
from mooring.reconcile.driftseen import SegmentSeen
from mooring.stats.drift import HarmReport, Metric
from tests.unit.reconcile.driftpolicy.stage import AGE_MISSING, AGE_MOVED, DAY, HOUR, Stage, tier, truths, window

WOMEN, MEN = "SEX=2", "SEX=1"
SEGMENTS = [{"column": "SEX"}]


@pytest.fixture
def stage() -> Stage:
    stage = Stage(segments=SEGMENTS)
    stage.bring_evidence(harm=truths(), harm_at=stage.ms)
    for segment in (WOMEN, MEN):
        stage.bring_segment(segment, harm=truths(), harm_at=stage.ms)
    stage.look()
    return stage


# Harm.
def test_harm_in_one_segment_is_harm_and_is_named(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    request = stage.gathered().request
    assert request is not None
    assert (request.state, request.segment) == ("Asked", WOMEN)
    assert request.reason == "harm in SEX=2 5210 >= 4320 on 20000 rows against income-v1 (45222 rows)"
    harmful = stage.condition("Harmful")
    assert (harmful.status, harmful.message) == ("True", request.reason)


def test_later_truths_of_other_rows_do_not_take_it_back(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    stage.look()
    for place in ("", MEN):
        stage.pass_time(60)
        stage.bring_segment(place, harm=truths(0.14), harm_at=stage.ms)
    assert stage.look().request is not None
    assert stage.condition("Harmful").status == "True"


def test_later_truths_of_its_own_rows_do(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    stage.look()
    stage.pass_time(60)
    stage.bring_segment(WOMEN, harm=truths(0.15), harm_at=stage.ms)
    assert stage.look().request is None
    assert stage.condition("Harmful").status == "False"
    assert "losses in SEX=2 fell to 0.15 of 20000 truths" in stage.told[-1].message


def test_harm_of_all_rows_is_taken_back_without_that_of_a_segment(stage: Stage) -> None:
    stage.alarm()
    stage.alarm(segment=WOMEN)
    stage.look()
    stage.pass_time(60)
    stage.bring_evidence(harm=truths(0.15), harm_at=stage.ms)
    stage.look()
    assert stage.condition("Harmful").message.startswith("harm in SEX=2")


def test_several_alarms_ask_once_by_that_of_all_rows(stage: Stage) -> None:
    for segment in (MEN, "", WOMEN):
        stage.alarm(segment=segment)
    request = stage.gathered().request
    assert request is not None
    assert (request.id, request.segment) == ("dp/income/1", None)
    assert request.reason.endswith("(45222 rows); also in SEX=1, SEX=2")
    assert stage.events().count("RequestOpened") == 1


def test_of_segments_alone_they_ask_by_the_last(stage: Stage) -> None:
    for segment in (WOMEN, MEN):
        stage.alarm(segment=segment)
    request = stage.look().request
    assert request is not None
    assert (request.segment, "also in SEX=2" in request.reason) == (MEN, True)


def test_an_estimate_in_a_segment_asks_for_no_more_than_the_spec_allows(stage: Stage) -> None:
    stage.bring_segment(WOMEN, harm=None, harm_at=None)
    stage.alarm("estimated", segment=WOMEN)
    assert stage.gathered().request is None
    stage.change(harm={"estimated": "Approve"})
    stage.alarm("estimated", segment=WOMEN)
    request = stage.gathered().request
    assert request is not None
    assert (request.state, request.segment, request.estimated) == ("AwaitsApproval", WOMEN, True)


def test_a_quiet_policy_says_where_there_is_most_evidence(stage: Stage) -> None:
    stage.bring_segment(WOMEN, harm=truths(0.15, value=400.0), window=window(stage.ms, inputs=77.0))
    stage.look()
    ready = stage.condition("Ready").message
    assert "most of 2 segments in SEX=2: 400 < 4320; losses 0.15 of 20000 truths" in ready
    assert "most of 2 segments in SEX=2: inputs 77 < 8640 on 2000 rows" in ready


def test_selective_truths_of_a_segment_are_told_and_hide_no_harm(stage: Stage) -> None:
    stage.alarm()
    stage.bring_segment(WOMEN, harm=truths(state="LabelsSelective"), harm_at=stage.ms)
    assert stage.gathered().request is not None
    selective = stage.condition("LabelsSelective")
    assert (selective.status, selective.reason) == ("True", "SelectiveSegment")
    assert "20000 predictions in SEX=2 with a truth are unlike all" in selective.message
    assert stage.condition("Harmful").status == "True"


def test_a_request_ends_where_its_segment_is_watched_no_more(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    stage.look()
    stage.change(segments=[])
    assert stage.look().request is None
    assert "SEX=2 is not watched apart any more" in stage.told[-1].message


# Drift.
def test_drift_that_lasts_in_a_segment_asks_as_that_of_all_rows_does(stage: Stage) -> None:
    stage.change(triggers=[{"type": "InputDrift"}])
    stage.drift_for(2, segment=WOMEN)
    assert stage.gathered().request is None
    stage.drift_for(3, segment=WOMEN)
    request = stage.gathered().request
    assert request is not None
    assert request.segment == WOMEN
    assert request.reason.startswith("drift in SEX=2 in 3 windows in a row >= 3: AGEP 0.21 up; evidence inputs 9000")
    assert "against income-v1 in SEX=2 (20000 rows)" in request.reason
    assert stage.condition("Drifted").message.startswith("3 windows in a row in SEX=2; AGEP 0.21 up")


def test_drift_of_all_rows_is_told_before_that_of_segments(stage: Stage) -> None:
    stage.drift_for(5, segment=WOMEN)
    stage.drift_for(2)
    stage.look()
    told = stage.condition("Drifted").message
    assert told.startswith("2 windows in a row; AGEP")
    assert told.endswith("; also in SEX=2")


def test_a_request_ends_when_drift_of_its_own_segment_does_and_goes_on_as_another(stage: Stage) -> None:
    stage.change(triggers=[{"type": "InputDrift"}])
    stage.drift_for(3, segment=WOMEN)
    stage.look()
    stage.drift_for(3, segment=MEN)
    stage.bring_segment(WOMEN, streak=0)
    request = stage.look().request
    assert request is not None
    assert (request.id, request.segment) == ("dp/income/2", MEN)


def test_drift_of_a_segment_that_is_watched_no_more_asks_for_nothing(stage: Stage) -> None:
    stage.change(triggers=[{"type": "InputDrift"}], segments=[])
    stage.drift_for(3, segment=WOMEN)
    assert stage.look().request is None
    assert stage.condition("Drifted").status == "False"


# Broken data.
def test_a_column_that_is_broken_in_a_segment_holds_training_until_its_window_is_clean(stage: Stage) -> None:
    stage.bring_segment(WOMEN, window=window(stage.ms, (AGE_MISSING,)))
    stage.alarm()
    status = stage.gathered()
    assert status.suppressed is not None
    assert status.suppressed.reason == "DataQuality"
    assert "in SEX=2: AGEP: 0.31 missing > 0.052 in 2000 rows; training is held" in status.suppressed.message
    stage.bring_evidence(window=window(stage.ms))
    assert stage.look().suppressed is not None
    stage.bring_segment(WOMEN, window=window(stage.ms))
    request = stage.look().request
    assert request is not None
    assert request.state == "Asked"


def test_what_is_broken_in_all_rows_is_not_told_of_each_segment_again(stage: Stage) -> None:
    for place in ("", WOMEN, MEN):
        stage.bring_segment(place, window=window(stage.ms, (AGE_MISSING,)))
    stage.look()
    assert "SEX" not in stage.condition("DataQualityBroken").message


# What came of it.
@pytest.mark.parametrize(("rate", "gain", "helped"), [(0.15, "0.038", True), (0.2, "-0.012", False)])
def test_the_gain_is_that_of_the_same_segment(stage: Stage, rate: float, gain: str, helped: bool) -> None:
    stage.alarm(segment=WOMEN)
    stage.promote_asked()
    stage.bring_evidence(harm=truths(0.01), harm_at=stage.ms)
    stage.bring_segment(MEN, harm=truths(0.01), harm_at=stage.ms)
    stage.bring_segment(WOMEN)
    last = stage.look().last
    assert last is not None
    assert (last.segment, last.gain) == (WOMEN, None)
    stage.bring_segment(WOMEN, harm=truths(rate), harm_at=stage.ms)
    last = stage.look().last
    assert last is not None
    assert (last.gain, last.helped) == (gain, helped)
    assert "of income-v2 in SEX=2, 0.188 before" in stage.told[-1].message


def test_the_gain_of_a_version_without_the_segment_is_that_of_all_rows(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    stage.promote_asked()
    stage.bring_evidence(harm=truths(0.13), harm_at=stage.ms)
    last = stage.look().last
    assert last is not None
    assert (last.loss, last.overall_loss, last.gain) == ("0.188", "0.14", "0.01")
    assert "in all rows (it knows no SEX=2), 0.14 before" in stage.told[-1].message


def test_the_gain_of_a_regression_is_by_the_error_in_the_segment(stage: Stage) -> None:
    stage.alarm(segment=WOMEN)
    errors = (Metric("mae_binned", 10.0, 20_000),)
    stage.bring_segment(WOMEN, harm=with_metrics(errors))
    stage.promote_asked()
    stage.bring_segment(WOMEN, harm=with_metrics((Metric("mae_binned", 8.0, 500),)), harm_at=stage.ms)
    last = stage.look().last
    assert last is not None
    assert (last.loss, last.gain) == ("10", "0.2")


def with_metrics(metrics: tuple[Metric, ...]) -> HarmReport:
    return replace(truths(0.188, "Alarm", 5210.0), metrics=metrics)


def test_after_drift_in_a_segment_its_own_first_window_says_whether_it_helped(stage: Stage) -> None:
    stage.change(triggers=[{"type": "InputDrift"}])
    for place in ("", WOMEN, MEN):
        stage.bring_segment(place, harm=None, harm_at=None)
    stage.drift_for(3, segment=WOMEN)
    stage.promote_asked()
    stage.bring_evidence()
    stage.drift_for(1, segment=WOMEN)
    last = stage.look().last
    assert last is not None
    assert last.helped is False
    assert "the first window of income-v2 in SEX=2 (2000 rows) is beyond the floor" in stage.told[-1].message


# Slices that the version lacks.
def test_a_column_that_the_version_was_not_sliced_by_is_told_with_what_to_do(stage: Stage) -> None:
    stage.bring_evidence(unsliced=("SEX",))
    stage.look()
    ready = stage.condition("Ready")
    assert (ready.status, ready.reason, stage.condition("Stalled").status) == ("False", "NotSliced", "True")
    assert "write evaluation.slices: [{column: SEX}] in TrainingJob income" in ready.message
    assert "kubectl annotate tj/income mooring.dev/run=$(date +%s),force --overwrite" in ready.message
    assert "income-v1 was trained without" in ready.message


def test_the_rest_is_watched_and_asks(stage: Stage) -> None:
    stage.bring_evidence(unsliced=("SEX",))
    stage.alarm()
    request = stage.gathered().request
    assert request is not None
    assert request.state == "Asked"


def test_slices_that_the_recipe_has_are_kept(stage: Stage) -> None:
    stage.objects[("TrainingJob", "default", "income")]["spec"]["evaluation"] = {"slices": [{"column": "RAC1P"}]}
    stage.bring_evidence(unsliced=("SEX",))
    stage.look()
    assert "write evaluation.slices: [{column: RAC1P}, {column: SEX}]" in stage.condition("Ready").message


def test_where_the_recipe_slices_by_it_already_a_run_is_all_it_takes(stage: Stage) -> None:
    stage.objects[("TrainingJob", "default", "income")]["spec"]["evaluation"] = {"slices": [{"column": "SEX"}]}
    stage.bring_evidence(unsliced=("SEX",))
    stage.look()
    told = stage.condition("Ready").message
    assert "evaluation.slices" not in told
    assert "run TrainingJob income, by kubectl annotate" in told


def test_a_restarted_operator_goes_on_saying_so(stage: Stage) -> None:
    stage.bring_evidence(unsliced=("SEX",))
    stage.look()
    writes = len(stage.writes)
    stage.evidence.clear()
    stage.look()
    assert len(stage.writes) == writes
    stage.change(segments=[])
    stage.look()
    assert stage.condition("Stalled").status == "False"


def test_beside_another_problem_it_is_told_too_and_after_a_restart(stage: Stage) -> None:
    stage.change(triggers=[{"type": "Harm"}, {"type": "Schedule", "cron": "0 25 * * *"}])
    stage.bring_evidence(unsliced=("SEX",))
    stage.look()
    told = stage.condition("Ready")
    assert told.reason == "InvalidSchedule"
    assert "; also NotSliced: income-v1 was trained without slices by SEX" in told.message
    stage.evidence.clear()
    stage.look()
    assert stage.condition("Ready") == told


# Status.
def test_status_tells_segments_apart(stage: Stage) -> None:
    stage.drift_for(1, segment=WOMEN)
    status = stage.look()
    assert [(one.name, one.rows, one.windows) for one in status.segments] == [(MEN, 20_000, 1), (WOMEN, 20_000, 1)]
    assert status.segments[0].detectable is not None
    assert (status.segments[0].detectable.inputs, status.segments[0].detectable.harm) == ("0.068", "0.024")
    assert [one.segment for one in status.evidence] == [None] * 4 + [MEN] * 4 + [WOMEN] * 4
    assert [(one.feature, one.segment) for one in status.top] == [("AGEP", WOMEN)]
    assert status.top_feature == "AGEP in SEX=2"


def test_what_moved_in_all_rows_is_not_listed_for_each_segment_again(stage: Stage) -> None:
    stage.drift_for(1)
    stage.drift_for(1, segment=WOMEN)
    status = stage.look()
    assert [(one.feature, one.segment) for one in status.top] == [("AGEP", None)]
    assert status.top_feature == "AGEP"


def test_of_many_segments_the_alarms_and_the_nearest_are_shown_and_status_stays_small(stage: Stage) -> None:
    names = [f"{'C' * 128}={number:02}{'x' * 126}" for number in range(48)]
    segments = [
        SegmentSeen(
            name, 20_000, 3, window(stage.ms, top=(AGE_MOVED,), inputs=float(number)), truths(), stage.ms, streak=0
        )
        for number, name in enumerate(names)
    ]
    stage.change(segments=[{"column": "C" * 128}])
    stage.bring_evidence(segments=tuple(segments))
    status = stage.look()
    assert len(status.evidence) == 24
    assert status.evidence[0].segment is None
    inputs = [one.value for one in status.evidence if one.segment and one.test == "inputs"]
    assert inputs[-1] == "47"
    assert len(status.segments) == 48
    assert len(status.top) == 10
    assert valid(status)
    stage.alarm(segment=names[5])
    request = stage.gathered().request
    assert request is not None
    assert (request.segment, request.state) == (names[5], "Asked")


def valid(status: DriftPolicyStatus) -> bool:
    """Tell whether status keeps the bounds of its own schema."""
    return DriftPolicyStatus.model_validate(status.to_json()) == status


@pytest.mark.parametrize("harm", [truths(0.2, "Alarm", 4320.0), truths(state="LabelsSelective", value=0.0)])
def test_what_must_be_told_of_a_segment_is_shown_though_many_are_near_their_bounds(
    stage: Stage, harm: HarmReport
) -> None:
    many = tuple(
        SegmentSeen(f"SEX={number}", 20_000, 3, window(stage.ms, inputs=8000.0), truths(value=4000.0), stage.ms)
        for number in range(12)
    )
    alarmed = SegmentSeen("SEX=99", 900, 3, window(stage.ms), harm, stage.ms)
    stage.bring_evidence(segments=(*many, alarmed))
    shown = [(one.segment, one.test) for one in stage.look().evidence]
    assert ("SEX=99", "harm") in shown
    assert ("SEX=99", "inputs") not in shown


def test_evidence_that_cannot_be_compared_takes_no_place(stage: Stage) -> None:
    nothing = replace(tier("inputs"), state="Unknown")
    stage.bring_segment(WOMEN, window=replace(window(stage.ms), inputs=nothing))
    told = [(one.segment, one.test) for one in stage.look().evidence]
    assert (WOMEN, "inputs") not in told
    assert (WOMEN, "predictions") in told


def test_status_is_not_written_between_windows(stage: Stage) -> None:
    stage.drift_for(1, segment=WOMEN)
    stage.look()
    writes = len(stage.writes)
    for _ in range(3):
        stage.pass_time(60)
        stage.bring_evidence()
        stage.look()
    assert len(stage.writes) == writes


def test_a_cooldown_holds_harm_of_a_segment_as_any_other(stage: Stage) -> None:
    stage.alarm()
    stage.promote_asked()
    stage.pass_time(HOUR)
    stage.alarm(segment=WOMEN)
    status = stage.gathered()
    assert status.suppressed is not None
    assert status.suppressed.reason == "Cooldown"
    assert stage.later(DAY).request is not None
