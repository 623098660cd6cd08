"""Streams that are no evidence: never a crash, and never called drift."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.stats.drift import (
    Column,
    Counted,
    DriftState,
    Folded,
    Losses,
    Predictions,
    Reference,
    Settings,
    Truth,
    Watch,
)
from tests.unit.stats.drift.worlds import HOUR, shares

ROWS = 1000
NUMBER = Column("age", "number", tuple(round(20_000 * share) for share in shares()))
TEXT = Column("city", "text", (9000, 8000, 2500), other=500)
CONSTANT = Column("one", "number", (20_000, 0))
PREDICTIONS = Predictions(2, 1, (10_000, 10_000))

SAME = [round(ROWS * share) for share in shares()]


def run(column: Column, cells: list[int], *, rows: int = ROWS, windows: int = 50, least: int = ROWS) -> Folded:
    """Return the last of many windows that are all the same, and check that none of them was called drift."""
    watch = Watch(Reference((column,), PREDICTIONS), Settings(min_rows=least))
    state = watch.resume(None)
    answers = [rows // 2, rows - rows // 2]
    for number in range(windows):
        folded = watch.fold(state, Counted(number * HOUR, (number + 1) * HOUR, rows, [*cells, *answers]))
        assert folded.window is not None
        assert folded.window.inputs.state != "Alarm"
        assert folded.window.predictions.state != "Alarm"
        assert folded.window.top == ()
        state = folded.state
    return folded


def said(folded: Folded) -> tuple[str, list[str]]:
    assert folded.window is not None
    return folded.window.inputs.state, [one.fault for one in folded.window.broken]


def test_a_window_with_no_rows_never_closes_and_says_nothing() -> None:
    watch = Watch(Reference((NUMBER,), PREDICTIONS))
    state = watch.resume(None)
    for number in range(100):
        folded = watch.fold(state, Counted(number * HOUR, (number + 1) * HOUR, 0, [0] * watch.reference.size))
        assert folded.window is None
        state = folded.state
    assert state.closed == 0


def test_a_column_of_nulls_is_missing_and_its_distribution_unknown() -> None:
    assert said(run(NUMBER, [0] * 16 + [0, 0, ROWS])) == ("Unknown", ["Missing"])
    assert said(run(TEXT, [0, 0, 0, 0, 0, ROWS])) == ("Unknown", ["Missing"])


def test_a_constant_column_stays_quiet() -> None:
    assert said(run(CONSTANT, [ROWS, 0, 0, 0, 0])) == ("Quiet", [])


def test_a_column_of_new_categories_is_unseen_and_its_distribution_unknown() -> None:
    assert said(run(TEXT, [0, 0, 0, 0, ROWS, 0])) == ("Unknown", ["Unseen"])


def test_new_categories_that_cannot_be_told_from_rare_ones_are_no_drift() -> None:
    assert said(run(Column("city", "text", (9000, 8000, 3000), other=None), [0, 0, 0, ROWS, 0, 0])) == ("Unknown", [])


def test_infinities_are_out_of_range_and_no_drift() -> None:
    assert said(run(NUMBER, [0] * 16 + [ROWS // 2, ROWS // 2, 0])) == ("Unknown", ["OutOfRange"])


def test_some_nan_and_infinities_among_the_usual_are_broken_data_alone() -> None:
    cells = [*SAME, 40, 40, 80]
    assert said(run(NUMBER, cells)) == ("Quiet", ["OutOfRange", "Missing"])


def test_eight_rows_are_no_evidence() -> None:
    last = run(NUMBER, [0] * 15 + [8, 0, 0, 0], rows=8, least=8)
    assert said(last) == ("Unknown", [])
    assert not any(last.state.inputs)


@pytest.mark.parametrize(
    "column", [Column("age", "number", (0,) * 16), Column("city", "text", ()), Column("x", "number", ())]
)
def test_against_a_reference_with_no_rows_nothing_is_known(column: Column) -> None:
    cells = [0] * column.cells
    cells[0] = ROWS
    assert said(run(column, cells)) == ("Unknown", [])


def test_a_model_without_features_and_without_known_predictions_is_unknown() -> None:
    watch = Watch(Reference((), Predictions(2, 2)), Settings(min_rows=1))
    folded = watch.fold(watch.resume(None), Counted(0, HOUR, 100, [10, 20, 30, 40]))
    assert folded.window is not None
    assert (folded.window.inputs.state, folded.window.predictions.state) == ("Unknown", "Unknown")


def test_missing_data_holds_until_one_clean_window() -> None:
    broken, clean = [*[count // 2 for count in SAME], 0, 0, ROWS // 2], [*SAME, 0, 0, 0]
    watch = Watch(Reference((NUMBER,), PREDICTIONS), Settings(min_rows=ROWS))
    state, faults = watch.resume(None), []
    for number, cells in enumerate([clean, broken, broken, clean, clean]):
        answers = [ROWS // 2, ROWS // 2]
        folded = watch.fold(state, Counted(number * HOUR, (number + 1) * HOUR, ROWS, [*cells, *answers]))
        assert folded.window is not None
        faults.append([(one.column, one.fault) for one in folded.window.broken])
        state = folded.state
    assert faults == [[], [("age", "Missing")], [("age", "Missing")], [], []]


def test_what_was_always_missing_is_not_broken() -> None:
    column = Column("age", "number", tuple(round(10_000 * share) for share in shares()), missing=10_000)
    assert said(run(column, [*[count // 2 for count in SAME], 0, 0, ROWS // 2])) == ("Quiet", [])


def test_real_drift_of_categories_is_an_alarm_beside_them() -> None:
    watch = Watch(Reference((TEXT,), PREDICTIONS), Settings(min_rows=ROWS))
    cells = [250, 600, 125, 25, 0, 0, ROWS // 2, ROWS // 2]
    folded = watch.fold(watch.resume(None), Counted(0, HOUR, ROWS, cells))
    assert folded.window is not None
    assert folded.window.inputs.state == "Alarm"
    (name,) = folded.window.top
    assert (name.column, name.mark, name.direction, round(name.effect, 3)) == ("city", 0, "down", 0.2)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    counts = tuple(draw(st.lists(st.sampled_from([0, 0, 1, 5, 1000]), max_size=5)))
    kind = draw(st.sampled_from(["number", "text"]))
    other = draw(st.sampled_from([None, 0, 0, 70])) if kind == "text" else 0
    return Column("x", kind, counts, other, draw(st.sampled_from([0, 3])), draw(st.sampled_from([0.0, 0.3, 1.0])))


@st.composite
def references(draw: st.DrawFn) -> Reference:
    classes = draw(st.sampled_from([1, 1, 2, 3]))
    known = [draw(st.sampled_from([0, 1, 900])) for _ in range(2 + classes)]
    edges = (0.5, 1.0, 2.0) if classes == 1 and draw(st.booleans()) else ()
    more = {"positive": draw(st.sampled_from([None, 0, 1])), "loss_edges": edges, "error_q90": 2.0 if edges else None}
    answers = Predictions(2, classes, edges=draw(st.sampled_from([(0.0,), (0.5,), (1.0,)])), **more)
    if draw(st.booleans()):
        answers = replace(
            answers, scores=tuple(known[:2]), labels=tuple(known[2:]), blocks=draw(st.sampled_from([0.0, 1.0]))
        )
    held = tuple(draw(st.sampled_from([0, 1, 50, 5000])) for _ in range(2 * classes))
    lost = tuple(draw(st.sampled_from([0, rows // 3, rows])) for rows in held)
    losses = draw(
        st.sampled_from([Losses(0, 0), Losses(1, 1), Losses(5000, 5000), Losses(sum(held), sum(lost), held, lost)])
    )
    return Reference(tuple(draw(st.lists(columns(), max_size=3))), answers, losses)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_no_reference_and_no_window_make_it_crash(data: st.DataObject) -> None:
    reference = data.draw(references())
    strata = reference.predictions.bins * reference.predictions.classes
    mature = data.draw(st.sampled_from([0, 1]))
    watch = Watch(
        reference,
        Settings(min_rows=1, min_seconds=data.draw(st.sampled_from([1, 86_400])), mature_after_seconds=mature),
    )
    state, parts = watch.resume(None), data.draw(st.sampled_from([1, 12]))
    for number in range(6 * parts):
        day, part = divmod(number, parts)
        cells = [data.draw(st.sampled_from([0, 0, 1, 60, 10**9])) for _ in range(reference.size)]
        outcome = data.draw(st.integers(0, reference.predictions.outcomes - 1))
        truth = Truth(
            day, data.draw(st.integers(0, strata - 1)), outcome, data.draw(st.sampled_from([0, 1, 500, 10**9]))
        )
        rejected = data.draw(st.sampled_from([None, [10**6] * len(reference.columns)]))
        start = day * 24 * HOUR + part * 24 * HOUR // parts
        counted = Counted(start, start + 24 * HOUR // parts, sum(cells[-strata:]), cells, (truth,), rejected)
        folded = watch.fold(state, counted)
        state = DriftState.from_json(folded.state.to_json())
        assert state == folded.state
        moved = (*folded.window.top, *folded.window.moved) if folded.window else ()
        assert all(0 < name.effect <= 1 and 0 <= name.p <= 1 for name in moved)
        assert all(isfinite(metric.value) for metric in (folded.harm.metrics if folded.harm else ()))


def test_a_model_that_only_ever_says_one_class_is_no_drift_while_it_goes_on_to() -> None:
    watch = Watch(Reference((), Predictions(2, 2, (500, 500), (1000, 0)), Losses(1000, 100)), Settings(min_rows=ROWS))
    state = watch.resume(None)
    for number in range(50):
        folded = watch.fold(state, Counted(number * HOUR, (number + 1) * HOUR, ROWS, [500, 0, 500, 0]))
        assert folded.window is not None
        assert (folded.window.predictions.state, folded.window.moved) == ("Quiet", ())
        state = folded.state
    other = watch.fold(state, Counted(50 * HOUR, 51 * HOUR, ROWS, [400, 100, 400, 100])).window
    assert other is not None
    assert [(name.column, name.mark) for name in other.moved] == [("label", 1)]


def test_truth_of_one_class_alone_is_counted_and_has_no_ranking() -> None:
    answers = Predictions(2, 2, edges=(0.5,), positive=1)
    watch = Watch(Reference((), answers, Losses(1000, 0)), Settings(min_rows=ROWS, mature_after_seconds=0))
    truths = (Truth(0, 0, 0, 500), Truth(0, 2, 0, 500))
    folded = watch.fold(watch.resume(None), Counted(0, HOUR, ROWS, [500, 0, 500, 0], truths))
    assert folded.harm is not None
    assert (folded.harm.state, folded.harm.rate) == ("Quiet", 0.0)
    assert "roc_auc_binned" not in [metric.name for metric in folded.harm.metrics]


def test_more_truths_than_predictions_are_no_harm() -> None:
    """Two pods were told the same: what was lost is the same share."""
    watch = Watch(Reference((), Predictions(2, 1), Losses(5000, 500)), Settings(min_rows=ROWS, mature_after_seconds=0))
    state = watch.resume(None)
    for number in range(50):
        truths = (Truth(0, 0, 0, 1800), Truth(0, 0, 1, 200), Truth(0, 1, 0, 1800), Truth(0, 1, 1, 200))
        folded = watch.fold(state, Counted(number * HOUR, (number + 1) * HOUR, ROWS, [500, 500], truths))
        assert folded.harm is not None
        assert (folded.harm.state, folded.harm.coverage, folded.harm.rate) == ("Quiet", 4.0, 0.1)
        state = folded.state


@pytest.mark.parametrize(
    "counted",
    [
        Counted(0, HOUR, 4, [1] * 5),
        Counted(0, HOUR, 4, [1] * 3),
        Counted(0, HOUR, 4, [1] * 4, (Truth(0, 4, 0, 1),)),
        Counted(0, HOUR, 4, [1] * 4, (Truth(0, 0, 2, 1),)),
        Counted(0, HOUR, 4, [1] * 4, (Truth(0, 0, 0, -1),)),
        Counted(0, HOUR, 4, [1] * 4, (), [1]),
    ],
)
@pytest.mark.parametrize("mature", [0, 1])
def test_counts_that_do_not_fit_are_refused_and_never_taken_for_others(counted: Counted, mature: int) -> None:
    watch = Watch(Reference((), Predictions(4)), Settings(mature_after_seconds=mature))
    with pytest.raises(ValueError, match="of this version"):
        watch.fold(watch.resume(None), counted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tolerance": 1.0},
        {"inputs_effect": -0.1},
        {"min_rows": 0},
        {"min_coverage": 0.0},
        {"mature_after_seconds": 101 * 86_400},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def test_references_that_cannot_be_are_refused() -> None:
    for make in (
        lambda: Column("age", "number", (5, -1)),
        lambda: Predictions(2, 1, (1, 2, 3)),
        lambda: Losses(10, 11),
        lambda: Predictions(2, 1, blocks=1.5),
        lambda: Predictions(4, 1, edges=(0.5,)),
        lambda: Predictions(4, 1, loss_edges=(0.5, 2.0)),
    ):
        with pytest.raises(ValueError, match=r"below zero|as many scores as bins|at most one a row|is a share|an edge"):
            make()
