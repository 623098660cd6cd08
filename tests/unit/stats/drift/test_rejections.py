"""Requests refused for a value (null, of a wrong type, a category never seen): broken data, told by column."""

from __future__ import annotations

import pytest

from mooring.stats.drift import Column, Counted, Folded, Predictions, Reference, Settings, Watch
from tests.unit.stats.drift.worlds import HOUR, shares

ROWS = 1000
AGE = Column("age", "number", tuple(round(20_000 * share) for share in shares()))
CITY = Column("city", "text", (9000, 8000, 2500), other=500)
WATCH = Watch(Reference((AGE, CITY), Predictions(2, 1, (10_000, 10_000))), Settings(min_rows=ROWS))


def cells(rows: int) -> list[int]:
    ages = [rows // 16] * 16
    cities = [rows * 9 // 20, rows * 8 // 20, rows // 8, rows // 40]
    return [*ages, 0, 0, 0, *cities, 0, 0, rows // 2, rows // 2]


def hours(*rejected: list[int] | None, rows: int = ROWS) -> list[Folded]:
    state, found = WATCH.resume(None), []
    for number, one in enumerate(rejected):
        counted = Counted(number * HOUR, (number + 1) * HOUR, rows, cells(rows), rejected=one)
        found.append(WATCH.fold(state, counted))
        state = found[-1].state
    return found


def faults(folded: Folded) -> list[tuple[str, str, float]] | None:
    return folded.window and [(one.column, one.fault, round(one.share, 3)) for one in folded.window.broken]


def test_a_column_of_a_wrong_type_is_named_and_one_clean_window_ends_it() -> None:
    found = hours([0, 0], [100, 0], [100, 0], [0, 0])
    assert [faults(one) for one in found] == [[], [("age", "Refused", 0.092)], [("age", "Refused", 0.092)], []]


def test_a_few_refused_requests_are_no_fault() -> None:
    assert all(faults(one) == [] for one in hours(*[[8, 8]] * 200))


def test_when_all_requests_are_refused_the_window_still_closes_and_says_so() -> None:
    (found,) = hours([0, ROWS], rows=0)
    assert faults(found) == [("city", "Refused", 1.0)]
    assert found.window is not None
    assert (found.window.rows, found.window.inputs.state, found.window.predictions.state) == (0, "Unknown", "Unknown")
    assert found.state.window.rejected == ()


def test_uncounted_rejections_are_none() -> None:
    assert faults(hours(None)[0]) == []


def test_rejections_of_another_version_are_refused() -> None:
    with pytest.raises(ValueError, match="rejections by 3 columns are not of this version, which has 2"):
        hours([1, 2, 3])
