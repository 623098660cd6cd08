from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.apiserver import Answer, Server
from tests.rules.objects import REMOVED, changed, sample

Create = Callable[[str, dict[str, Any]], Answer]

GOOD = {
    "the longest name": {"metadata.name": "a" * 42},
    "whole cpus as a number": {"spec.run.resources": {"requests": {"cpu": 1}}},
    "parts of a cpu": {"spec.run.resources": {"requests": {"cpu": "500m"}}},
    "Google's store": {"spec.data.uri": "gs://bucket/rows.parquet"},
    "Azure's store": {"spec.data.uri": "az://container"},
    "one bound": {"spec.evaluation": {"gates": [{"metric": "rmse", "max": "12.5"}]}},
    "slices": {"spec.evaluation": {"slices": [{"column": "SEX"}, {"column": "RAC1P", "minRows": 50}]}},
    "a sample": {"spec.evaluation": {"sampleRows": 20000}},
    "no seed but zero": {"spec.run": {"seed": 0}},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_these_are_accepted(create: Create, changes: dict[str, Any]) -> None:
    assert create("trainingjob-minimal", changes).message == ""


NAME = "use at most 42 lowercase letters, digits and '-', starting with a letter and not ending with '-'"
URI = "write s3://BUCKET/PATH, gs://BUCKET/PATH or az://CONTAINER/PATH"
QUANTITY = 'write a quantity, for example "500m" or 2 for cpu, 512Mi or 2Gi for memory'
NUMBER = 'write a decimal number as a string, for example "0.80"'
SECRET = "write the name of an object of this namespace"

BAD = {
    "a name of 43 letters": ({"metadata.name": "a" * 43}, f"metadata.name: {NAME}"),
    "a name with a dot": ({"metadata.name": "in.come"}, f"metadata.name: {NAME}"),
    "a name that starts with a digit": ({"metadata.name": "1st"}, f"metadata.name: {NAME}"),
    "a model in capitals": ({"spec.model": "Income"}, f'spec.model: Invalid value: "Income": {NAME}'),
    "no target": ({"spec.data.target": REMOVED}, "spec.data.target: Required value"),
    "no data": ({"spec.data": REMOVED}, "spec.data: Required value"),
    "no trainer": ({"spec.trainer": {}}, "spec.trainer.sklearn: Required value"),
    "an unknown estimator": (
        {"spec.trainer.sklearn.estimator": "os.system"},
        'Unsupported value: "os.system": supported values: "LogisticRegression"',
    ),
    "a parameter that is a number": (
        {"spec.trainer.sklearn.parameters": [{"name": "max_iter", "value": 200}]},
        'parameters[0].value in body must be of type string: "integer"',
    ),
    "a parameter twice": (
        {"spec.trainer.sklearn.parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]},
        'parameters[1]: Duplicate value: {"name":"a"}',
    ),
    "a gate that is a float": (
        {"spec.evaluation": {"gates": [{"metric": "roc_auc", "min": 0.8}]}},
        'gates[0].min in body must be of type string: "number"',
    ),
    "a gate that is a word": ({"spec.evaluation": {"gates": [{"metric": "roc_auc", "min": "high"}]}}, NUMBER),
    "a gate that is not a number": ({"spec.evaluation": {"gates": [{"metric": "roc_auc", "min": "NaN"}]}}, NUMBER),
    "a gate without bounds": (
        {"spec.evaluation": {"gates": [{"metric": "roc_auc"}]}},
        'a gate needs `min`, `max` or both, for example {metric: roc_auc, min: "0.80"}',
    ),
    "an unknown metric": (
        {"spec.evaluation": {"gates": [{"metric": "auc", "min": "0.8"}]}},
        'Unsupported value: "auc": supported values: "accuracy"',
    ),
    "too many gates": (
        {"spec.evaluation": {"gates": [{"metric": "roc_auc", "min": "0.8"}] * 17}},
        "spec.evaluation.gates: Too many: 17: must have at most 16 items",
    ),
    "a slice twice": (
        {"spec.evaluation": {"slices": [{"column": "SEX"}, {"column": "SEX", "minRows": 100}]}},
        'spec.evaluation.slices[1]: Duplicate value: {"column":"SEX"}',
    ),
    "slices of hardly any rows": (
        {"spec.evaluation": {"slices": [{"column": "SEX", "minRows": 49}]}},
        "spec.evaluation.slices[0].minRows in body should be greater than or equal to 50",
    ),
    "too many slices": (
        {"spec.evaluation": {"slices": [{"column": name} for name in "abcde"]}},
        "spec.evaluation.slices: Too many: 5: must have at most 4 items",
    ),
    "all rows as a sample": (
        {"spec.evaluation": {"sampleRows": 20001}},
        "spec.evaluation.sampleRows in body should be less than or equal to 20000",
    ),
    "too many ignored columns": ({"spec.data.ignore": ["x"] * 257}, "must have at most 256 items"),
    "an empty column name": ({"spec.data.ignore": [""]}, "spec.data.ignore[0] in body should be at least 1 chars long"),
    "rows over plain HTTP": (
        {"spec.data.uri": "http://host/rows"},
        f'spec.data.uri: Invalid value: "http://host/rows": {URI}',
    ),
    "rows on the node": ({"spec.data.uri": "file:///etc/passwd"}, URI),
    "a query in the address": ({"spec.data.uri": "s3://bucket/rows?versionId=1"}, URI),
    "no bucket": ({"spec.output.uri": "s3:///models"}, URI),
    "a Secret of another namespace": ({"spec.data.secretName": "other/secret"}, SECRET),
    "lots of cpu": ({"spec.run.resources": {"requests": {"cpu": "lots"}}}, QUANTITY),
    "less than no memory": ({"spec.run.resources": {"limits": {"memory": -1}}}, QUANTITY),
    "half a cpu as a float": (
        {"spec.run.resources": {"limits": {"cpu": 0.5}}},
        "cpu in body must be of type integer,string",
    ),
    "a negative seed": ({"spec.run.seed": -1}, "spec.run.seed in body should be greater than or equal to 0"),
    "nothing held out": ({"spec.data.holdoutPerMille": 0}, "should be greater than or equal to 50"),
    "an unknown field": ({"spec.data.tagret": "employed"}, 'unknown field "spec.data.tagret"'),
    "an unknown format": ({"spec.data.format": "Excel"}, 'supported values: "Parquet", "CSV"'),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_these_are_refused_with_a_sentence(create: Create, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in create("trainingjob-minimal", changes).message


def test_the_model_is_immutable(server: Server, namespace: str) -> None:
    recipe = changed(sample("trainingjob-full", namespace), {"metadata.name": "immutable", "spec.run.seed": 1})
    assert server.for_real().create(recipe).message == ""
    assert server.merge(recipe, {"spec": {"run": {"seed": 2}}}).message == ""
    sentence = "model is immutable: versions belong to it; create another TrainingJob for another model"
    assert sentence in server.merge(recipe, {"spec": {"model": "another"}}).message
    assert sentence in server.merge(recipe, {"spec": {"model": None}}).message
