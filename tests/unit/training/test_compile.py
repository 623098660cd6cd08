"""Every estimator of the allow-list has a compiled form that answers as scikit-learn does, or ships none."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from mooring.api.trainingjob import DataSource
from mooring.artifact.compiled import Table
from mooring.artifact.compiled.matrix import Matrix
from mooring.artifact.compiled.table import Linear
from mooring.artifact.frame import to_frame
from mooring.artifact.predict import Answers
from mooring.training.compile import Limits, Outcome, compile_into, export
from mooring.training.compile.certify import Comparison, Differs
from mooring.training.compile.columns import read_columns
from mooring.training.compile.nodes import histogram
from mooring.training.fit import fit
from mooring.training.pipeline import LINEAR, build
from mooring.training.prepare import Prepared, prepare

LIMITS = Limits(rows=1500)
FEW = {"n_estimators": 7, "max_iter": 7}
CLASSIFIERS = (
    "LogisticRegression",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
)
REGRESSORS = (
    "LinearRegression",
    "Ridge",
    "RandomForestRegressor",
    "ExtraTreesRegressor",
    "GradientBoostingRegressor",
    "HistGradientBoostingRegressor",
)


def rows_of(columns: str, rows: int = 300) -> pd.DataFrame:
    """Rows with targets of two classes, of four, and numbers; numbers only, or mixed with categories and gaps."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"a": random.normal(0, 1, rows), "b": random.integers(0, 50, rows)})
    score = frame["a"] + frame["b"] / 25 + random.normal(0, 0.5, rows)
    if columns == "mixed":
        frame["c"] = random.random(rows) < 0.5
        frame["city"] = random.choice([f"city {index}" for index in range(12)], rows)
        frame["team"] = random.choice(["red", "blue"], rows)
        score += (frame["team"] == "red") + frame["c"]
        frame.loc[random.random(rows) < 0.1, "a"] = np.nan
        frame.loc[random.random(rows) < 0.1, "city"] = None
    frame["two"] = np.where(score > score.median(), "yes", "no")
    frame["four"] = pd.qcut(score, 4, labels=False)
    frame["number"] = np.exp(score)
    return frame


def prepared(columns: str, target: str, frame: pd.DataFrame | None = None) -> Prepared:
    frame = rows_of(columns) if frame is None else frame
    others = [name for name in ("two", "four", "number") if name != target]
    source = DataSource(uri="s3://data/rows", target=target, ignore=others)
    return prepare(pa.Table.from_pandas(frame, preserve_index=False), source, "m", [])


def fitted(estimator: str, rows: Prepared, **parameters: object) -> Pipeline:
    known = {} if estimator in LINEAR else FEW
    wanted = {name: value for name, value in known.items() if (name == "max_iter") == ("Hist" in estimator)}
    pipeline = build(estimator, wanted | parameters, rows.features, seed=0, jobs=1)
    return fit(pipeline, rows.frame[~rows.holdout], rows.target.values[~rows.holdout])[0]


def compiled(folder: Path, pipeline: Pipeline, rows: Prepared) -> Outcome:
    return compile_into(folder, pipeline, rows, rows.target.task, 0, LIMITS)


@pytest.mark.parametrize("columns", ["numbers", "mixed"])
@pytest.mark.parametrize(
    ("estimator", "target"),
    [(name, target) for name in CLASSIFIERS for target in ("two", "four")] + [(name, "number") for name in REGRESSORS],
)
def test_the_compiled_form_answers_as_scikit_learn(tmp_path: Path, estimator: str, target: str, columns: str):
    rows = prepared(columns, target)
    outcome = compiled(tmp_path, fitted(estimator, rows), rows)
    assert outcome.record is not None, outcome.said
    assert outcome.record.max_difference < 1e-13
    assert outcome.record.ties == 0
    assert outcome.record.rows >= LIMITS.rows
    assert outcome.record.format == ("Linear" if estimator in LINEAR else "Onnx")


@pytest.mark.parametrize(
    ("estimator", "target", "parameters"),
    [
        ("LogisticRegression", "two", {"solver": "liblinear"}),
        ("LinearRegression", "number", {"fit_intercept": False}),
        ("GradientBoostingClassifier", "two", {"loss": "exponential"}),
        ("GradientBoostingClassifier", "four", {"init": "zero"}),
        ("GradientBoostingRegressor", "number", {"loss": "huber"}),
        ("HistGradientBoostingRegressor", "number", {"loss": "poisson"}),
        ("HistGradientBoostingRegressor", "number", {"loss": "gamma"}),
        ("HistGradientBoostingClassifier", "two", {"min_samples_leaf": 1000}),
        ("RandomForestClassifier", "four", {"min_samples_split": 1000}),
        ("RandomForestRegressor", "number", {"criterion": "poisson"}),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else value,
)
def test_so_it_does_with_other_parameters(tmp_path: Path, estimator: str, target: str, parameters: dict[str, object]):
    rows = prepared("mixed", target)
    outcome = compiled(tmp_path, fitted(estimator, rows, **parameters), rows)
    assert outcome.record is not None, outcome.said
    assert outcome.record.max_difference < 1e-13


@pytest.mark.parametrize("estimator", ["LogisticRegression", "HistGradientBoostingClassifier"])
def test_categories_too_many_to_list_are_encoded_together(tmp_path: Path, estimator: str):
    frame = pd.concat([rows_of("mixed")] * 9, ignore_index=True)
    frame["city"] = [f"city {int(abs(value)) % 1200}" for value in np.random.default_rng(1).normal(0, 800, len(frame))]
    rows = prepared("mixed", "two", frame)
    outcome = compiled(tmp_path, fitted(estimator, rows), rows)
    assert outcome.record is not None, outcome.said


def test_the_file_of_trees_is_valid_onnx(tmp_path: Path):
    rows = prepared("mixed", "two")
    compiled(tmp_path, fitted("HistGradientBoostingClassifier", rows), rows)
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)


@pytest.mark.parametrize("estimator", ["Ridge", "GradientBoostingRegressor", "HistGradientBoostingRegressor"])
def test_the_matrix_is_the_pipelines_to_the_last_bit(estimator: str):
    rows = prepared("mixed", "number")
    pipeline = fitted(estimator, rows)
    table = Table(**vars(read_columns(pipeline)), estimator=Linear(coefficients=[], intercepts=[]), link="Identity")
    matrix = Matrix(table, [feature.name for feature in rows.features])
    numbers = st.one_of(st.just(float("nan")), st.floats(-1e30, 1e30))
    texts = st.sampled_from([None, "city 3", "red", "blue", "nowhere", ""])

    @given(st.lists(st.tuples(numbers, numbers, numbers, texts, texts), min_size=1, max_size=4))
    @settings(max_examples=60, deadline=None)
    def same(values: list[tuple[object, ...]]) -> None:
        columns = [list(column) for column in zip(*values, strict=True)]
        frame = to_frame(rows.features, dict(zip(rows.frame.columns, columns, strict=True)))
        expected = np.asarray(pipeline.named_steps["preprocess"].transform(frame))
        assert np.array_equal(matrix.encode(columns), expected, equal_nan=True)

    same()


def flipped(predictors):
    return [dataclasses.replace(tree, missing_left=~tree.missing_left) for tree in histogram(predictors)]


def nudged(predictors):
    return [
        dataclasses.replace(tree, threshold=np.nextafter(tree.threshold, -np.inf)) for tree in histogram(predictors)
    ]


@pytest.mark.parametrize("damage", [flipped, nudged])
def test_a_form_that_answers_otherwise_is_not_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage):
    rows = prepared("mixed", "number")
    monkeypatch.setattr("mooring.training.compile.estimators.histogram", damage)
    outcome = compiled(tmp_path, fitted("HistGradientBoostingRegressor", rows), rows)
    assert outcome.record is None
    assert "scikit-learn serves it: an answer differs by" in outcome.said
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_without_a_compiled_form_fails_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise ValueError("its trees split by sets of categories")

    monkeypatch.setattr(export, "compile_estimator", refuse)
    rows = prepared("numbers", "number")
    outcome = compiled(tmp_path, fitted("Ridge", rows), rows)
    assert outcome == Outcome(
        None, "no compiled form, so scikit-learn serves it: its trees split by sets of categories"
    )


def answers(*probability: float) -> Answers:
    found = np.array([[1 - p, p] for p in probability])
    return Answers(probability=found, codes=found.argmax(axis=1))


def test_another_label_counts_as_a_tie_only_between_classes_that_are_one_millionth_apart():
    comparison = Comparison("BinaryClassification")
    comparison.add(answers(0.5 + 4e-7, 0.9), answers(0.5 - 4e-7, 0.9))
    assert (comparison.rows, comparison.ties) == (2, 1)
    with pytest.raises(Differs, match="1 of 2 labels differ"):
        comparison.add(answers(0.5 + 6e-7, 0.9), answers(0.5 - 6e-7, 0.9))


@pytest.mark.parametrize("wrong", [1.0 + 3e-5, np.nan, np.inf])
def test_a_number_that_is_off_is_a_difference(wrong: float):
    with pytest.raises(Differs):
        Comparison("Regression").add(Answers(prediction=np.ones(1)), Answers(prediction=np.array([wrong])))
