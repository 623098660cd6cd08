from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from mooring.api.estimators import (
    MOORING_DECIDES,
    ParametersRefused,
    estimator_task,
    table,
    task_mismatch,
    validate_parameters,
)
from mooring.api.trainingjob import Estimator, Parameter
from mooring.training.estimator_table import TABLE, generate
from mooring.training.pipeline import estimator_class

ESTIMATORS = get_args(Estimator)
texts = st.one_of(
    st.integers(-3, 300).map(str),
    st.floats(-2, 2).map(lambda value: f"{value:.3f}"),
    st.sampled_from(["None", "true", "False", "inf", "nan", "1e-3", "sqrt", "balanced", "l2", "saga", "", "x" * 200]),
)


def parameters(**values: str) -> list[Parameter]:
    return [Parameter(name=name, value=value) for name, value in values.items()]


def test_the_table_is_the_one_that_this_scikit_learn_gives():
    assert TABLE.read_text() == generate(), "run: python -m mooring.training.estimator_table"


@given(st.sampled_from(ESTIMATORS), st.data(), texts)
@settings(max_examples=300, deadline=None)
def test_what_is_accepted_scikit_learn_accepts_too(estimator, data, text):
    name = data.draw(st.sampled_from(sorted(table()[estimator].parameters)))
    try:
        typed = validate_parameters(estimator, parameters(**{name: text}))
    except ParametersRefused:
        return
    chosen = estimator_class(estimator)
    validate_parameter_constraints(chosen._parameter_constraints, chosen(**typed).get_params(), estimator)


def test_scikit_learn_refuses_what_is_refused_at_the_edges():
    chosen = estimator_class("LogisticRegression")
    for value in (0.0, -1.0):
        with pytest.raises(InvalidParameterError):
            validate_parameter_constraints(chosen._parameter_constraints, chosen(C=value).get_params(), "x")
        with pytest.raises(ParametersRefused):
            validate_parameters("LogisticRegression", parameters(C=str(value)))


@pytest.mark.parametrize(
    ("estimator", "given_text", "typed"),
    [
        ("LogisticRegression", {"C": "1"}, 1.0),
        ("LogisticRegression", {"C": "inf"}, float("inf")),
        ("LogisticRegression", {"solver": "saga"}, "saga"),
        ("LogisticRegression", {"fit_intercept": "False"}, False),
        ("RandomForestClassifier", {"max_features": "1"}, 1),
        ("RandomForestClassifier", {"max_features": "1.0"}, 1.0),
        ("RandomForestClassifier", {"max_depth": "None"}, None),
        ("HistGradientBoostingClassifier", {"early_stopping": "auto"}, "auto"),
        ("HistGradientBoostingClassifier", {"early_stopping": "true"}, True),
    ],
)
def test_a_text_becomes_the_type_that_the_estimator_wants(estimator, given_text, typed):
    (found,) = validate_parameters(estimator, parameters(**given_text)).values()
    assert (found, type(found)) == (typed, type(typed))


def test_every_problem_is_listed_in_one_message():
    with pytest.raises(ParametersRefused) as raised:
        validate_parameters(
            "HistGradientBoostingClassifier",
            parameters(max_itr="5", learning_rate="-1", max_leaf_nodes="many", random_state="3", loss="hinge"),
        )
    message = str(raised.value)
    assert "no parameter max_itr; did you mean max_iter?" in message
    assert "learning_rate of HistGradientBoostingClassifier cannot be '-1': it must be a number > 0" in message
    assert (
        "max_leaf_nodes of HistGradientBoostingClassifier cannot be 'many': it must be a whole number >= 2" in message
    )
    assert "random_state cannot be set: it is run.seed" in message
    assert "one of log_loss" in message


def test_a_parameter_given_twice_is_refused():
    twice = [Parameter(name="C", value="1"), Parameter(name="C", value="2")]
    with pytest.raises(ParametersRefused, match="C is given twice"):
        validate_parameters("LogisticRegression", twice)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_mooring_decides_cannot_be_set(estimator):
    assert not set(table()[estimator].parameters) & set(MOORING_DECIDES)


def test_an_estimator_of_the_other_family_is_named_with_those_that_fit():
    assert estimator_task("Ridge") == "Regression"
    assert task_mismatch("RandomForestClassifier", "MulticlassClassification") is None
    message = task_mismatch("RandomForestClassifier", "Regression")
    assert message is not None
    assert "cannot do Regression; use one of" in message
    assert "Ridge" in message
    assert "LogisticRegression" not in message
