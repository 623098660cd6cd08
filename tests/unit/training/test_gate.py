from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mooring.api.modelversion import MetricValue
from mooring.api.trainingjob import Gate
from mooring.training.gate import ROWS_NEEDED, judge
from mooring.training.numbers import number

bounds = st.decimals(-10, 10, places=3).map(str)
values = st.floats(-10, 10).map(number)


def metric(value: str, name: str = "roc_auc") -> MetricValue:
    return MetricValue.model_validate({"name": name, "value": value, "rows": 1000})


def gate(name: str = "roc_auc", **bounds: str) -> Gate:
    return Gate.model_validate({"metric": name, **bounds})


def test_a_bound_that_is_just_reached_is_held():
    record = judge([gate(min="0.80", max="0.8")], [metric("0.8")], 1000)
    assert record.verdict == "Passed"
    assert record.message == "the gate holds: roc_auc 0.8 >= 0.80 and <= 0.8"


def test_a_bound_that_is_missed_rejects_and_says_by_what():
    record = judge([gate(min="0.80")], [metric("0.799999")], 1000)
    assert (record.verdict, record.message) == ("Rejected", "roc_auc: 0.799999 is below 0.80")


def test_no_gates_is_unknown():
    record = judge([], [metric("1")], 1000)
    assert record.verdict == "Unknown"
    assert record.message.startswith("no gates: ")


def test_what_cannot_be_told_is_unknown_with_its_reason():
    assert "too few" in judge([gate(min="0.5")], [metric("0.9")], 42).message
    assert "42" in judge([gate(min="0.5")], [metric("0.9")], 42).message
    assert "do not define it" in judge([gate(min="0.5")], [metric("NaN")], 1000).message
    assert "no such metric" in judge([gate("rmse", max="5")], [metric("0.9")], 1000).message


def test_a_gate_that_was_shown_to_fail_outweighs_one_that_cannot_be_told():
    record = judge([gate("rmse", max="5"), gate(min="0.95")], [metric("0.9")], 1000)
    assert record.verdict == "Rejected"
    assert [check.result for check in record.checks] == ["Unknown", "Rejected"]


@given(values, bounds, bounds)
def test_passed_means_that_the_recorded_number_lies_within_the_bounds(value, low, high):
    record = judge([gate(min=low, max=high)], [metric(value)], ROWS_NEEDED)
    assert (record.verdict == "Passed") == (Decimal(low) <= Decimal(value) <= Decimal(high))
    assert record.checks[0].value == value


@given(st.lists(bounds, min_size=1, max_size=16), values, st.integers(0, 200))
def test_one_more_gate_never_turns_a_verdict_into_passed(minima, value, rows):
    gates = [gate(min=bound) for bound in minima]
    fewer = judge(gates[:-1], [metric(value)], rows)
    every = judge(gates, [metric(value)], rows)
    assert every.verdict != "Passed" or len(gates) == 1 or fewer.verdict == "Passed"
    assert every.verdict != "Passed" or rows >= ROWS_NEEDED


@given(st.floats(allow_nan=True, allow_infinity=False))
def test_a_number_is_written_with_at_most_six_digits_and_read_back_as_decimal(value):
    text = number(value)
    assert len(text) <= 32
    assert text == "NaN" or abs(Decimal(text) - Decimal(value)) <= abs(Decimal(value)) * Decimal("0.0000051")
