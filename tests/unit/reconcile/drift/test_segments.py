"""Segments are watched beside all rows: what goes wrong in one of them alone is told, and where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.watch import go_on
from mooring.stats.drift import Settings
from mooring.stats.drift.tier import MOST_DETECTORS
from tests.unit.reconcile.drift.segmented import ASKED, MINUTE_SLOTS, SETTINGS, Shop, Users, basis_of_slices, by
from tests.unit.reconcile.drift.service import VERSION, binner, profile


def test_a_service_like_its_training_data_is_quiet_everywhere() -> None:
    shop = Shop()
    shop.minutes(4)
    assert shop.alarms == []
    assert [one.drift.closed for one in shop.operator.watched.segments] == [4, 4]
    red = shop.segment("red").findings
    assert red.window is not None
    assert red.harm is not None
    assert (red.window.rows, red.harm.state, red.settled) == (600, "Quiet", 4)


def test_inputs_that_move_in_one_segment_alone_are_named_with_it() -> None:
    shop = Shop()
    shop.minutes(1, red=Users(ages=(70.0,)))
    assert shop.alarms == [("inputs", "color=red")]
    said = shop.operator.watched.alarms[0].sentence
    assert said.startswith("where color is red: age moved up by 0.75 at 60 (allowed 0.2, reference of 10,000 rows)")
    assert said.endswith(" on 600 rows")
    assert (shop.segment("red").findings.streak, shop.segment("green").findings.streak) == (1, 0)
    assert shop.operator.watched.findings.streak == 0


def test_harm_in_one_segment_alone_is_named_with_it() -> None:
    shop = Shop()
    shop.minutes(4, red=Users(lost=0.4))
    assert set(shop.alarms) == {("harm", "color=red")}
    said = shop.operator.watched.alarms[0].sentence
    assert said.startswith("where color is red: wrong answers in ")
    assert "of 10,000 rows at training" in said
    whole = shop.operator.watched.findings.harm
    assert whole is not None
    assert whole.state == "Quiet"


def test_values_that_are_missing_in_one_segment_alone_are_broken_there() -> None:
    shop = Shop()
    shop.minutes(3, red=Users(missing=0.35))
    reports = [shop.operator.watched.findings.window, *(one.findings.window for one in shop.operator.watched.segments)]
    broken = [[(one.column, one.fault) for one in report.broken] for report in reports if report is not None]
    assert broken == [[], [], [("age", "Missing")]]


def test_labels_of_one_segment_alone_may_be_selective() -> None:
    shop = Shop()
    shop.minutes(2, red=Users(told=(0.0, 0.9)))
    of_all, red, green = (
        one.findings.harm for one in (shop.operator.watched, shop.segment("red"), shop.segment("green"))
    )
    assert [one and one.state for one in (of_all, green, red)] == ["Quiet", "Quiet", "LabelsSelective"]


def test_truths_of_days_are_settled_for_each_segment() -> None:
    shop = Shop(by(SETTINGS, mature_after_seconds=3600))
    shop.minutes(1, red=Users(lost=0.6))
    before = shop.clock.at
    shop.clock.at += (86_400 - before % 86_400) + 3600
    shop.minutes(1)
    harms = [one.findings.harm for one in shop.operator.watched.segments]
    assert [round(one.rate, 1) for one in harms if one is not None] == [0.1, 0.6]
    assert [one.findings.settled for one in shop.operator.watched.segments] == [1, 1]


def test_a_segment_with_few_rows_goes_on_until_it_has_enough() -> None:
    shop = Shop(by(SETTINGS, min_rows=1000))
    for _ in range(5 * MINUTE_SLOTS):  # a window has 120 rows that are green, and 60 red ones
        shop.ask([(10.0, "blue", 1)] * 80)
        shop.slot(rows=20)
    reports = [shop.segment(color).findings.window for color in ("green", "red")]
    assert [one.drift.closed for one in shop.operator.watched.segments] == [2, 1]
    assert [report and report.rows for report in reports] == [240, 240]
    assert [sum(sum(one.cells[:7]) for one in window.segments) for window in shop.windows] == [180] * 5
    ended = [tuple(bool(one.repeated) for one in window.segments) for window in shop.windows]
    assert ended == [(False, False), (True, False), (False, False), (True, True), (False, False)]


def test_its_own_column_is_not_tested_inside_a_segment() -> None:
    fitted = Shop().operator.fitted
    assert [column.name for column in fitted.watch.reference.columns] == ["age", "color"]
    assert [[one.name for one in within.fitted.watch.reference.columns] for within in fitted.segments] == [["age"]] * 2


def test_all_rows_have_half_of_the_budget_and_segments_share_the_rest() -> None:
    fitted = Shop().operator.fitted
    whole = Fitted(fitted.layout, Asked(SETTINGS), fitted.profile)
    assert whole.watch.settings.share == 1.0
    assert fitted.watch.settings.share == 0.5
    assert [within.fitted.watch.settings.share for within in fitted.segments] == [0.25] * 2
    assert [tier.most for within in fitted.segments for tier in (within.fitted.watch.inputs,)] == [
        MOST_DETECTORS // 2
    ] * 2


def test_what_is_known_of_all_rows_is_the_same_with_segments_and_without_but_for_the_bound() -> None:
    shops = [Shop(), Shop(Asked(SETTINGS))]
    for shop in shops:
        shop.minutes(2, red=Users(ages=(50.0, 70.0)))
    reports = [shop.operator.watched.findings.window for shop in shops]
    assert None not in reports
    apart, alone = [one for one in reports if one is not None]
    assert (apart.rows, apart.top, apart.moved, apart.repeated) == (alone.rows, alone.top, alone.moved, alone.repeated)
    assert apart.inputs.alarm_at == 2 * alone.inputs.alarm_at
    assert alone.inputs.detectable < apart.inputs.detectable < alone.inputs.detectable + 0.01
    assert [shop.operator.watched.findings.harm.rate for shop in shops if shop.operator.watched.findings.harm] == [
        shops[1].operator.watched.findings.harm.rate  # type: ignore[union-attr]  # it is there
    ] * 2
    assert [window.cells for window in shops[0].windows] == [window.cells for window in shops[1].windows]
    assert [window.truths for window in shops[0].windows] == [window.truths for window in shops[1].windows]


def test_a_policy_without_segments_has_the_evidence_that_it_had_before_there_were_any() -> None:
    sliced, plain = Shop(Asked(SETTINGS)), Fitted(binner().layout, Asked(SETTINGS), profile())
    assert sliced.operator.fitted.watch.key == plain.watch.key
    sliced.minutes(1)
    assert sliced.windows[0].segments == ()
    assert sliced.operator.watched.segments == ()


def test_other_segments_begin_without_evidence() -> None:
    shop = Shop(Asked(SETTINGS))
    shop.minutes(1)
    after = go_on(shop.operator.watched, VERSION, ASKED, shop.clock.at)
    assert (after.drift, after.segments, after.because) == (None, (), "the policy asks for other tests than before")


def test_columns_that_the_version_was_not_sliced_by_are_told_and_take_nothing_of_the_budget() -> None:
    shop = Shop(Asked(SETTINGS, segments=("city",)))
    shop.minutes(1)
    seen = seen_of(shop.operator.watched, shop.clock.at)
    assert (seen.unsliced, seen.segments, seen.trouble) == (("city",), (), None)
    assert shop.operator.fitted.watch.settings.share == 1.0
    both = Shop(Asked(SETTINGS, segments=("city", "color")))
    both.minutes(1)
    seen = seen_of(both.operator.watched, both.clock.at)
    assert (seen.unsliced, [one.name for one in seen.segments]) == (("city",), ["color=green", "color=red"])


def test_what_is_known_of_segments_is_brought_to_plans() -> None:
    shop = Shop()
    before = seen_of(shop.operator.watched, shop.clock.at).segments
    assert [(one.name, one.rows, one.closed, one.window) for one in before] == [
        ("color=green", 20_000, 0, None),
        ("color=red", 10_000, 0, None),
    ]
    shop.minutes(2, red=Users(ages=(70.0,), lost=0.5))
    green, red = seen_of(shop.operator.watched, shop.clock.at).segments
    assert (green.closed, green.streak, red.closed, red.streak) == (2, 0, 2, 2)
    assert red.window == shop.segment("red").findings.window
    assert red.harm is not None
    assert red.harm_at == shop.segment("red").findings.harm_at


def test_a_profile_whose_segments_pods_do_not_count_watches_all_rows() -> None:
    fitted = Fitted(binner().layout, ASKED, basis_of_slices().profile)
    assert (fitted.sliced, fitted.segments, fitted.watch.settings.share) == ((), (), 1.0)


def test_segments_of_another_number_than_pods_count_do_not_fit() -> None:
    basis = basis_of_slices()
    assert basis.profile is not None
    one = basis.profile.model_copy(update={"segments": (basis.profile.segments or [])[:1]})
    with pytest.raises(ValueError, match="1 segments, pods count 2"):
        _ = Fitted(basis.layout, ASKED, one).segments


def test_a_reference_that_is_small_in_a_segment_sees_large_changes_alone_there() -> None:
    shop = Shop(basis=basis_of_slices(4000))
    shop.minutes(1)
    reports = [one.findings.window for one in shop.operator.watched.segments]
    green, red = [report.inputs.detectable for report in reports if report is not None]
    assert Settings().inputs_effect < green < red
    assert replace(SETTINGS, share=0.25).alarm_at("inputs") == 4 * SETTINGS.alarm_at("inputs")
