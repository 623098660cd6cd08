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
