"""Which resources an event concerns."""

from __future__ import annotations

from mooring.control.cache import ObjectCache
from mooring.control.keys import keys_of
from mooring.reconcile.plan import Key
from tests.unit.control.objects import labels, seen


def test_a_resource_concerns_itself() -> None:
    keys = keys_of("TrainingJob", seen("income"), ObjectCache())
    assert keys == {Key("TrainingJob", "space", "income")}


def test_a_child_concerns_its_owner_by_labels() -> None:
    pod = seen("income-7f-x", labels=labels("income", "ModelDeployment"))
    assert keys_of("Pod", pod, ObjectCache()) == {Key("ModelDeployment", "space", "income")}


def test_a_resource_concerns_every_other_of_its_model() -> None:
    cache = ObjectCache()
    cache.observe("ModelDeployment", seen("web", spec={"model": "income"}))
    cache.observe("ModelDeployment", seen("other", spec={"model": "churn"}))
    cache.observe("TrainingJob", seen("income", spec={}))
    cache.observe("TrainingJob", seen("nightly", spec={"model": "income"}))
    cache.observe("ModelVersion", seen("income-v1", spec={"model": "income"}))
    keys = keys_of("ModelVersion", seen("income-v1", spec={"model": "income"}), cache)
    assert keys == {
        Key("ModelVersion", "space", "income-v1"),
        Key("ModelDeployment", "space", "web"),
        Key("TrainingJob", "space", "income"),
        Key("TrainingJob", "space", "nightly"),
    }
    assert keys_of("ModelDeployment", seen("web", spec={"model": "income"}), cache) == keys
    assert keys_of("TrainingJob", seen("income", spec={}), cache) == keys


def test_labels_that_name_no_resource_concern_nobody() -> None:
    assert keys_of("Pod", seen("a", labels=labels("x", "Deployment")), ObjectCache()) == frozenset()
    assert keys_of("Pod", seen("a", labels={}), ObjectCache()) == frozenset()
    assert keys_of("Pod", seen("a", labels=None), ObjectCache()) == frozenset()


def test_a_policy_concerns_what_it_names_and_the_other_policies_of_it() -> None:
    cache = ObjectCache()
    spec = {"deployment": "web", "retrain": {"trainingJob": "nightly"}}
    cache.observe("DriftPolicy", seen("first", spec=spec))
    cache.observe("DriftPolicy", seen("second", spec={"deployment": "web"}))
    cache.observe("DriftPolicy", seen("elsewhere", spec={"deployment": "shop"}))
    assert keys_of("DriftPolicy", seen("first", spec=spec), cache) == {
        Key("DriftPolicy", "space", "first"),
        Key("DriftPolicy", "space", "second"),
        Key("ModelDeployment", "space", "web"),
        Key("TrainingJob", "space", "nightly"),
    }


def test_what_a_policy_names_and_its_versions_concern_the_policy() -> None:
    cache = ObjectCache()
    policy = Key("DriftPolicy", "space", "income")
    first = seen("income", spec={"deployment": "web", "retrain": {"trainingJob": "nightly"}}, uid="policy")
    cache.observe("DriftPolicy", first)
    cache.observe("ModelDeployment", seen("web", spec={"model": "income"}))
    assert policy in keys_of("ModelDeployment", seen("web", spec={"model": "income"}), cache)
    assert policy in keys_of("TrainingJob", seen("nightly", spec={"model": "other"}), cache)
    assert policy in keys_of("ModelVersion", seen("income-v1", spec={"model": "income"}), cache)
    assert policy not in keys_of("ModelVersion", seen("other-v1", spec={"model": "other"}), cache)
    cache.forget("DriftPolicy", first)
    assert policy not in keys_of("ModelDeployment", seen("web", spec={"model": "income"}), cache)
