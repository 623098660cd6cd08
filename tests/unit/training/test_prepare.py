import datetime

import numpy as np
import pyarrow as pa
import pytest

from mooring.api.trainingjob import DataSource
from mooring.training.failure import RunFailed
from mooring.training.prepare import Prepared, prepare
from mooring.training.target import infer_task

ROWS = 200
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=ROWS)
TWO = [0, 1] * (ROWS // 2)


def prepared(columns: dict[str, object], **fields: object) -> Prepared:
    source = DataSource.model_validate({"uri": "s3://b/x", "target": "y", **fields})
    return prepare(pa.table({"x": NUMBERS, **columns}), source, "income", [])


def failure(columns: dict[str, object], **fields: object):
    with pytest.raises(RunFailed) as raised:
        prepared(columns, **fields)
    return raised.value.failure


def column(value: object) -> list[object]:
    return [value] * ROWS


def test_columns_become_features_by_their_types():
    words = ["b", "a", None, "c"] * (ROWS // 4)
    found = prepared(
        {
            "int": list(range(ROWS)),
            "gap": [None, *range(ROWS - 1)],
            "nan": [float("nan"), *range(ROWS - 1)],
            "bool": [True, False] * (ROWS // 2),
            "word": words,
            "category": pa.array(words).dictionary_encode(),
            "decimal": pa.array(range(ROWS)).cast(pa.decimal128(21, 2)),
            "y": TWO,
        }
    )
    assert [(f.name, f.datatype, f.nullable, f.categories) for f in found.features] == [
        ("x", "FP64", False, None),
        ("int", "INT64", False, None),
        ("gap", "INT64", True, None),
        ("nan", "FP64", True, None),
        ("bool", "BOOL", False, None),
        ("word", "BYTES", True, ["a", "b", "c"]),
        ("category", "BYTES", True, ["a", "b", "c"]),
        ("decimal", "FP64", False, None),
    ]
    assert found.frame["bool"].tolist()[:2] == [1.0, 0.0]
    assert found.frame["word"].tolist()[:4] == ["b", "a", None, "c"]
    assert {str(kind) for kind in found.frame.dtypes} == {"float64", "object"}


def test_too_many_categories_are_not_listed():
    words = [f"w{k}" for k in range(1200)]
    source = DataSource.model_validate({"uri": "s3://b/x", "target": "y"})
    found = prepare(pa.table({"id": words, "y": [0, 1] * 600}), source, "m", [])
    assert found.features[0].categories is None


def test_target_time_group_and_ignored_columns_are_no_features():
    found = prepared(
        {"t": list(range(ROWS)), "g": list(range(ROWS)), "z": TWO, "y": TWO},
        time_column="t",
        group_column="g",
        ignore=["z"],
    )
    assert [feature.name for feature in found.features] == ["x"]


def test_rows_without_a_target_are_left_out_and_counted():
    found = prepared({"y": [None, 0, 1, 1] * (ROWS // 4)})
    assert (found.dropped, len(found.frame), found.target.datatype) == (ROWS // 4, ROWS * 3 // 4, "INT64")


def test_a_target_that_one_gap_turned_into_floats_is_still_whole_numbers():
    found = prepared({"y": pa.array([float("nan"), *map(float, TWO[1:])])})
    assert (found.target.datatype, found.target.classes) == ("INT64", [0, 1])


@pytest.mark.parametrize(
    ("datatype", "values", "task"),
    [
        ("INT64", [0, 1], "BinaryClassification"),
        ("BYTES", ["no", "yes"], "BinaryClassification"),
        ("BOOL", [False, True], "BinaryClassification"),
        ("INT64", list(range(20)), "MulticlassClassification"),
        ("BYTES", [str(k) for k in range(100)], "MulticlassClassification"),
        ("INT64", list(range(21)), "Regression"),
        ("FP64", [0.5, 1.5, 2.5], "Regression"),
    ],
)
def test_the_task_follows_from_the_target(datatype, values, task):
    assert infer_task(datatype, values, "y") == task


def test_the_greater_class_is_positive_unless_the_recipe_names_the_other():
    assert prepared({"y": ["no", "yes"] * (ROWS // 2)}).target.positive == 1
    assert prepared({"y": ["no", "yes"] * (ROWS // 2)}, positive_label="no").target.positive == 0
    assert prepared({"y": [False, True] * (ROWS // 2)}, positive_label="false").target.positive == 0


GOOD = {"y": TWO}
STAMPS = [datetime.datetime(2024, 1, 1)] * ROWS


@pytest.mark.parametrize(
    ("columns", "fields", "reason", "sentence"),
    [
        ({"Y": TWO}, {}, "TargetMissing", "no target column 'y'; did you mean 'Y'?"),
        ({"y": column(None)}, {}, "TargetAllNull", "has no value in any row"),
        ({"y": column(1)}, {}, "OneClass", "is 1 in every row: nothing to learn"),
        ({"y": [1, *column(None)[1:]]}, {}, "TooFewRows", "1 rows have a target, at least 50 are needed"),
        ({"y": list(NUMBERS)}, {"task": "BinaryClassification"}, "TaskMismatch", "holds fractions"),
        ({"y": ["a", "b"] * (ROWS // 2)}, {"task": "Regression"}, "TaskMismatch", "is text, which a Regression"),
        ({"y": [0, 1, 2, 3] * (ROWS // 4)}, {"task": "BinaryClassification"}, "TaskMismatch", "has 4 values"),
        ({"y": [f"id{k}" for k in range(ROWS)]}, {}, "TooManyClasses", "200 different texts"),
        ({"y": STAMPS}, {}, "TargetTypeUnsupported", "is of type timestamp"),
        ({"y": [float("inf"), *NUMBERS[1:]]}, {}, "TargetInfinite", "infinite"),
        (GOOD | {"n": column(None)}, {}, "ColumnAllNull", "column 'n' has no value in any row; fill it or add it to"),
        (GOOD | {"n": column(float("nan"))}, {}, "ColumnAllNull", "'n'"),
        (GOOD | {"n": [float("inf"), *NUMBERS[1:]]}, {}, "ColumnInfinite", "column 'n' holds infinite numbers"),
        (GOOD | {"n": STAMPS}, {}, "ColumnTypeUnsupported", "convert it or add it to data.ignore"),
        (GOOD | {"n": column([1, 2])}, {}, "ColumnTypeUnsupported", "column 'n' is of type list"),
        (GOOD | {"n": column({"a": 1})}, {}, "ColumnTypeUnsupported", "struct"),
        (GOOD | {"n" * 200: TWO}, {}, "ColumnName", "has a name of 200 characters"),
        (GOOD, {"ignore": ["xx"]}, "ColumnNotFound", "data.ignore names 'xx', which is no column; did you mean 'x'?"),
        (GOOD, {"time_column": "day"}, "ColumnNotFound", "data.timeColumn names 'day'"),
        (GOOD, {"group_column": "who"}, "ColumnNotFound", "the columns are 'x', 'y'"),
        (GOOD, {"ignore": ["y"]}, "TargetNamedTwice", "remove it there"),
        (GOOD, {"ignore": ["x"]}, "NoFeatures", "no column is left"),
        (GOOD, {"positive_label": "yes"}, "PositiveLabel", "'yes' does not occur: the target is '0', '1'"),
    ],
)
def test_what_cannot_be_learned_from_is_an_answer_that_names_the_column(columns, fields, reason, sentence):
    found = failure(columns, **fields)
    assert (found.reason, found.class_ in ("Data", "User")) == (reason, True)
    assert sentence in found.message


def test_a_class_that_only_the_held_out_rows_have_is_too_rare():
    days = list(range(ROWS))
    assert "class 'rare'" in failure({"y": [*["a", "b"] * 99, "a", "rare"], "day": days}, time_column="day").message


def test_every_bad_column_is_in_one_report():
    found = failure(GOOD | {"n": column(None), "m": STAMPS, "k": column([1])})
    assert all(f"'{name}'" in found.message for name in "nmk")
